import { assert, present } from '../base/assert.ts';
import { hashText } from '../base/hash.ts';

const SHARD_BITS = 6;
const SHARDS = 1 << SHARD_BITS;
const BLOCK_BITS = 12;
const BLOCK = 1 << BLOCK_BITS;
const SLOTS_LEAST = 8;
/** Room for more is not made on somebody's word. */
const RESERVED_MAX = 1 << 22;
/** Paths of one shard that wait for their slots. */
const QUEUE = 512;
/**
 * Slots that are looked at for a path, at most: far more than chance ever fills in a row. Whoever chooses
 * paths can choose them with one hash, and no secret seed of it would keep him from that.
 */
const PROBES_MAX = 256;

/** Part of the index: an open-addressed table of (hash, row), probed one slot after the other. */
interface Shard {
  /** Two numbers for each slot: the hash, and the row plus one; a zero there is an empty slot. Their number is a power of two. */
  readonly slots: Int32Array;
  readonly mask: number;
  used: number;
}

/**
 * Paths whose slots are not taken yet, by shard. The slots of one lie all over memory, and each would be
 * waited for; those of many, of one shard, the processor fetches side by side.
 */
interface Queue {
  /** Two numbers for each place: hash and row. */
  readonly places: Int32Array;
  /** By shard. */
  readonly lengths: Uint16Array;
}

function makeShard(slots: number): Shard {
  return { slots: new Int32Array(slots * 2), mask: slots - 1, used: 0 };
}

/** Stands in every place that holds nothing: never written to. */
const EMPTY: Shard = makeShard(1);

/** Puts a row into the first empty slot from its own on; false if the slots that are looked at are full. */
function put(shard: Shard, hash: number, row: number): boolean {
  const { slots, mask } = shard;
  let slot = hash & mask;
  for (let left = PROBES_MAX; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
    left -= 1;
    if (left === 0) return false;
  }
  slots[slot * 2] = hash;
  slots[slot * 2 + 1] = row + 1;
  shard.used += 1;
  return true;
}

/** The first block grows, for a small tree is small; each further one would grow ten times. */
function makeBlock(row: number, path: string): string[] {
  if (row < BLOCK) return [path];
  const block = new Array<string>(BLOCK).fill('');
  block[row & (BLOCK - 1)] = path;
  return block;
}

/** Empties a slot and moves up what was pushed behind it, so that no search ends early. */
function vacate({ slots, mask }: Shard, from: number): void {
  let hole = from;
  for (let slot = (hole + 1) & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
    const hash = slots[slot * 2] as number;
    const isBehind = ((slot - (hash & mask)) & mask) >= ((slot - hole) & mask);
    if (!isBehind) continue;
    slots[hole * 2] = hash;
    slots[hole * 2 + 1] = slots[slot * 2 + 1] as number;
    hole = slot;
  }
  slots[hole * 2 + 1] = 0;
}

/** Where a row is in its shard; -1 if it is not. */
function slotOf({ slots, mask }: Shard, hash: number, row: number): number {
  let slot = hash & mask;
  for (let left = PROBES_MAX; left > 0; left -= 1) {
    const next = slots[slot * 2 + 1];
    if (next === row + 1) return slot;
    if (next === 0) return -1;
    slot = (slot + 1) & mask;
  }
  return -1;
}

/** Whether a path is the first `length` units of a text, which is not cut for it. */
function isStart(path: string, text: string, length: number): boolean {
  if (length === text.length) return path === text;
  return path.length === length && text.startsWith(path);
}

/**
 * From path to row number and back. A table of numbers where a Map of a million paths would be traced
 * by the collector and would read every path again each time it grows; in shards, because growing a
 * single one would stop the world.
 */
export class PathIndex {
  readonly #shards: Shard[] = new Array<Shard>(SHARDS).fill(EMPTY);
  /** By row; empty: no such row. In blocks, for the same reason. */
  readonly #paths: string[][] = [];
  /** The rows of paths that found no slot: nearly always none. */
  readonly #crowded = new Map<string, number>();
  /** While many are added at once. */
  #queue: Queue | undefined;
  #size = 0;

  /** Paths held. */
  get size(): number {
    return this.#size;
  }

  /**
   * Makes room for so many paths at once, where growing would put each into its place several times. Until
   * {@link settle} those that are added find their places a good many at a time.
   */
  reserve(paths: number): void {
    this.#queue ??= {
      places: new Int32Array(SHARDS * QUEUE * 2),
      lengths: new Uint16Array(SHARDS),
    };
    const each = Math.min(paths, RESERVED_MAX) / SHARDS;
    let room = SLOTS_LEAST;
    while (room * 3 <= each * 4) room *= 2;
    for (const [at, shard] of this.#shards.entries()) {
      if (room > shard.mask + 1) this.#shards[at] = this.#withRoom(shard, room);
    }
  }

  /** Every path has its place. */
  settle(): void {
    for (let at = 0; at < SHARDS; at += 1) this.#admit(at);
    this.#queue = undefined;
  }

  /** The row of a path, -1 if there is none. */
  find(path: string): number {
    return this.#find(path, path.length, hashText(0, path));
  }

  /** The row of the path above (of `/` itself), -1 if there is none: the path is not cut for it. */
  findParent(path: string): number {
    const length = Math.max(1, path.lastIndexOf('/'));
    return this.#find(path, length, hashText(0, path, length));
  }

  /** The path of a row, empty if there is none. */
  pathOf(row: number): string {
    return present(this.#paths[row >> BLOCK_BITS]?.[row & (BLOCK - 1)], 'row of the index');
  }

  /** Adds a path that is not there yet. Rows are dense: a new one is at most one greater than any before. `hash`: of the text. */
  insert(path: string, row: number, hash: number): void {
    const block = this.#paths[row >> BLOCK_BITS];
    if (block !== undefined) block[row & (BLOCK - 1)] = path;
    else this.#paths.push(makeBlock(row, path));
    this.#size += 1;
    const at = hash >>> (32 - SHARD_BITS);
    if (this.#queue === undefined) this.#place(at, hash | 0, row);
    else this.#enqueue(this.#queue, at, hash | 0, row);
  }

  #enqueue({ places, lengths }: Queue, at: number, hash: number, row: number): void {
    const length = lengths[at] as number;
    const place = (at * QUEUE + length) * 2;
    places[place] = hash;
    places[place + 1] = row;
    lengths[at] = length + 1;
    if (length + 1 === QUEUE) this.#admit(at);
  }

  /** Gives those of a shard that wait their slots. */
  #admit(at: number): void {
    if (this.#queue === undefined) return;
    const { places, lengths } = this.#queue;
    const end = (at * QUEUE + (lengths[at] as number)) * 2;
    lengths[at] = 0;
    for (let place = at * QUEUE * 2; place < end; place += 2) {
      this.#place(at, places[place] as number, places[place + 1] as number);
    }
  }

  /** Gives a row its slot, if one is free; no path is there twice. */
  #place(at: number, hash: number, row: number): void {
    let shard = this.#shards[at] as Shard;
    if (shard.used * 4 >= (shard.mask + 1) * 3 || shard === EMPTY) {
      shard = this.#withRoom(shard, Math.max(SLOTS_LEAST, shard.slots.length));
      this.#shards[at] = shard;
    }
    const { slots, mask } = shard;
    let slot = hash & mask;
    for (let left = PROBES_MAX; left > 0; left -= 1) {
      const next = slots[slot * 2 + 1] as number;
      if (next === 0) break;
      const isNew = slots[slot * 2] !== hash || this.pathOf(next - 1) !== this.pathOf(row);
      assert(isNew, 'a path is inserted where it is not');
      slot = (slot + 1) & mask;
    }
    const isNew = this.#crowded.size === 0 || !this.#crowded.has(this.pathOf(row));
    assert(isNew, 'a path is inserted where it is not');
    if (!put(shard, hash, row)) this.#crowded.set(this.pathOf(row), row);
  }

  remove(row: number): void {
    const path = this.pathOf(row);
    const hash = hashText(0, path);
    this.#admit(hash >>> (32 - SHARD_BITS));
    const shard = this.#shards[hash >>> (32 - SHARD_BITS)] as Shard;
    const slot = slotOf(shard, hash, row);
    if (slot >= 0) {
      vacate(shard, slot);
      shard.used -= 1;
    } else {
      const wasCrowded = this.#crowded.delete(path);
      assert(wasCrowded, 'a path is removed where it is');
    }
    const block = present(this.#paths[row >> BLOCK_BITS], 'block of the index');
    block[row & (BLOCK - 1)] = '';
    this.#size -= 1;
  }

  /** The row of the path that the first `length` units of `text` are, whose hash this is; -1 if there is none. */
  #find(text: string, length: number, hash: number): number {
    if (this.#queue !== undefined) this.#admit(hash >>> (32 - SHARD_BITS));
    const { slots, mask } = this.#shards[hash >>> (32 - SHARD_BITS)] as Shard;
    const wanted = hash | 0;
    let slot = wanted & mask;
    for (let left = PROBES_MAX; left > 0; left -= 1) {
      const next = slots[slot * 2 + 1] as number;
      if (next === 0) break;
      if (slots[slot * 2] === wanted && isStart(this.pathOf(next - 1), text, length))
        return next - 1;
      slot = (slot + 1) & mask;
    }
    if (this.#crowded.size === 0) return -1;
    return this.#crowded.get(text.slice(0, length)) ?? -1;
  }

  #withRoom(full: Shard, room: number): Shard {
    const { slots } = full;
    const shard = makeShard(room);
    for (let at = 0; at < slots.length; at += 2) {
      const next = slots[at + 1] as number;
      if (next === 0 || put(shard, slots[at] as number, next - 1)) continue;
      this.#crowded.set(this.pathOf(next - 1), next - 1);
    }
    return shard;
  }
}
