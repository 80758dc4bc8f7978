import { setImmediate } from 'node:timers/promises';

/** How long a piece of work may have the event loop to itself, in ms. */
const SHARE = 4;

/** Cuts a long work into pieces, between which the event loop of the host goes on. */
export class Breather {
  #since = performance.now();

  /** To be awaited between two small steps; resolves at once while the present piece is short. */
  breathe(): Promise<void> | undefined {
    return performance.now() - this.#since < SHARE ? undefined : this.#pause();
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
