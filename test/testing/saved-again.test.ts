import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandSavedAgain } from '../../lib/testing/saved-again.ts';
import { Violation } from '../../lib/testing/violation.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import type { Txn } from '../../lib/tree/txn.ts';
import { encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { z } from './stage.ts';

const CREATION: Txn = {
  session: 0n,
  cxid: 0,
  resolved: 0,
  owner: { peer: 1, store: 'store', boot: 1 },
  time: 1_000,
  body: {
    type: 'change',
    changes: [
      {
        type: 'create',
        path: '/a',
        data: new Uint8Array(3),
        acl: [{ scheme: 'world', id: 'anyone', permissions: 31 }],
        kind: 'persistent',
        ttl: 0,
        owner: 0n,
      },
    ],
    spans: [1],
    multi: false,
  },
};

function save(machine: StateMachine): Uint8Array[] {
  const checkpoint = machine.checkpoint();
  const chunks: Uint8Array[] = [];
  for (let part = checkpoint.next(8); part !== undefined; part = checkpoint.next(8)) {
    chunks.push(encodeCheckpointPart(part, chunks.length));
  }
  return chunks;
}

test('S17 fires when a state is saved in other bytes, or in more or fewer parts', () => {
  const machine = new StateMachine();
  const before = save(machine);
  machine.apply(z(1), CREATION);
  const after = save(machine);
  demandSavedAgain(after, machine, 8);
  for (const chunks of [before, [...after, ...before], after.slice(0, -1)]) {
    assert.throws(
      () => demandSavedAgain(chunks, machine, 8),
      (error) => error instanceof Violation && error.predicate === 'S17',
    );
  }
});
