/** Removes what no longer counts, a little at a time, while the store has nothing better to do. */
import { del, type Level } from './level-database.ts';
import type { KeyRange } from './level-keys.ts';
import type { SingleWriter } from './single-writer.ts';

/** Keys of one slice: a write may have to wait for one, and the event loop's share of it is below 1 ms. */
const SLICE = 64;

export class LevelSweep {
  readonly #level: Level;
  readonly #writer: SingleWriter;
  readonly #ranges: KeyRange[] = [];
  #running = false;

  constructor(level: Level, writer: SingleWriter) {
    this.#level = level;
    this.#writer = writer;
  }

  /** Goes on in the background, with these ranges too. To be called after every write, which stops it. */
  async run(more: readonly KeyRange[]): Promise<void> {
    this.#ranges.push(...more);
    if (this.#running) return;
    this.#running = true;
    let going = true;
    while (going && this.#ranges.length > 0) {
      going = await this.#writer.upkeep(() => this.#slice());
    }
    this.#running = false;
  }

  /** Not synced: what comes back after a crash does not count either, and is found at the next open. */
  async #slice(): Promise<void> {
    const [range] = this.#ranges;
    if (range === undefined) return;
    const keys = await this.#level.keys({ ...range, limit: SLICE }).all();
    await this.#level.batch(keys.map(del), { sync: false });
    if (keys.length < SLICE) this.#ranges.shift();
  }
}
