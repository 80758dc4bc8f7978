/**
 * The very bytes of one value of every kind, so that a change of the format is seen, meant, and given
 * a new version. To write the file anew: `node --import tsx test/wire/golden.test.ts --rewrite`.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { encodeLogRecord } from '../../lib/wire/log-record.ts';
import type { PeerMessage } from '../../lib/wire/messages.ts';
import { encodeMetaRecord } from '../../lib/wire/meta-record.ts';
import { encodeRequests } from '../../lib/wire/request.ts';
import { encodeTxn } from '../../lib/wire/txn.ts';
import { frameOf } from './codecs.ts';
import * as samples from './samples.ts';

const FILE = new URL('./testdata/golden.txt', import.meta.url);

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const LINES: ReadonlyMap<string, string> = new Map(
  [
    ...Object.values<PeerMessage>(samples.MESSAGES).map(
      (message) => [`frame ${message.type}`, frameOf([message])] as const,
    ),
    ...samples.TXNS.map((txn) => [`txn ${txn.body.type}`, encodeTxn(txn)] as const),
    ...samples.REQUESTS.map(
      (request) => [`request ${request.operation.type}`, encodeRequests([request])] as const,
    ),
    ['log record', encodeLogRecord(samples.LOG_RECORD)] as const,
    ['meta record', encodeMetaRecord(samples.META_RECORD)] as const,
    ...samples.CHECKPOINT_PARTS.map(
      (part, place) => [`checkpoint ${part.type}`, encodeCheckpointPart(part, place)] as const,
    ),
  ].map(([name, bytes]) => [name, hex(bytes)]),
);

if (process.argv.includes('--rewrite')) {
  writeFileSync(FILE, [...LINES].map(([name, bytes]) => `${name}\n  ${bytes}\n`).join(''));
}

const golden = new Map(
  readFileSync(FILE, 'utf8')
    .split(/\n(?! )/)
    .filter((block) => block !== '')
    .map((block) => block.split(/\n\s*/) as [string, string]),
);

describe('the bytes of every format', () => {
  for (const [name, bytes] of LINES) {
    test(name, () => assert.equal(bytes, golden.get(name)?.trim()));
  }

  test('no kind has left the file', () => {
    assert.deepEqual([...golden.keys()], [...LINES.keys()]);
  });
});
