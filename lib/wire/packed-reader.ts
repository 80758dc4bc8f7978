import { DecodeError } from './decode-error.ts';
import { MAX_ELEMENTS } from './limits.ts';
import { readNewText, readText } from './text.ts';

const TWO_32 = 0x1_0000_0000;
const SCRATCH = new DataView(new ArrayBuffer(8));

/**
 * Reads what {@link PackedWriter} wrote, and trusts none of it: each method checks what it reads and
 * throws {@link DecodeError}. There is one spelling of every value, so what was read is written to
 * the same bytes again.
 */
export class PackedReader {
  #bytes: Uint8Array;
  readonly #what: string;
  #end: number;
  readonly #elements: number;
  #at = 0;
  #counted = 0;
  /** The last number of 64 bits and its halves: nearly always it comes again, and then costs no other one. */
  #wide = 0n;
  #high = 0;
  #low = 0;

  /** `what` names the value in errors; all its lists together have at most so many `elements`. */
  constructor(bytes: Uint8Array, what: string, elements: number = MAX_ELEMENTS) {
    this.#bytes = bytes;
    this.#what = what;
    this.#end = bytes.length;
    this.#elements = elements;
  }

  /** Turns to another value of the same kind: for what is read by the million. */
  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#at = 0;
    this.#counted = 0;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#end) this.refuse('bytes after the end');
  }

  refuse(reason: string): never {
    throw new DecodeError(this.#what, `${reason}, before byte ${this.#at}`);
  }

  uint8(): number {
    if (this.#at >= this.#end) this.refuse('cut short');
    const value = this.#bytes[this.#at] as number;
    this.#at += 1;
    return value;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int32(): number {
    const bytes = this.#bytes;
    const at = this.#take(4);
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    );
  }

  /** Up to 53 bits in eight bytes. */
  safe(): number {
    const high = this.uint32();
    if (high > 0x1f_ffff) this.refuse('a number beyond 53 bits');
    return high * TWO_32 + this.uint32();
  }

  uint48(): number {
    const high = this.uint8() * 0x100 + this.uint8();
    return high * TWO_32 + this.uint32();
  }

  uint64(): bigint {
    const high = this.int32();
    const low = this.int32();
    if (high === 0 && low === 0) return 0n;
    if (high === this.#high && low === this.#low) return this.#wide;
    SCRATCH.setInt32(0, high);
    SCRATCH.setInt32(4, low);
    this.#high = high;
    this.#low = low;
    this.#wide = SCRATCH.getBigUint64(0);
    return this.#wide;
  }

  /** A count of at most `max`. */
  count(max: number = Number.MAX_SAFE_INTEGER): number {
    let byte = this.uint8();
    let value = byte & 0x7f;
    for (let weight = 0x80; byte >= 0x80; weight *= 0x80) {
      byte = this.uint8();
      value += (byte & 0x7f) * weight;
      if (byte === 0) this.refuse('a count not in its shortest form');
      if (value > max) break;
    }
    if (value > max) this.refuse(`a count above ${max}`);
    return value;
  }

  /** The length of a list of at most `max`; each element takes at least one byte. */
  length(max: number): number {
    const length = this.#extent(max);
    this.#counted += length;
    if (this.#counted > this.#elements) this.refuse('too many elements');
    return length;
  }

  flag(): boolean {
    const value = this.uint8();
    if (value > 1) this.refuse('a flag that is neither 0 nor 1');
    return value === 1;
  }

  word<W extends string>(words: readonly W[]): W {
    return words[this.uint8()] ?? this.refuse('an unknown word');
  }

  /** A list of at most `max`, each read by `read`. */
  list<T>(max: number, read: (reader: this) => T): readonly T[] {
    const length = this.length(max);
    // An array that grows by push takes room for 17 where nearly all lists have one element.
    const values = new Array<T>(length);
    for (let index = 0; index < length; index += 1) values[index] = read(this);
    return values;
  }

  /** Up to `max` bytes: a view, which keeps the whole input alive. */
  bytes(max: number): Uint8Array {
    return this.raw(this.#extent(max));
  }

  /** Bytes without a length before them, as a view. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  /** All that is not read yet, as a view. */
  rest(): Uint8Array {
    return this.raw(this.left);
  }

  /** Well-formed UTF-8 of at most `max` bytes. `likely`: the text that it nearly always is. */
  text(max: number, likely = ''): string {
    const length = this.#extent(max);
    const at = this.#take(length);
    return readText(this.#bytes, at, length, likely) ?? this.refuse('a text that is not UTF-8');
  }

  /** As {@link text}, of a text that has hardly been read before. */
  newText(max: number): string {
    const length = this.#extent(max);
    const at = this.#take(length);
    return readNewText(this.#bytes, at, length) ?? this.refuse('a text that is not UTF-8');
  }

  #extent(max: number): number {
    const length = this.count(max);
    if (length > this.left) this.refuse('cut short');
    return length;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) this.refuse('cut short');
    this.#at = at + length;
    return at;
  }
}
