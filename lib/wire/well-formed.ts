/**
 * The gate before cbor-x. CBOR has tags that build objects, lengths that lie, and several spellings
 * of one number; a decoder for everybody must accept them, ours must not. This walk allocates
 * nothing and lets through only: arrays of known length, byte strings, ASCII text, `false`, `true`,
 * `null`, integers of up to 32 bits in their shortest form, and 64-bit integers in eight bytes. That
 * is one spelling per value, so what is decoded encodes to the same bytes again.
 */
import { DecodeError } from './decode-error.ts';
import { MAX_DEPTH, MAX_ITEMS } from './limits.ts';

const UNSIGNED = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const SIMPLE = 7;
/** Smallest value that needs the length byte 24, 25, 26: a smaller one is not in its shortest form. */
const SHORTEST = [24, 0x100, 0x1_0000] as const;

/** Throws a {@link DecodeError} unless `bytes` is exactly one item of the subset above. */
export function checkWellFormed(bytes: Uint8Array, what: string): void {
  new Walk(bytes, what).whole();
}

class Walk {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  whole(): void {
    this.#item(0);
    if (this.#at !== this.#bytes.length) this.#refuse('bytes after the end');
  }

  #item(depth: number): void {
    this.#items += 1;
    if (this.#items > MAX_ITEMS) this.#refuse('too many items');
    const head = this.#byte();
    const short = head & 0x1f;
    switch (head >> 5) {
      case UNSIGNED:
        if (short === 27) this.#skip(8);
        else this.#argument(short);
        return;
      case BYTES:
        this.#skip(this.#argument(short));
        return;
      case TEXT:
        this.#text(this.#argument(short));
        return;
      case ARRAY:
        this.#array(this.#argument(short), depth + 1);
        return;
      case SIMPLE:
        if (short < 20 || short > 22) this.#refuse('a float or an unknown simple value');
        return;
      default:
        this.#refuse('a negative number, a map or a tag');
    }
  }

  #array(length: number, depth: number): void {
    if (depth > MAX_DEPTH) this.#refuse('nested too deep');
    if (length > this.#bytes.length - this.#at) this.#refuse('cut short');
    for (let index = 0; index < length; index += 1) this.#item(depth);
  }

  #text(length: number): void {
    const from = this.#at;
    this.#skip(length);
    for (let at = from; at < this.#at; at += 1) {
      const unit = this.#bytes[at] as number;
      if (unit < 0x20 || unit > 0x7e) this.#refuse('text that is not printable ASCII');
    }
  }

  /** The number that follows a head: up to 32 bits, in the shortest form. */
  #argument(short: number): number {
    if (short < 24) return short;
    if (short > 26) this.#refuse('a length that is unknown or beyond 32 bits');
    let value = 0;
    for (let left = 1 << (short - 24); left > 0; left -= 1) value = value * 256 + this.#byte();
    if (value < (SHORTEST[short - 24] ?? 0)) this.#refuse('a number not in its shortest form');
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) this.#refuse('cut short');
    this.#at += 1;
    return byte;
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#at) this.#refuse('cut short');
    this.#at += length;
  }

  #refuse(reason: string): never {
    throw new DecodeError(this.#what, `${reason}, at byte ${this.#at}`);
  }
}
