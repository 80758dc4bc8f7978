import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaEvent } from '../../lib/replica/ready.ts';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import type { StateMachine } from '../../lib/tree/state-machine.ts';
import { kept } from '../tree/world.ts';
import { Cluster, create } from './pump.ts';

const LIMIT = 100_000;
/** A node with so much data, of which ten are the limit. */
const TENTH = 'x'.repeat(LIMIT / 10 - 202);
const IDS = [1, 2, 3];

function told(cluster: Cluster, id: number, type: ReplicaEvent['type']): ReplicaEvent[] {
  return cluster.events(id).filter((event) => event.type === type);
}

function fill(
  cluster: Cluster,
  id: number,
  session: SessionHandle,
  from: number,
  to: number,
): void {
  for (let at = from; at < to; at += 1) {
    const { result } = cluster.ask(id, session, create(`/${at}`, TENTH));
    assert.equal(result.type, 'create');
  }
}

function remove(cluster: Cluster, id: number, session: SessionHandle, at: number): void {
  const operation = { type: 'delete', path: `/${at}`, version: -1, recursive: false } as const;
  assert.equal(cluster.ask(id, session, operation).result.type, 'delete');
}

/** All that the nodes of a checkpoint come to. */
function savedAgain(machine: StateMachine): number {
  const checkpoint = machine.checkpoint();
  const restorer = new Restorer();
  for (let part = checkpoint.next(2); part !== undefined; part = checkpoint.next(2))
    restorer.add(kept(part));
  return restorer.finish().treeBytes;
}

test('every peer says once that the tree fills up, and again only after it was relieved', () => {
  const cluster = new Cluster({ replica: { maxTreeBytes: LIMIT } });
  const id = cluster.follower();
  const session = cluster.open(id);
  const counts = (): number[] => {
    cluster.run(1_000);
    return IDS.map((peer) => told(cluster, peer, 'tree-filling').length);
  };
  fill(cluster, id, session, 0, 7);
  assert.deepEqual(counts(), [0, 0, 0]);
  fill(cluster, id, session, 7, 9);
  assert.deepEqual(counts(), [1, 1, 1]);
  const [event] = told(cluster, id, 'tree-filling');
  assert.ok(event?.type === 'tree-filling' && event.limit === LIMIT);
  assert.ok(event.bytes >= LIMIT * 0.8 && event.bytes < LIMIT * 0.9);
  const refused = cluster.ask(id, session, create('/more', TENTH)).result;
  assert.deepEqual(refused, { type: 'error', code: 'QUOTA_EXCEEDED', path: '/more' });
  // Just below the mark is not relieved.
  remove(cluster, id, session, 8);
  remove(cluster, id, session, 7);
  fill(cluster, id, session, 7, 9);
  assert.deepEqual(counts(), [2, 2, 2], 'from 70 % up again');
  remove(cluster, id, session, 8);
  fill(cluster, id, session, 8, 9);
  assert.deepEqual(counts(), [2, 2, 2], 'from 80 % up again');
});

test('a peer that starts with a tree that is nearly full says so once it serves', () => {
  const cluster = new Cluster({ replica: { maxTreeBytes: LIMIT, snapCount: 10 } });
  const id = cluster.follower();
  const session = cluster.open(cluster.settle());
  fill(cluster, cluster.settle(), session, 0, 9);
  cluster.crash(id);
  cluster.start(id);
  assert.deepEqual(told(cluster, id, 'tree-filling'), []);
  cluster.settle();
  cluster.run(100);
  assert.equal(told(cluster, id, 'tree-filling').length, 1);
});

test('the limit is the leader’s for all; who was given another one says so', () => {
  const cluster = new Cluster({ replica: { maxTreeBytes: LIMIT } });
  const leader = cluster.settle();
  const id = cluster.follower();
  cluster.crash(id);
  cluster.start(id, { maxTreeBytes: 2 * LIMIT });
  cluster.settle();
  cluster.run(1_000);
  assert.deepEqual(told(cluster, id, 'tree-limit'), [
    { type: 'tree-limit', own: 2 * LIMIT, agreed: LIMIT },
  ]);
  assert.equal(cluster.peer(id).stateMachine.maxTreeBytes, LIMIT);
  const third = IDS.find((other) => other !== leader && other !== id) ?? 0;
  cluster.crash(leader);
  cluster.crash(third);
  cluster.start(leader, { maxTreeBytes: 3 * LIMIT });
  cluster.start(third, { maxTreeBytes: 3 * LIMIT });
  const next = cluster.settle();
  cluster.run(1_000);
  const agreed = next === id ? 2 * LIMIT : 3 * LIMIT;
  for (const peer of IDS) {
    const { stateMachine } = cluster.peer(peer);
    assert.equal(stateMachine.maxTreeBytes, agreed);
    assert.equal(stateMachine.hash(), cluster.peer(next).stateMachine.hash());
    const differs = (peer === id ? 2 : 3) * LIMIT !== agreed;
    const last = told(cluster, peer, 'tree-limit').at(-1);
    assert.equal(last?.type === 'tree-limit' && last.agreed === agreed, differs);
  }
});

test('the bytes of all trees are equal after a TRUNC and a SNAP, and are those of their nodes', () => {
  const cluster = new Cluster({ replica: { snapCount: 10 } });
  const old = cluster.settle();
  const session = cluster.open(old, 60_000);
  fill(cluster, old, session, 0, 3);
  cluster.isolate(old);
  for (let at = 0; at < 5; at += 1)
    cluster.peer(old).sessions.submit(session, create(`/lost-${at}`, TENTH));
  cluster.step();
  cluster.run(10_000);
  const id = IDS.find((other) => other !== old) ?? 0;
  const other = cluster.open(id, 60_000);
  fill(cluster, id, other, 10, 60);
  for (let at = 10; at < 50; at += 1) remove(cluster, id, other, at);
  cluster.heal();
  const leader = cluster.settle();
  cluster.until('all have applied all', () =>
    IDS.every((peer) => cluster.peer(peer).applied === cluster.peer(leader).applied),
  );
  const { treeBytes } = cluster.peer(leader).stateMachine;
  for (const peer of IDS) {
    assert.equal(cluster.peer(peer).stateMachine.treeBytes, treeBytes);
    assert.equal(savedAgain(cluster.peer(peer).stateMachine), treeBytes);
  }
  assert.ok(cluster.events(old).some(({ type }) => type === 'installed'));
});
