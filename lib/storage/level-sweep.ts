/** Removes what no longer counts, a little at a time, while the store has nothing better to do. */
import { del, type Level } from './level-database.ts';
import { chunkKey, type KeyRange } from './level-keys.ts';
import type { SingleWriter } from './single-writer.ts';

/** Keys of one slice: a write may have to wait for one, and the event loop's share of it is below 1 ms. */
const SLICE = 64;

/**
 * What to remove, and from where: the chunks [from, to) of a checkpoint, or all that lies in a range. Keys of
 * a range are found by reading it, values and all, and what LevelDB has read of its files counts as memory of
 * the process.
 */
export type Litter = { readonly level: Level } & (
  | { readonly range: KeyRange }
  | { readonly generation: number; readonly from: number; readonly to: number }
);

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
    const { keys, rest } = 'range' in next ? await ofRange(next) : ofChunks(next);
    await next.level.batch(keys.map(del), { sync: false });
    if (rest === undefined) this.#litter.shift();
    else this.#litter[0] = rest;
  }
}

/** The keys of one slice, and what is left then. */
interface Slice {
  readonly keys: readonly Uint8Array[];
  readonly rest: Litter | undefined;
}

async function ofRange({ level, range }: Extract<Litter, { range: KeyRange }>): Promise<Slice> {
  const keys = await level.keys({ ...range, limit: SLICE }).all();
  const last = keys.at(-1);
  if (last === undefined || keys.length < SLICE) return { keys, rest: undefined };
  // What was removed is still in the way of whoever looks from the beginning.
  return { keys, rest: { level, range: { ...range, gte: last } } };
}

function ofChunks(chunks: Exclude<Litter, { range: KeyRange }>): Slice {
  const { generation, from, to } = chunks;
  const end = Math.min(to, from + SLICE);
  const keys = Array.from({ length: end - from }, (_, at) => chunkKey(generation, from + at));
  return { keys, rest: end === to ? undefined : { ...chunks, from: end } };
}
