import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addHash,
  hashBytes,
  hashText,
  hashView,
  hashWords,
  subtractHash,
} from '../../lib/base/hash.ts';

/** Bytes that are as different from another index' as one another's neighbours can be. */
function sample(length: number, index: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, at) => (Math.imul(index + 1, 2_654_435_761) >>> (at % 25)) & 0xff,
  );
}

function bitsOf(hash: number): bigint {
  assert(Number.isSafeInteger(hash) && hash >= 0);
  return BigInt(hash);
}

function count(bits: bigint): number {
  return bits.toString(2).replaceAll('0', '').length;
}

/** Flips each bit in turn; how often each bit of the hash flipped with it. */
function avalanche(length: number, hash: (bytes: Uint8Array) => number): number[] {
  const flips = new Array<number>(53).fill(0);
  let trials = 0;
  for (let index = 0; index < 40; index += 1) {
    const bytes = sample(length, index);
    const before = bitsOf(hash(bytes));
    for (let bit = 0; bit < length * 8; bit += 1) {
      const other = bytes.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const difference = before ^ bitsOf(hash(other));
      assert.notEqual(count(difference), 0, `bit ${bit} of ${length} bytes counts`);
      for (let at = 0; at < 53; at += 1)
        if ((difference >> BigInt(at)) & 1n) flips[at] = (flips[at] ?? 0) + 1;
      trials += 1;
    }
  }
  return flips.map((flipped) => flipped / trials);
}

const asText = (bytes: Uint8Array): number => hashText(0, String.fromCharCode(...bytes));
const asWords = (bytes: Uint8Array): number => {
  const words = new Int32Array(bytes.slice().buffer);
  return hashWords(0, words, 0, words.length);
};
const asBytes = (bytes: Uint8Array): number => hashBytes(0, 1, 2, bytes);

test('every bit of the input moves every bit of the hash, about every other time', () => {
  for (const length of [1, 3, 7, 8, 9, 16, 23, 104]) {
    for (const share of avalanche(length, asBytes))
      assert(share > 0.3 && share < 0.7, `${share} of ${length}`);
    for (const share of avalanche(length, asText))
      assert(share > 0.3 && share < 0.7, `${share} of ${length}`);
    if (length % 8 !== 0) continue;
    for (const share of avalanche(length, asWords))
      assert(share > 0.3 && share < 0.7, `${share} of ${length}`);
  }
});

test('names that differ in a digit, lengths of zeros and orders of words are told apart', () => {
  const names = Array.from({ length: 200_000 }, (_, index) =>
    hashText(0, `/app/locks/lock-${index}`),
  );
  assert.equal(new Set(names).size, names.length);
  // Of 53 bits, the lower 32 are what an index of paths goes by: so many collisions are chance.
  const low = new Set(names.map((hash) => hash | 0));
  assert(names.length - low.size < 20, `${names.length - low.size} collisions of 32 bits`);
  const zeros = Array.from({ length: 1000 }, (_, length) =>
    hashBytes(0, 0, 0, new Uint8Array(length)),
  );
  assert.equal(new Set(zeros).size, zeros.length);
  const words = [
    hashWords(0, Int32Array.of(1, 2, 3, 4), 0, 4),
    hashWords(0, Int32Array.of(3, 4, 1, 2), 0, 4),
  ];
  assert.equal(new Set([...words, hashWords(0, Int32Array.of(2, 1, 3, 4), 0, 4)]).size, 3);
});

test('seed, epoch and counter count as well as the bytes', () => {
  const bytes = sample(20, 1);
  const seeds = [0, 1, 2 ** 32, 2 ** 52].map((seed) => hashBytes(seed, 1, 1, bytes));
  const places = [hashBytes(0, 1, 2, bytes), hashBytes(0, 2, 1, bytes), hashBytes(0, 2, 2, bytes)];
  assert.equal(new Set([...seeds, ...places]).size, 7);
});

test('a view hashes as a copy of it does, and a part of a text as that part', () => {
  const whole = sample(300, 3);
  for (let from = 0; from < 9; from += 1) {
    const view = whole.subarray(from, from + 100);
    assert.equal(hashBytes(0, 0, 0, view), hashBytes(0, 0, 0, view.slice()));
  }
  for (let length = 0; length < 12; length += 1) {
    assert.equal(
      hashText(5, '/some/longer/path', length),
      hashText(5, '/some/longer/path'.slice(0, length)),
    );
  }
});

test('what is added to a sum can be taken out of it, in any order', () => {
  const hashes = Array.from({ length: 100 }, (_, index) => hashText(index, 'x'));
  const sum = hashes.reduce(addHash, 0);
  assert(Number.isSafeInteger(sum));
  assert.equal([...hashes].reverse().reduce(addHash, 0), sum);
  assert.equal(hashes.reduce(subtractHash, sum), 0);
});

test('bytes have one hash, wherever they lie', () => {
  for (let length = 0; length < 40; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 151 + length * 7) & 0xff);
    const around = new Uint8Array(length + 9).fill(0xee);
    around.set(bytes, 5);
    const view = new DataView(around.buffer, 2);
    assert.equal(hashView(view, 3, length), hashBytes(0, 0, 0, bytes), `${length} bytes`);
  }
});
