import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fastCrc32 } from '../../lib/storage/fast-crc32.ts';
import { decodeCheckpointPart, encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { crc32 } from '../../lib/wire/crc32.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { decodeLogRecord, encodeLogRecord } from '../../lib/wire/log-record.ts';
import { decodeMetaRecord, encodeMetaRecord } from '../../lib/wire/meta-record.ts';
import { CHECKPOINT_PARTS, ENTRIES, LOG_RECORD, META_RECORD } from './samples.ts';

const HEADER = CHECKPOINT_PARTS[0] ?? assert.fail();

const RECORDS: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
  ['a log record', encodeLogRecord(LOG_RECORD), decodeLogRecord],
  ['a meta record', encodeMetaRecord(META_RECORD), decodeMetaRecord],
  ['a chunk', encodeCheckpointPart(HEADER, 3), (bytes) => decodeCheckpointPart(bytes, 3)],
];

for (const [name, bytes, decode] of RECORDS) {
  describe(name, () => {
    test('shows every single bit that was changed', () => {
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const damaged = bytes.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.throws(() => decode(damaged), DecodeError, `bit ${bit}`);
      }
    });

    test('shows that it was cut, or is of zeros', () => {
      for (let length = 0; length < bytes.length; length += 1) {
        assert.throws(() => decode(bytes.subarray(0, length)), DecodeError, `${length} bytes`);
        assert.throws(() => decode(new Uint8Array(length)), DecodeError);
      }
    });
  });
}

describe('the chain of a log record', () => {
  test('is filled in for every entry', () => {
    assert.deepStrictEqual(decodeLogRecord(encodeLogRecord(LOG_RECORD)), LOG_RECORD);
  });

  test('is broken by an entry that follows something else', () => {
    const elsewhere = { ...LOG_RECORD, previous: { ...LOG_RECORD.previous, chain: 78 } };
    assert.throws(() => decodeLogRecord(encodeLogRecord(elsewhere)), /the chain is broken/);
  });

  test('is broken by an entry that was left out', () => {
    const shorter = { ...LOG_RECORD, entries: LOG_RECORD.entries.slice(1) };
    assert.throws(() => decodeLogRecord(encodeLogRecord(shorter)), /the chain is broken/);
  });

  test('is of ascending entries', () => {
    const backwards = { ...LOG_RECORD, entries: [...ENTRIES].reverse() };
    assert.throws(() => decodeLogRecord(encodeLogRecord(backwards)), /out of order/);
  });
});

test('a chunk is refused in another place', () => {
  assert.throws(() => decodeCheckpointPart(encodeCheckpointPart(HEADER, 3), 4), /another place/);
});

/** CRC-32 as its definition says it, bit by bit. */
function crc32ByBits(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}

test('the checksum is that of gzip and PNG', () => {
  assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf4_3926);
  assert.equal(crc32(new Uint8Array(0)), 0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(crc32(bytes), crc32ByBits(bytes));
      assert.equal(fastCrc32(bytes), crc32(bytes));
    }),
  );
});
