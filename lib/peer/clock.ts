import { performance } from 'node:perf_hooks';

/** The two clocks of a process. Liveness is judged by `monotonic`; `wall` only stamps transactions (S30). */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wall(): number;
}

/** The machine's. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};
