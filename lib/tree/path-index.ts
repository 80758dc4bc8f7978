import { assert, present } from '../base/assert.ts';

const SHARDS = 64;
const BLOCK_BITS = 12;
const BLOCK = 1 << BLOCK_BITS;
/** Stands in every shard that holds nothing: never written to. */
const EMPTY: Map<string, number> = new Map();

/** Which of the shards a path is in: its last two characters decide, and one in the middle. */
function shardOf(path: string): number {
  const end = path.length;
  const last = path.charCodeAt(end - 1) * 7 + path.charCodeAt(end > 1 ? end - 2 : 0) * 31;
  return (last + path.charCodeAt(end >> 1) * 3 + end) & (SHARDS - 1);
}

/**
 * From path to row number and back. Many small Maps: a single one of a million paths would stop the
 * world for a tenth of a second each time it doubles.
 */
export class PathIndex {
  readonly #shards: Map<string, number>[] = [];
  /** By row; empty: no such row. In blocks, for the same reason. */
  readonly #paths: string[][] = [];
  #size = 0;

  constructor() {
    for (let shard = 0; shard < SHARDS; shard += 1) this.#shards.push(EMPTY);
  }

  /** Paths held. */
  get size(): number {
    return this.#size;
  }

  /** The row of a path, -1 if there is none. */
  find(path: string): number {
    return this.#shards[shardOf(path)]?.get(path) ?? -1;
  }

  /** The path of a row, empty if there is none. */
  pathOf(row: number): string {
    return present(this.#paths[row >> BLOCK_BITS]?.[row & (BLOCK - 1)], 'row of the index');
  }

  /** Adds a path that is not there yet. Rows are dense: a new one is at most one greater than any before. */
  insert(path: string, row: number): void {
    const shard = shardOf(path);
    const rows = this.#shards[shard];
    if (rows === undefined || rows === EMPTY) this.#shards[shard] = new Map([[path, row]]);
    else {
      const before = rows.size;
      rows.set(path, row);
      assert(rows.size > before, 'a path is inserted where it is not');
    }
    const block = this.#paths[row >> BLOCK_BITS];
    if (block === undefined) this.#paths.push([path]);
    else block[row & (BLOCK - 1)] = path;
    this.#size += 1;
  }

  remove(row: number): void {
    const path = this.pathOf(row);
    this.#shards[shardOf(path)]?.delete(path);
    const block = present(this.#paths[row >> BLOCK_BITS], 'block of the index');
    block[row & (BLOCK - 1)] = '';
    this.#size -= 1;
  }
}
