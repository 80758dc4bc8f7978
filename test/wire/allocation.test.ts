/**
 * What a decoder keeps or throws is bounded by its input: the worst that its limits let through, and
 * lengths that lie.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeZxid } from '../../lib/base/zxid.ts';
import type { Request } from '../../lib/tree/request.ts';
import type { Change } from '../../lib/tree/txn.ts';
import { encodeItem, type Item } from '../../lib/wire/cbor.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { decodeFrame } from '../../lib/wire/frames.ts';
import {
  MAX_CHANGES,
  MAX_ELEMENTS,
  MAX_ENTRIES,
  MAX_ITEMS,
  MAX_REQUESTS,
  MAX_SESSIONS,
} from '../../lib/wire/limits.ts';
import { decodeRequests, encodeRequests } from '../../lib/wire/request.ts';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import { frameOf } from './codecs.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 1024 * 1024;
const CONSTANT = 32 * MIB;
const OWNER = { peer: 1, store: '', boot: 0 };
const NOTHING = new Uint8Array(0);

function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function bounded(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  const before = memory();
  let kept: unknown;
  try {
    kept = decode(bytes);
  } catch (error) {
    assert.ok(error instanceof DecodeError);
    kept = error;
  }
  const used = memory() - before;
  assert.ok(used <= 4 * bytes.length + CONSTANT, `${used} bytes for ${bytes.length}`);
  assert.notEqual(kept, undefined);
}

function request(operation: Request['operation']): Request {
  return { session: 0n, cxid: 0, resolved: 0, owner: OWNER, operation };
}

describe('the worst that passes is bounded', () => {
  test('entries without a payload', () => {
    const entries = Array.from({ length: MAX_ENTRIES }, (_, index) => ({
      zxid: makeZxid(1, index + 1),
      kind: 'transaction' as const,
      bytes: NOTHING,
      chain: 0,
    }));
    bounded(
      frameOf([{ type: 'PROPOSAL', epoch: 1, previous: makeZxid(1, 1), entries }]),
      decodeFrame,
    );
  });

  test('requests for nothing', () => {
    bounded(
      encodeRequests(Array.from({ length: MAX_REQUESTS }, () => request({ type: 'sync' }))),
      decodeRequests,
    );
  });

  test('multis of very many operations', () => {
    const check = { type: 'check', path: '', version: 0 } as const;
    const multi = request({ type: 'multi', operations: new Array(MAX_CHANGES).fill(check) });
    bounded(encodeRequests(new Array(MAX_ELEMENTS / MAX_CHANGES - 1).fill(multi)), decodeRequests);
    const many = encodeRequests(new Array(MAX_ELEMENTS / MAX_CHANGES + 1).fill(multi));
    assert.throws(() => decodeRequests(many), /too many elements/);
  });

  test('changes with very long ACLs', () => {
    const acl = new Array(1000).fill({ scheme: '', id: '', permissions: 0 });
    const change: Change = { type: 'set-acl', path: '', acl, version: 0 };
    const body = {
      type: 'change',
      changes: new Array(100).fill(change),
      spans: [100],
      multi: false,
    } as const;
    const txn = { session: 0n, cxid: 0, resolved: 0, owner: OWNER, time: 0, body };
    bounded(encodeTxn(txn), decodeTxn);
  });

  test('sessions by the thousand', () => {
    const touch = { type: 'TOUCH', id: 1, sessions: new Array(MAX_SESSIONS).fill(5n) } as const;
    bounded(frameOf([touch]), decodeFrame);
  });

  test('empty lists in a list', () => {
    const empty: Item[] = new Array(MAX_ITEMS - 10).fill([]);
    bounded(encodeItem([1, [[45, 1n, empty]]]), decodeFrame);
  });
});

test('a length that lies costs nothing', () => {
  const lies = [
    '9affffffff',
    '8201 9a00ffffff',
    '82018183 0f05 5affffff00',
    '8201818218285a00ffffff',
  ];
  const before = process.memoryUsage().external;
  for (const lie of lies) {
    const bytes = new Uint8Array(Buffer.from(lie.replaceAll(' ', ''), 'hex'));
    for (let round = 0; round < 200; round += 1) {
      assert.throws(() => decodeFrame(bytes), DecodeError);
    }
  }
  assert.ok(process.memoryUsage().external - before < MIB);
});
