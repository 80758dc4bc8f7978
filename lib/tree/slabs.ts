import { assert, present } from '../base/assert.ts';
import type { BytePool } from './byte-pool.ts';

/** Who keeps the addresses of items: told when one was moved. */
export interface Tenant {
  moved(row: number, slab: number, offset: number): void;
}

/** Where an item lies. */
export interface Address {
  readonly slab: number;
  readonly offset: number;
}

interface Slab {
  readonly bytes: Uint8Array;
  /** The same memory: two words lead each item, its row (or {@link DEAD}) and its length. */
  readonly words: Int32Array;
  /** And again. */
  readonly view: DataView;
  /** Bytes handed out so far; items are never put before it. */
  used: number;
  /** Bytes of items that live. */
  live: number;
}

/** The first slab's size; each further one is as large as all before, up to the greatest. */
const SLAB_MIN = 0x4000;
const SLAB_MAX = 0x4_0000;
/** Longer items have a slab of their own. */
const SHARED_MAX = 0x2000;
const LEAD = 8;
const DEAD = -1;

function sizeOf(length: number): number {
  return LEAD + ((length + 3) & ~3);
}

function makeSlab(size: number): Slab {
  const buffer = new ArrayBuffer(size);
  return {
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    view: new DataView(buffer),
    used: 0,
    live: 0,
  };
}

/**
 * Many small byte strings in few large buffers: a million ArrayBuffers would cost more than what is in
 * them. Items are appended; a slab of which more than half has died gives up its living to the current
 * one, so that dead bytes never exceed living ones by more than a slab.
 */
export class Slabs {
  readonly #tenant: Tenant;
  readonly #slabs: (Slab | undefined)[] = [];
  /** Unused indices of `#slabs`. */
  readonly #free: number[] = [];
  #current = -1;
  /** A dead slab kept for the next need, so that a steady stream of changes allocates nothing. */
  #spare: Slab | undefined;
  /** Bytes of all slabs, living or dead. */
  #capacity = 0;

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  /** Keeps a copy of `bytes` (at least one) for `row`. */
  put(row: number, bytes: Uint8Array): Address {
    const address = this.#begin(row, bytes.length);
    this.#at(address.slab).bytes.set(bytes, address.offset + LEAD);
    return address;
  }

  /** As {@link put}, of `length` bytes that lie somewhere in others. */
  take(row: number, source: DataView, from: number, length: number): Address {
    const address = this.#begin(row, length);
    const { view } = this.#at(address.slab);
    const to = address.offset + LEAD;
    let at = 0;
    // By hand: a call of set() costs as much as this loop for a short item, and needs a view of its own.
    for (; at < length - 3; at += 4) view.setInt32(to + at, source.getInt32(from + at));
    for (; at < length; at += 1) view.setUint8(to + at, source.getUint8(from + at));
    return address;
  }

  #begin(row: number, length: number): Address {
    const size = sizeOf(length);
    const index = length > SHARED_MAX ? this.#add(makeSlab(size)) : this.#room(size);
    const slab = this.#at(index);
    const offset = slab.used;
    slab.words[offset >> 2] = row;
    slab.words[(offset >> 2) + 1] = length;
    slab.used += size;
    slab.live += size;
    return { slab: index, offset };
  }

  /** Writes `bytes` over an item in place; false if they need another size. */
  overwrite(index: number, offset: number, bytes: Uint8Array): boolean {
    const slab = this.#at(index);
    const length = slab.words[(offset >> 2) + 1] as number;
    if (sizeOf(length) !== sizeOf(bytes.length)) return false;
    slab.words[(offset >> 2) + 1] = bytes.length;
    slab.bytes.set(bytes, offset + LEAD);
    return true;
  }

  /** Lets go of an item. Others may move. */
  free(index: number, offset: number): void {
    const slab = this.#at(index);
    const at = offset >> 2;
    assert(slab.words[at] !== DEAD, 'an item is freed once');
    slab.words[at] = DEAD;
    slab.live -= sizeOf(slab.words[at + 1] as number);
    if (index !== this.#current && slab.live * 2 < slab.used) this.#vacate(index, slab);
  }

  /** A copy of an item: the caller's, outside the slabs. */
  copy(index: number, offset: number, pool: BytePool): Uint8Array {
    const { words } = this.#at(index);
    const from = (offset + LEAD) >> 2;
    return pool.copy(words, from, words[from - 1] as number);
  }

  /** An item where it lies: to be read at once, and never written into. */
  view(index: number, offset: number): Uint8Array {
    const { bytes, words } = this.#at(index);
    const from = offset + LEAD;
    return bytes.subarray(from, from + (words[(offset >> 2) + 1] as number));
  }

  /** Shows where an item lies, until anything is put or freed. */
  show(view: { slab: DataView; from: number }, index: number, offset: number): void {
    view.slab = this.#at(index).view;
    view.from = offset + LEAD;
  }

  /** Bytes of all slabs, living or dead. */
  get capacity(): number {
    return this.#capacity;
  }

  #at(index: number): Slab {
    return present(this.#slabs[index], 'slab');
  }

  #add(slab: Slab): number {
    const index = this.#free.pop() ?? this.#slabs.length;
    this.#slabs[index] = slab;
    this.#capacity += slab.bytes.length;
    return index;
  }

  /** The current slab, or a new one if it has no room. */
  #room(size: number): number {
    const current = this.#slabs[this.#current];
    if (current !== undefined && current.used + size <= current.bytes.length) return this.#current;
    const full = this.#current;
    this.#current = this.#add(
      this.#spare ?? makeSlab(Math.max(SLAB_MIN, Math.min(SLAB_MAX, this.#capacity))),
    );
    this.#spare = undefined;
    if (current === undefined || current.live * 2 >= current.used) return this.#current;
    this.#vacate(full, current);
    // What has moved in may leave no room in a small slab.
    return this.#room(size);
  }

  /** Moves the living out and gives the slab up. */
  #vacate(index: number, slab: Slab): void {
    for (let offset = 0; offset < slab.used; ) {
      const row = slab.words[offset >> 2] as number;
      const length = slab.words[(offset >> 2) + 1] as number;
      if (row !== DEAD) {
        const moved = this.put(row, slab.bytes.subarray(offset + LEAD, offset + LEAD + length));
        this.#tenant.moved(row, moved.slab, moved.offset);
      }
      offset += sizeOf(length);
    }
    this.#slabs[index] = undefined;
    this.#free.push(index);
    this.#capacity -= slab.bytes.length;
    if (slab.bytes.length === SLAB_MAX) {
      slab.used = 0;
      slab.live = 0;
      this.#spare = slab;
    }
  }
}
