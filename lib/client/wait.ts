import { type Outcome, QuorateError } from '../base/errors.ts';

/** Gives something up. */
export interface StopOptions {
  readonly signal?: AbortSignal;
}

/** How long to wait; never how long to hold. */
export interface WaitOptions extends StopOptions {
  /** Ms, 0 or more. @default requestTimeout of the peer */
  readonly timeout?: number;
}

const TIMER_MAX = 2_147_483_647;

/** What a wait that was cut short says: what it was for, and what is known of the write it stands for. */
export interface WaitContext {
  /** Such as `set /a`. */
  readonly what: string;
  readonly path: string | undefined;
  /** For TIMED_OUT: why it took so long, if that is known. */
  readonly reason?: () => string | undefined;
  readonly fate?: () => { readonly outcome: Outcome; readonly settled: Promise<Outcome> };
}

/**
 * Watches over one wait: calls `cut` once with ABORTED or TIMED_OUT, unless it is disposed before.
 * Its timer never keeps the process alive: an open peer does.
 */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  constructor(
    options: WaitOptions | undefined,
    timeout: number,
    context: WaitContext,
    cut: (error: QuorateError) => void,
  ) {
    const limit = options?.timeout ?? timeout;
    const signal = options?.signal;
    if (limit !== Number.POSITIVE_INFINITY) {
      const onTime = () => {
        this.dispose();
        cut(timedOut(limit, context));
      };
      this.#timer = setTimeout(onTime, Math.min(limit, TIMER_MAX)).unref();
    }
    if (signal !== undefined) {
      this.#signal = signal;
      this.#onAbort = () => {
        this.dispose();
        cut(aborted(signal, context));
      };
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort = undefined;
  }
}

/** The error of a signal, as in Node's core: name AbortError, the reason as its cause. */
export function aborted(signal: AbortSignal, context: WaitContext): QuorateError {
  return QuorateError.make('ABORTED', `${context.what} was aborted`, {
    path: context.path,
    cause: signal.reason,
    ...(context.fate?.() ?? { outcome: 'not-applied' as const }),
  });
}

function timedOut(limit: number, context: WaitContext): QuorateError {
  const reason = context.reason?.();
  const because = reason === undefined ? '' : `: ${reason}`;
  return QuorateError.make('TIMED_OUT', `${context.what} timed out after ${limit} ms${because}`, {
    path: context.path,
    ...(context.fate?.() ?? { outcome: 'not-applied' as const }),
  });
}

/** The names that every wait knows. */
export const WAIT_OPTIONS = ['signal', 'timeout'] as const;

/**
 * Checks the options object of a call: it costs nothing when there is none.
 * @throws {TypeError} an unknown option, one that is `undefined` where that is weaker than leaving it
 * out would look, or a value of the wrong kind
 */
export function checkCall(
  what: string,
  options: object | undefined,
  known: readonly string[],
  neverUndefined: readonly string[] = [],
): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what}: options must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`${what}: unknown option '${name}'; known are ${known.join(', ')}`);
    }
    if (value === undefined && neverUndefined.includes(name)) {
      throw new TypeError(`${what}: ${name} is undefined; leave it out if that is what you mean`);
    }
  }
  if (
    'signal' in options &&
    options.signal !== undefined &&
    !(options.signal instanceof AbortSignal)
  ) {
    throw new TypeError(`${what}: signal must be an AbortSignal`);
  }
  if ('timeout' in options && options.timeout !== undefined) checkTimeout(what, options.timeout);
}

/** A duration that a wait may be given. Infinity is a wait without end. */
export function checkTimeout(what: string, timeout: unknown): void {
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    throw new TypeError(`${what}: timeout must be a number of milliseconds`);
  }
  if (timeout < 0) throw new RangeError(`${what}: timeout must not be negative`);
}
