/** Removes what no longer counts, a little at a time, while the store has nothing better to do. */
import { del, type Level } from './level-database.ts';
import type { KeyRange } from './level-keys.ts';
import type { SingleWriter } from './single-writer.ts';

/** Keys of one slice: a write may have to wait for one, and the event loop's share of it is below 1 ms. */
const SLICE = 64;

/** Keys to remove, and from where. */
export interface Litter {
  readonly level: Level;
  readonly range: KeyRange;
}

export class LevelSweep {
  readonly #writer: SingleWriter;
  readonly #litter: Litter[] = [];
  #running = false;

  constructor(writer: SingleWriter) {
    this.#writer = writer;
  }

  /** Goes on in the background, with this too. To be called after every write, which stops it. */
  async run(more: readonly Litter[]): Promise<void> {
    this.#litter.push(...more);
    if (this.#running) return;
    this.#running = true;
    let going = true;
    while (going && this.#litter.length > 0) {
      going = await this.#writer.upkeep(() => this.#slice());
    }
    this.#running = false;
  }

  /** Not synced: what comes back after a crash does not count either, and is found at the next open. */
  async #slice(): Promise<void> {
    const [next] = this.#litter;
    if (next === undefined) return;
    const { level, range } = next;
    const keys = await level.keys({ ...range, limit: SLICE }).all();
    await level.batch(keys.map(del), { sync: false });
    const last = keys.at(-1);
    if (last === undefined || keys.length < SLICE) this.#litter.shift();
    // What was removed is still in the way of whoever looks from the beginning.
    else this.#litter[0] = { level, range: { ...range, gte: last } };
  }
}
