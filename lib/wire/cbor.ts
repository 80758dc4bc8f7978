/**
 * CBOR as this protocol uses it: positional arrays without maps, tags or shared structures. Integers
 * up to 32 bits are numbers; everything that may be wider is a bigint and always takes eight bytes.
 */
import { Encoder } from 'cbor-x';
import { DecodeError } from './decode-error.ts';
import { checkWellFormed } from './well-formed.ts';

/** What an item can be, once it is past the gate. */
export type Item = number | bigint | boolean | null | string | Uint8Array | readonly Item[];

const CODEC = new Encoder({ useRecords: false, structuredClone: false, tagUint8Array: false });

/** The bytes of one item; numbers must be integers of 32 bits, wider ones bigints. */
export function encodeItem(item: Item): Uint8Array {
  return plain(CODEC.encode(item));
}

/**
 * The item in `bytes`, exactly. Byte strings in it are views, plain `Uint8Array` whatever class the
 * input has: who keeps one keeps the whole input alive.
 */
export function decodeItem(bytes: Uint8Array, what: string): Item {
  const view = plain(bytes);
  checkWellFormed(view, what);
  try {
    return CODEC.decode(view);
  } catch (error) {
    throw new DecodeError(what, error instanceof Error ? error.message : 'not CBOR');
  }
}

/** Without Node's Buffer, whose `slice` and `toString` are not those of `Uint8Array`. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

const ARRAY = 4 << 5;

/** The head of an array of `length` items, so that items encoded apart can be joined to one array. */
export function arrayHead(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(ARRAY | length);
  if (length < 0x100) return Uint8Array.of(ARRAY | 24, length);
  return Uint8Array.of(ARRAY | 25, length >> 8, length & 0xff);
}
