import { assert } from '../base/assert.ts';

const SLAB_BYTES = 64 * 1024;
/** What is larger is not kept for the next value. */
const LENT_MAX = 1024 * 1024;
const TEXT = new TextEncoder();
/** Up to this many characters a text is written by a loop; beyond, `TextEncoder` is faster. */
const SHORT_TEXT = 96;
/** Up to this many bytes are copied by a loop. */
const SHORT_BYTES = 256;
const TWO_32 = 0x1_0000_0000;

/**
 * Writes what comes by the million (transactions, entries, requests, nodes) without building values
 * in between: fixed fields big-endian, counts as base-128 numbers, texts and bytes behind their
 * length. Results are pieces of one slab, cut off in order, because an allocation each would cost
 * more than the writing.
 */
export class PackedWriter {
  #slab: Uint8Array = new Uint8Array(SLAB_BYTES);
  #view: DataView = new DataView(this.#slab.buffer);
  #from = 0;
  #at = 0;

  /** Begins a value; one that was not finished is forgotten. */
  begin(): void {
    this.#at = this.#from;
  }

  /** The bytes since `begin`. */
  finish(): Uint8Array {
    const written = new Uint8Array(this.#slab.buffer, this.#from, this.#at - this.#from);
    this.#from = this.#at;
    return written;
  }

  /**
   * The bytes since `begin`, for who copies them at once: the next value is written over them. Large
   * values in a steady stream then need no new slabs, which would have to be cleared first.
   */
  lend(): Uint8Array {
    if (this.#at - this.#from > LENT_MAX) return this.finish();
    return new Uint8Array(this.#slab.buffer, this.#from, this.#at - this.#from);
  }

  uint8(value: number): void {
    if (this.#at === this.#slab.length) this.#grow(1);
    this.#slab[this.#at] = value;
    this.#at += 1;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  /** Up to 53 bits in eight bytes. */
  safe(value: number): void {
    this.uint32(Math.floor(value / TWO_32));
    this.uint32(value >>> 0);
  }

  /** Milliseconds since 1970 and the like. */
  uint48(value: number): void {
    this.#reserve(6);
    this.#view.setUint16(this.#at, Math.floor(value / TWO_32));
    this.#view.setUint32(this.#at + 2, value >>> 0);
    this.#at += 6;
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#at, value);
    this.#at += 8;
  }

  /** As {@link uint48}, of a list: as an argument each would be boxed. */
  uint48At(values: Float64Array, index: number): void {
    const value = values[index] as number;
    this.#reserve(6);
    this.#view.setUint16(this.#at, Math.floor(value / TWO_32));
    this.#view.setUint32(this.#at + 2, value >>> 0);
    this.#at += 6;
  }

  /** A count of up to 53 bits, seven to a byte, low ones first. */
  count(value: number): void {
    if (value < 0x80) {
      this.uint8(value);
      return;
    }
    assert(Number.isSafeInteger(value), 'a count is a safe integer');
    let rest = value;
    while (rest >= 0x80) {
      this.uint8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.uint8(rest);
  }

  /** A signed number of 32 bits. */
  int32(value: number): void {
    this.uint32(value | 0);
  }

  flag(value: boolean): void {
    this.uint8(value ? 1 : 0);
  }

  /** One of some words, as its place in the list. */
  word<W extends string>(words: readonly W[], value: W): void {
    this.uint8(words.indexOf(value));
  }

  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.raw(value);
  }

  /** Bytes without their length. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#slab.set(value, this.#at);
    this.#at += value.length;
  }

  /** As {@link bytes}, of a longer stretch: a view of each costs more than to copy a few bytes by hand. */
  bytesAt(source: DataView, from: number, length: number): void {
    this.count(length);
    if (length > SHORT_BYTES) {
      this.raw(new Uint8Array(source.buffer, source.byteOffset + from, length));
      return;
    }
    this.#reserve(length);
    const view = this.#view;
    const shift = this.#at - from;
    const end = from + length;
    let at = from;
    for (const last = end - 3; at < last; at += 4) view.setInt32(at + shift, source.getInt32(at));
    for (; at < end; at += 1) view.setUint8(at + shift, source.getUint8(at));
    this.#at += length;
  }

  text(value: string): void {
    if (value.length > SHORT_TEXT || !this.#ascii(value)) this.bytes(TEXT.encode(value));
  }

  /** Writes a short text whose characters are all ASCII; false and nothing written otherwise. */
  #ascii(value: string): boolean {
    const length = value.length;
    this.#reserve(length + 1);
    const slab = this.#slab;
    let at = this.#at;
    slab[at] = length;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) return false;
      at += 1;
      slab[at] = unit;
    }
    this.#at = at + 1;
    return true;
  }

  #reserve(length: number): void {
    if (length > this.#slab.length - this.#at) this.#grow(length);
  }

  /** Moves the unfinished value to a slab that has room for it and `length` more. */
  #grow(length: number): void {
    const unfinished = this.#slab.subarray(this.#from, this.#at);
    const slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (unfinished.length + length)));
    slab.set(unfinished);
    this.#slab = slab;
    this.#view = new DataView(slab.buffer);
    this.#from = 0;
    this.#at = unfinished.length;
  }
}
