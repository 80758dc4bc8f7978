/**
 * The non-cryptographic hash of log chains and tree digests: two 32-bit multiply-xorshift lanes,
 * joined into one safe integer of 53 bits so that values compare with `===` and cost no allocation.
 */
const LANE_A = 0x9e37_79b1;
const LANE_B = 0x85eb_ca77;

/** Chain value before the first entry. */
export const CHAIN_START = 0;

function join(a: number, b: number): number {
  let high = Math.imul(a ^ (a >>> 16), LANE_B) ^ Math.imul(b ^ (b >>> 13), LANE_A);
  let low = Math.imul(b ^ (b >>> 16), LANE_B) ^ Math.imul(a ^ (a >>> 13), LANE_A);
  high ^= high >>> 15;
  low ^= low >>> 15;
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}

/**
 * Hash of `bytes`, seeded with an earlier hash (or 0) and two further numbers of 32 bits. Each lane
 * takes every other word, so that two multiplications are under way at once, and then a part of the
 * other: one step is a bijection of both lanes, so a difference never vanishes behind equal words.
 */
export function hashBytes(seed: number, high: number, low: number, bytes: Uint8Array): number {
  let a = Math.imul((seed / 0x1_0000_0000) ^ high, LANE_A) ^ bytes.length;
  let b = Math.imul((seed >>> 0) ^ low, LANE_B) ^ high;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const one =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    const other =
      (bytes[at + 4] as number) |
      ((bytes[at + 5] as number) << 8) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 24);
    a = Math.imul(a ^ one, LANE_A);
    b = Math.imul(b ^ other, LANE_B);
    a ^= b >>> 15;
    b ^= a >>> 13;
  }
  for (; at < bytes.length; at += 1) {
    a = Math.imul(a ^ (bytes[at] as number), LANE_A);
    b = Math.imul(b ^ a, LANE_B);
    a ^= b >>> 13;
  }
  return join(a, b);
}

/** As {@link hashBytes} with no seed, of `length` bytes that lie somewhere in others: no view of them is made. */
export function hashView(view: DataView, from: number, length: number): number {
  let a = length;
  let b = 0;
  let at = from;
  const stop = from + length;
  for (const end = stop - 7; at < end; at += 8) {
    a = Math.imul(a ^ view.getInt32(at, true), LANE_A);
    b = Math.imul(b ^ view.getInt32(at + 4, true), LANE_B);
    a ^= b >>> 15;
    b ^= a >>> 13;
  }
  for (; at < stop; at += 1) {
    a = Math.imul(a ^ view.getUint8(at), LANE_A);
    b = Math.imul(b ^ a, LANE_B);
    a ^= b >>> 13;
  }
  return join(a, b);
}

/** Hash of an even number of `words[from, to)`, seeded likewise. */
export function hashWords(seed: number, words: Int32Array, from: number, to: number): number {
  let a = Math.imul((seed / 0x1_0000_0000) ^ (to - from), LANE_A);
  let b = Math.imul((seed >>> 0) ^ (to - from), LANE_B);
  for (let at = from; at < to; at += 2) {
    a = Math.imul(a ^ (words[at] as number), LANE_A);
    b = Math.imul(b ^ (words[at + 1] as number), LANE_B);
    a ^= b >>> 15;
    b ^= a >>> 13;
  }
  return join(a, b);
}

/** Hash of a text, or of its first `length` units, by its UTF-16 units, seeded likewise. */
export function hashText(seed: number, text: string, length: number = text.length): number {
  let a = Math.imul((seed / 0x1_0000_0000) ^ length, LANE_A);
  let b = Math.imul((seed >>> 0) ^ length, LANE_B);
  let at = 0;
  for (const end = length - 3; at < end; at += 4) {
    a = Math.imul(a ^ text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 16), LANE_A);
    b = Math.imul(b ^ text.charCodeAt(at + 2) ^ (text.charCodeAt(at + 3) << 16), LANE_B);
    a ^= b >>> 15;
    b ^= a >>> 13;
  }
  for (; at < length; at += 1) {
    a = Math.imul(a ^ text.charCodeAt(at), LANE_A);
    b = Math.imul(b ^ a, LANE_B);
    a ^= b >>> 13;
  }
  return join(a, b);
}

/** Order-free sum of two hashes, modulo 2^53: what an incremental set digest needs. */
export function addHash(sum: number, hash: number): number {
  const total = sum + hash;
  return total >= 0x20_0000_0000_0000 ? sum - (0x20_0000_0000_0000 - hash) : total;
}

/** Takes a hash out of a sum again. */
export function subtractHash(sum: number, hash: number): number {
  return sum >= hash ? sum - hash : sum + (0x20_0000_0000_0000 - hash);
}
