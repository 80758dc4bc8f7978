/**
 * Any bytes into every decoder: a value or a DecodeError, and a value only for the very bytes that
 * it encodes to. `FUZZ_RUNS` (default 1,000) is the number of inputs of each kind and decoder;
 * `FUZZ_SEED` repeats a run.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { seal } from '../../lib/wire/sealed.ts';
import { CODECS, type Codec } from './codecs.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 1000);
const parameters =
  process.env.FUZZ_SEED === undefined
    ? { numRuns }
    : { numRuns, seed: Number(process.env.FUZZ_SEED) };

/** What a decoder must do with any bytes at all. */
function survives(codec: Codec, bytes: Uint8Array): void {
  const before = bytes.slice();
  let again: Uint8Array;
  try {
    again = codec.again(bytes);
  } catch (error) {
    assert.ok(error instanceof DecodeError, `threw ${String(error)}`);
    return;
  }
  assert.deepEqual(new Uint8Array(again), before, 'two encodings of one value');
}

/** One thing that goes wrong with bytes, at a place between 0 and 1. */
type Mutation =
  | { readonly type: 'set' | 'insert' | 'flip'; readonly at: number; readonly byte: number }
  | { readonly type: 'cut' | 'drop'; readonly at: number; readonly length: number }
  | { readonly type: 'copy'; readonly at: number; readonly from: number; readonly length: number };

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** Heads of CBOR items and counts that lie are likelier than other bytes. */
const byte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 1, 0x17, 0x18, 0x1a, 0x1b, 0x5a, 0x5f, 0x7f, 0x80, 0x9a, 0x9f, 0xbf, 0xd9),
  fc.constantFrom(0xf6, 0xf7, 0xf9, 0xfb, 0xff),
);
const length = fc.integer({ min: 1, max: 40 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ type: fc.constantFrom('set', 'insert', 'flip'), at, byte }),
  fc.record({ type: fc.constantFrom('cut', 'drop'), at, length }),
  fc.record({ type: fc.constant('copy'), at, from: at, length }),
);

function mutate(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  const at = Math.floor(mutation.at * bytes.length);
  const before = bytes.subarray(0, at);
  switch (mutation.type) {
    case 'set':
      return Uint8Array.of(...before, mutation.byte, ...bytes.subarray(at + 1));
    case 'insert':
      return Uint8Array.of(...before, mutation.byte, ...bytes.subarray(at));
    case 'flip': {
      const flipped = (bytes[at] ?? 0) ^ (1 << (mutation.byte & 7));
      return Uint8Array.of(...before, flipped, ...bytes.subarray(at + 1));
    }
    case 'cut':
      return before.slice();
    case 'drop':
      return Uint8Array.of(...before, ...bytes.subarray(at + mutation.length));
    case 'copy': {
      const from = Math.floor(mutation.from * bytes.length);
      const copied = bytes.subarray(from, from + mutation.length);
      return Uint8Array.of(...before, ...copied, ...bytes.subarray(at));
    }
  }
}

const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });

describe('bad input', () => {
  for (const codec of CODECS) {
    test(`${codec.name}: random bytes`, () => {
      const random = fc.uint8Array({ maxLength: 200 });
      fc.assert(
        fc.property(random, (bytes) => {
          survives(codec, bytes);
          if (codec.sealed) survives(codec, seal(bytes));
        }),
        parameters,
      );
    });

    test(`${codec.name}: valid bytes, changed`, () => {
      fc.assert(
        fc.property(codec.encoded, mutations, (bytes, mutations) => {
          const changed = mutations.reduce(mutate, bytes);
          survives(codec, changed);
          if (codec.sealed) survives(codec, seal(mutations.reduce(mutate, bytes.slice(0, -4))));
        }),
        parameters,
      );
    });
  }
});
