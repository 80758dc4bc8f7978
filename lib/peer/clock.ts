import { performance } from 'node:perf_hooks';

/** Work that is due later, unless it is taken back. */
export interface Scheduled {
  cancel(): void;
}

/**
 * Time as a process has it. Liveness is judged by `monotonic`; `wall` only stamps transactions (S30)
 * and tells that the machine slept.
 */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wall(): number;
  /** As soon as what has arrived by now was read. */
  soon(work: () => void): Scheduled;
  /** After so many milliseconds, or later. Keeps the process alive. */
  after(milliseconds: number, work: () => void): Scheduled;
}

/** The machine's. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  soon: (work) => {
    const immediate = setImmediate(work);
    return { cancel: () => clearImmediate(immediate) };
  },
  after: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};
