/**
 * Node has one pool of a few threads for the disk, `dns.lookup`, `zlib` and `crypto`. While the application
 * keeps all of them busy a synced write waits in line, and so does the group: nothing is wrong with the
 * disk then, and nobody could tell. So something that takes no time is asked of the pool now and then.
 */
import { randomFill } from 'node:crypto';
import type { Clock, Scheduled } from './clock.ts';

/** Work of no length in the pool; calls back when it is done. */
export type Probe = (done: () => void) => void;

/** Ms between two looks. */
const LOOK = 250;
/** What counts of the time between two looks: what is beyond, the event loop was blocked. */
const COUNTED = 2 * LOOK;
/** Looks after a probe has come back until the next is sent. */
const REST = 4;

const randomByte: Probe = (done) => {
  randomFill(new Uint8Array(1), () => done());
};

export class PoolWatch {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #busy: (ms: number) => void;
  readonly #probe: Probe;
  #timer: Scheduled | undefined;
  #lookedAt = 0;
  /** Ms in which the probe has waited while the event loop went round; undefined: none is under way. */
  #waited: number | undefined;
  /** It was told of the probe that is under way. */
  #isTold = false;
  #rest = 0;

  /** @param busy told once of each probe that waits for `threshold` ms, with how long it has waited by then. */
  constructor(
    clock: Clock,
    threshold: number,
    busy: (ms: number) => void,
    probe: Probe = randomByte,
  ) {
    this.#clock = clock;
    this.#threshold = threshold;
    this.#busy = busy;
    this.#probe = probe;
  }

  start(): void {
    this.#lookedAt = this.#clock.monotonic();
    this.#timer = this.#clock.after(LOOK, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const passed = this.#clock.monotonic() - this.#lookedAt;
    if (this.#waited === undefined) this.#send();
    else this.#wait(this.#waited + Math.min(passed, COUNTED));
    this.start();
  }

  #send(): void {
    this.#rest -= 1;
    if (this.#rest > 0) return;
    this.#waited = 0;
    this.#isTold = false;
    this.#probe(() => {
      this.#waited = undefined;
      this.#rest = REST;
    });
  }

  #wait(waited: number): void {
    this.#waited = waited;
    if (this.#isTold || waited < this.#threshold) return;
    this.#isTold = true;
    this.#busy(waited);
  }
}
