import { type ErrorCode, QuorateError } from '../base/errors.ts';
import { TIMER_MAX } from '../base/timer.ts';
import { offAbort, onAbort } from './abort.ts';
import { aborted, checkCall, type StopOptions, throwIfAborted } from './wait.ts';

/**
 * When to try again: given how many attempts have failed, from 1, and the ms since the first began, it
 * says how many ms to wait before the next, or `undefined` to give up. Curator's policies are such
 * functions: {@link exponentialBackoff}, {@link times}, {@link untilElapsed}.
 */
export type RetryPolicy = (attempt: number, elapsed: number) => number | undefined;

/** What may pass by itself. Anything else fails again in the same way. */
const PASSING: readonly ErrorCode[] = [
  'TIMED_OUT',
  'OVERLOADED',
  'SESSION_EXPIRED',
  'SESSION_MOVED',
];

const CONTEXT = { what: 'retry', path: undefined };

/**
 * Does the work, and again as long as the policy says so: reads, and writes that were certainly not
 * applied (`error.outcome`), when they failed by TIMED_OUT, OVERLOADED, SESSION_EXPIRED or
 * SESSION_MOVED. A write whose outcome is unknown is never repeated. What is not repeated is thrown as
 * it is.
 *
 * ```ts
 * import { exponentialBackoff, openPeer, type RetryPolicy, retry, times, untilElapsed } from 'quorate';
 *
 * const peer = await openPeer();
 * await retry(exponentialBackoff({ base: 50, times: 5 }), () => peer.ensurePath('/orders'));
 * await retry(times(3, 100), () => peer.get('/orders'));
 *
 * // A policy is a function: half a minute, but five times at most.
 * const halfAMinute = untilElapsed(30_000, 1_000);
 * const both: RetryPolicy = (attempt, elapsed) => (attempt > 5 ? undefined : halfAMinute(attempt, elapsed));
 * await retry(both, () => peer.sync());
 * await peer.close();
 * ```
 *
 * @throws {QuorateError} ABORTED: the signal; work that has begun is not cut short by it
 */
export async function retry<R>(
  policy: RetryPolicy,
  work: () => Promise<R>,
  options?: StopOptions,
): Promise<R> {
  checkCall('retry', options, ['signal']);
  if (typeof policy !== 'function' || typeof work !== 'function') {
    throw new TypeError('retry: policy and work are functions');
  }
  const begun = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    throwIfAborted(options, CONTEXT);
    try {
      return await work();
    } catch (error) {
      if (!QuorateError.is(error, ...PASSING) || error.outcome !== 'not-applied') throw error;
      const wait = policy(attempt, performance.now() - begun);
      if (wait === undefined) throw error;
      await pause(requireDuration('the wait of a retry policy', wait), options?.signal);
    }
  }
}

/** Keeps the process alive: somebody waits. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      if (signal !== undefined) reject(aborted(signal, CONTEXT));
    };
    const timer = setTimeout(
      () => {
        if (signal !== undefined) offAbort(signal, end);
        resolve();
      },
      Math.min(milliseconds, TIMER_MAX),
    );
    if (signal?.aborted === true) end();
    else if (signal !== undefined) onAbort(signal, end);
  });
}

function requireDuration(what: string, value: number): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number of milliseconds`);
  if (!(value >= 0)) throw new RangeError(`${what} must not be negative`);
  return value;
}

function requireCount(what: string, value: number): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number`);
  if (!(value >= 0)) throw new RangeError(`${what} must not be negative`);
  return value;
}

/**
 * Waits a random time of up to `base` ms after the first failure, twice that after the second, and so on,
 * never longer than `max`: whoever failed together does not come back together.
 */
export function exponentialBackoff(
  options: {
    /** Ms. @default 100 */
    readonly base?: number;
    /** Ms. @default 10_000 */
    readonly max?: number;
    /** How often to try again. @default 10 */
    readonly times?: number;
  } = {},
): RetryPolicy {
  checkCall('exponentialBackoff', options, ['base', 'max', 'times'], ['base', 'max', 'times']);
  const base = requireDuration('base', options.base ?? 100);
  const max = requireDuration('max', options.max ?? 10_000);
  const count = requireCount('times', options.times ?? 10);
  return (attempt) => {
    if (attempt > count) return undefined;
    return Math.random() * Math.min(max, base * 2 ** (attempt - 1));
  };
}

/** Tries again so many times, with the same pause in ms before each. */
export function times(count: number, pause: number): RetryPolicy {
  requireCount('count', count);
  requireDuration('pause', pause);
  return (attempt) => (attempt > count ? undefined : pause);
}

/** Tries again until so many ms have gone by since the first attempt began, with the same pause before each. */
export function untilElapsed(total: number, pause: number): RetryPolicy {
  requireDuration('total', total);
  requireDuration('pause', pause);
  return (_attempt, elapsed) => (elapsed >= total ? undefined : pause);
}
