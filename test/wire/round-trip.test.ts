import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CODECS } from './codecs.ts';

describe('whatever is encoded comes back', () => {
  for (const codec of CODECS) {
    test(codec.name, () => {
      fc.assert(
        fc.property(codec.roundTrip, ({ value, decoded }) =>
          assert.deepStrictEqual(decoded, value),
        ),
      );
      fc.assert(
        fc.property(codec.encoded, (bytes) => {
          const before = bytes.slice();
          assert.deepEqual(codec.again(bytes), before);
          assert.deepEqual(bytes, before, 'a decoder wrote into its input');
        }),
      );
    });
  }
});
