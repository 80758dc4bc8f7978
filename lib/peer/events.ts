import { QuorateError } from '../base/errors.ts';
import { isThenable } from '../base/thenable.ts';

type Listener<A extends readonly unknown[]> = (...args: A) => void;

interface Registration<A extends readonly unknown[]> {
  readonly listener: Listener<A>;
  readonly once: boolean;
}

type Registrations<M> = { [E in keyof M]?: readonly Registration<M[E] & readonly unknown[]>[] };

/**
 * Typed events that never throw at the one who emits. What a listener throws goes to the sink, and so
 * does what nobody listens to but must not be lost; the sink is the `error` event or the logger.
 */
export class Events<M extends { [E in keyof M]: readonly unknown[] }> {
  #registrations: Registrations<M> = {};
  readonly #sink: (error: unknown) => void;

  constructor(sink: (error: unknown) => void) {
    this.#sink = sink;
  }

  /** Registering one function twice calls it twice, as in Node. */
  on<E extends keyof M>(event: E, listener: Listener<M[E]>, once = false): void {
    if (typeof listener !== 'function') throw new TypeError('a listener must be a function');
    this.#registrations[event] = [...(this.#registrations[event] ?? []), { listener, once }];
  }

  /** Takes back the latest registration of that function, if there is one. */
  off<E extends keyof M>(event: E, listener: Listener<M[E]>): void {
    const present = this.#registrations[event] ?? [];
    const at = present.findLastIndex((registration) => registration.listener === listener);
    if (at >= 0) this.#registrations[event] = present.filter((_, index) => index !== at);
  }

  /** Calls every listener; true if there was one. */
  emit<E extends keyof M>(event: E, ...args: M[E]): boolean {
    const present = this.#registrations[event] ?? [];
    for (const registration of present) {
      if (registration.once) this.off(event, registration.listener);
      runSafely(() => registration.listener(...args), this.#sink);
    }
    return present.length > 0;
  }

  /** Forgets every listener. */
  clear(): void {
    this.#registrations = {};
  }
}

/** Runs a function of the application; what it throws, now or as a rejected promise, goes to the sink. */
function runSafely(work: () => unknown, sink: (error: unknown) => void): void {
  try {
    const result = work();
    if (isThenable(result)) void Promise.resolve(result).then(undefined, sink);
  } catch (error) {
    sink(error);
  }
}

/** One line about anything that was thrown, be it no error at all or one that cannot be told. */
export function messageOf(error: unknown): string {
  try {
    if (QuorateError.is(error)) return `${error.code}: ${error.message}`;
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'something without a text was thrown';
  }
}
