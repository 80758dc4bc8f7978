import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operation } from '../../lib/tree/request.ts';
import { isTooLarge } from '../../lib/wire/admission.ts';
import { decodeFrame } from '../../lib/wire/frames.ts';
import { frameOf } from './codecs.ts';
import { OWNER, REQUESTS } from './samples.ts';

const MIB = 1024 * 1024;
const PATH = '/n';

function set(bytes: number, path = PATH): Extract<Operation, { type: 'set' }> {
  return { type: 'set', path, data: new Uint8Array(bytes), version: -1 };
}

function setAcl(lines: number, id: string): Operation {
  const line = { scheme: 'digest', id, permissions: 31 };
  return { type: 'set-acl', path: PATH, acl: new Array(lines).fill(line), version: -1 };
}

const LARGEST: readonly (readonly [string, Operation, Operation])[] = [
  ['data', set(4 * MIB), set(4 * MIB + 1)],
  ['a path', set(0, '字'.repeat(21_845)), set(0, '字'.repeat(21_846))],
  ['an ACL', setAcl(1024, 'jo'), setAcl(1025, 'jo')],
  ['an identity', setAcl(1, '字'.repeat(1365)), setAcl(1, '字'.repeat(1366))],
  [
    'the data of a multi',
    { type: 'multi', operations: [set(4 * MIB), set(4 * MIB - 20)] },
    { type: 'multi', operations: [set(4 * MIB), set(4 * MIB)] },
  ],
  [
    'a multi',
    { type: 'multi', operations: new Array(65_536).fill(set(0)) },
    { type: 'multi', operations: new Array(65_537).fill(set(0)) },
  ],
];

describe('what is not too large', () => {
  for (const [name, largest, larger] of LARGEST) {
    test(`${name}: arrives, and what is larger is known beforehand`, () => {
      assert.equal(isTooLarge(larger), true);
      assert.equal(isTooLarge(largest), false);
      const request = { session: 1n, cxid: 1, resolved: 0, owner: OWNER, operation: largest };
      const message = { type: 'REQUEST', requests: [request] } as const;
      assert.deepStrictEqual(decodeFrame(frameOf([message])), [message]);
    });
  }

  test('is everything that is usual', () => {
    for (const { operation } of REQUESTS) assert.equal(isTooLarge(operation), false);
  });
});
