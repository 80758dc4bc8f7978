import { type Outcome, QuorateError } from '../base/errors.ts';
import { TIMER_MAX } from '../base/timer.ts';
import { offAbort, onAbort } from './abort.ts';

/** Gives something up. */
export interface StopOptions {
  /** Its reason is the `cause` of the error: ABORTED, of name `AbortError`. A write may be applied all the same. */
  readonly signal?: AbortSignal;
}

/** How long to wait; never how long to hold. */
export interface WaitOptions extends StopOptions {
  /** Ms, 0 or more. @default requestTimeout of the peer */
  readonly timeout?: number;
}

/** What is known of the write that a wait stands for. */
export interface Fate {
  readonly outcome: Outcome;
  readonly settled: Promise<Outcome>;
}

/** Of reads, and of writes that were never sent. */
export const NOT_APPLIED: Fate = {
  outcome: 'not-applied',
  settled: Promise.resolve('not-applied'),
};

/** What a wait is for, for the text of its error. */
export interface WaitContext {
  /** Such as `set /a`. */
  readonly what: string;
  readonly path: string | undefined;
  /** Why it takes so long, where that is known. */
  readonly reason?: () => string | undefined;
}

/** The error of a wait that was cut short, once it is known what became of the write. */
export type CutShort = (fate: Fate) => QuorateError;

/** A wait that can be cut short. */
export interface Cuttable extends WaitContext {
  /** Its signal has aborted or its time is over. Called once at most. */
  cutShort(error: CutShort): void;
}

/**
 * Watches over one wait, until it is disposed. Its timer never keeps the process alive: an open peer
 * does.
 */
export class Deadline {
  readonly #wait: Cuttable;
  readonly #limit: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  /** @param timeout ms, unless the options name another; Infinity: without end */
  constructor(options: WaitOptions | undefined, timeout: number, wait: Cuttable) {
    this.#wait = wait;
    this.#limit = options?.timeout ?? timeout;
    if (this.#limit !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(Deadline.#expire, Math.min(this.#limit, TIMER_MAX), this).unref();
    }
    const signal = options?.signal;
    if (signal !== undefined) this.#listen(signal);
  }

  static #expire(deadline: Deadline): void {
    const wait = deadline.#wait;
    deadline.dispose();
    wait.cutShort((fate) => timedOut(deadline.#limit, wait, fate));
  }

  #listen(signal: AbortSignal): void {
    this.#signal = signal;
    this.#onAbort = () => {
      this.dispose();
      this.#wait.cutShort((fate) => aborted(signal, this.#wait, fate));
    };
    onAbort(signal, this.#onAbort);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    if (this.#signal === undefined || this.#onAbort === undefined) return;
    offAbort(this.#signal, this.#onAbort);
    this.#onAbort = undefined;
  }
}

/** The error of a signal, as in Node's core: name AbortError, the reason as its cause. */
export function aborted(
  signal: AbortSignal,
  context: WaitContext,
  fate: Fate = NOT_APPLIED,
): QuorateError {
  return QuorateError.make('ABORTED', `${context.what} was aborted`, {
    path: context.path,
    cause: signal.reason,
    ...fate,
  });
}

function timedOut(limit: number, context: WaitContext, fate: Fate): QuorateError {
  const reason = context.reason?.();
  const because = reason === undefined ? '' : `: ${reason}`;
  return QuorateError.make(
    'TIMED_OUT',
    `${context.what} timed out after ${Math.round(limit)} ms${because}`,
    {
      path: context.path,
      ...fate,
    },
  );
}

/** Refuses to begin what its signal has given up already. */
export function throwIfAborted(options: WaitOptions | undefined, context: WaitContext): void {
  if (options?.signal?.aborted === true) throw aborted(options.signal, context);
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
function checkTimeout(what: string, timeout: unknown): void {
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    throw new TypeError(`${what}: timeout must be a number of milliseconds`);
  }
  if (timeout < 0) throw new RangeError(`${what}: timeout must not be negative`);
}
