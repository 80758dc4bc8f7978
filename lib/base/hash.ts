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

/** Hash of `bytes`, seeded with an earlier hash (or 0) and two further numbers of 32 bits. */
export function hashBytes(seed: number, high: number, low: number, bytes: Uint8Array): number {
  let a = Math.imul((seed / 0x1_0000_0000) ^ high, LANE_A) ^ bytes.length;
  let b = Math.imul((seed >>> 0) ^ low, LANE_B) ^ high;
  let at = 0;
  for (const end = bytes.length - 3; at < end; at += 4) {
    const word =
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0;
    a = Math.imul(a ^ word, LANE_A);
    b = Math.imul(b ^ word ^ (a >>> 15), LANE_B);
    a ^= b >>> 13;
  }
  for (; at < bytes.length; at += 1) {
    a = Math.imul(a ^ (bytes[at] as number), LANE_A);
    b = Math.imul(b ^ a, LANE_B);
  }
  return join(a, b);
}

/** Hash of `words[from, to)`, seeded likewise. */
export function hashWords(seed: number, words: Int32Array, from: number, to: number): number {
  let a = Math.imul((seed / 0x1_0000_0000) ^ (to - from), LANE_A);
  let b = Math.imul((seed >>> 0) ^ (to - from), LANE_B);
  for (let at = from; at < to; at += 1) {
    const word = words[at] as number;
    a = Math.imul(a ^ word, LANE_A);
    b = Math.imul(b ^ word ^ (a >>> 15), LANE_B);
    a ^= b >>> 13;
  }
  return join(a, b);
}

/** Hash of a text, or of its first `length` units, by its UTF-16 units, seeded likewise. */
export function hashText(seed: number, text: string, length: number = text.length): number {
  let a = Math.imul((seed / 0x1_0000_0000) ^ length, LANE_A);
  let b = Math.imul((seed >>> 0) ^ length, LANE_B);
  for (let at = 0; at < length; at += 1) {
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
