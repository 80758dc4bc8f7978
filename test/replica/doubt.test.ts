import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO } from '../../lib/base/zxid.ts';
import { HostedSession } from '../../lib/replica/hosted-session.ts';
import { Outbox } from '../../lib/replica/outbox.ts';
import { Reads } from '../../lib/replica/reads.ts';
import { Watching } from '../../lib/replica/watching.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';

interface Probe {
  readonly reads: Reads;
  readonly outbox: Outbox;
  /** Whether a local read is answered at once. */
  isRead(): boolean;
  /** Puts the question that is to be put. */
  ask(): number;
}

function probe(): Probe {
  const machine = new StateMachine();
  const watching = new Watching(
    () => ({ identities: [] }),
    () => machine,
  );
  const outbox = new Outbox();
  const reads = new Reads(() => machine, watching, outbox);
  const handle = { key: 1, id: 1n, kind: 'peer', timeout: 6_000, state: 'connected' } as const;
  const hosted = new HostedSession(handle, 1, 10);
  let ticket = 1;
  const isRead = (): boolean => {
    ticket += 1;
    return reads.read(hosted, ticket, { type: 'get', path: '/' }, {}) !== undefined;
  };
  const ask = (): number => {
    const id = reads.index.question();
    assert.ok(id !== undefined, 'something is asked');
    return id;
  };
  return { reads, outbox, isRead, ask };
}

test('what a quorum has said before a second silence proves nothing after it', () => {
  const { reads, outbox, isRead, ask } = probe();
  reads.serving = true;
  assert.equal(isRead(), true);
  reads.doubt();
  const first = ask();
  // The answer lies in a socket while the process is frozen once more.
  reads.doubt();
  reads.index.answered(first, ZERO);
  reads.release();
  assert.equal(isRead(), false, 'nobody has confirmed the leader since');
  reads.index.answered(ask(), ZERO);
  assert.equal(reads.release().length, 1, 'what waited goes on');
  assert.equal(outbox.take().deliveries.length, 1);
  assert.equal(isRead(), true);
});

test('a leader’s word that lay in a socket over a silence lets nobody read unasked', () => {
  const { reads, outbox, isRead, ask } = probe();
  // Not in step yet, and frozen; then it hears that it is.
  reads.doubt();
  reads.index.reset();
  reads.serving = true;
  assert.equal(isRead(), false, 'that was said before');
  reads.index.answered(ask(), ZERO);
  assert.equal(reads.release().length, 1, 'what waited goes on');
  assert.equal(outbox.take().deliveries.length, 1);
  assert.equal(isRead(), true);
});
