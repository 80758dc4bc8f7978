import { TIMER_MAX } from '../base/timer.ts';
import { abortWith, offAbort, onAbort } from '../client/abort.ts';
import type { WaitOptions } from '../client/wait.ts';

/** Before something that the group was too busy for is asked again, ms. */
export const BUSY_PAUSE = 100;

/** One wait of many steps: they share one time and one signal. */
export class Patience {
  /** Ms, as it was given. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly #end: number;

  /** @param fallback ms, where the options name none; undefined: each step takes the client's own */
  constructor(options: WaitOptions | undefined, fallback?: number) {
    this.timeout = options?.timeout ?? fallback;
    this.signal = options?.signal;
    this.#end = performance.now() + (this.timeout ?? 0);
  }

  /** What the next step may take. */
  get left(): WaitOptions {
    const { signal, timeout } = this;
    return {
      ...(signal === undefined ? {} : { signal }),
      ...(timeout === undefined ? {} : { timeout: Math.max(0, this.#end - performance.now()) }),
    };
  }
}

/**
 * Waits, 24 days at most, and not at all for less than nothing; whoever waits is not what keeps the process alive.
 * Ends early with the signal, and never rejects.
 */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      if (signal !== undefined) offAbort(signal, end);
      resolve();
    };
    // Node warns on stderr of a time that no timer can hold.
    const timer = setTimeout(end, Math.max(0, Math.min(milliseconds, TIMER_MAX))).unref();
    if (signal?.aborted === true) end();
    else if (signal !== undefined) onAbort(signal, end);
  });
}

/** The first of several waits that is over; the others are given up. */
export async function firstOf(
  wait: Patience,
  waits: readonly ((wait: Patience) => Promise<void>)[],
): Promise<void> {
  const over = new AbortController();
  abortWith(over, wait.signal);
  const left = new Patience({ ...wait.left, signal: over.signal });
  try {
    await Promise.race(waits.map((one) => one(left)));
  } finally {
    over.abort();
  }
}
