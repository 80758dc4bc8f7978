import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster, create, Disk, textOf } from './pump.ts';

const LINEARIZABLE = { consistency: 'linearizable' } as const;

test('an observer writes, reads and watches as everybody does, and never leads', () => {
  const cluster = new Cluster({ size: 4, observers: 1 });
  const leader = cluster.settle();
  const session = cluster.open(4);
  cluster.read(4, session, { type: 'exists', path: '/a', watch: true });
  assert.equal(cluster.ask(4, session, create('/a', 'x')).outcome, 'applied');
  assert.ok(cluster.told(4).some(({ type }) => type === 'watch'));
  assert.equal(textOf(cluster.read(4, session, { type: 'get', path: '/a' }, LINEARIZABLE)), 'x');
  cluster.crash(leader);
  assert.notEqual(cluster.settle(), 4);
  assert.equal(cluster.ask(4, session, create('/b')).outcome, 'applied');
  assert.equal(session.state, 'connected');
});

test('a peer with an empty disk is made whole and gets its vote back', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(leader, 30_000);
  cluster.ask(leader, session, create('/a', 'kept'));
  cluster.crash(id);
  cluster.replaceDisk(id, new Disk(id, 1));
  cluster.start(id);
  cluster.settle();
  cluster.until('it votes', () => cluster.peer(id).zab.votes);
  const [third] = [1, 2, 3].filter((other) => other !== id && other !== leader);
  cluster.crash(third ?? 0);
  const own = cluster.open(id);
  assert.equal(textOf(cluster.read(id, own, { type: 'get', path: '/a' }, LINEARIZABLE)), 'kept');
  assert.equal(cluster.ask(id, own, create('/b')).outcome, 'applied', 'its vote makes the quorum');
});

test('a peer whose disk was rolled back renews its store and lets no session go on under the old one', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(leader, 30_000);
  cluster.ask(leader, session, create('/a'));
  cluster.run(100);
  const old = cluster.disk(id).copy();
  for (let at = 0; at < 5; at += 1) cluster.ask(leader, session, create(`/n${at}`));
  cluster.run(100);
  cluster.crash(id);
  cluster.replaceDisk(id, old);
  cluster.start(id);
  const { store } = cluster.peer(id).zab;
  const early = cluster.peer(id).openSession({ timeout: 20_000 });
  cluster.settle();
  cluster.until('it has another store', () => cluster.peer(id).zab.store !== store);
  cluster.settle();
  const own = cluster.open(id);
  assert.equal(cluster.ask(id, own, create('/after')).outcome, 'applied');
  assert.ok(early.state === 'expired' || early.state === 'connected');
  cluster.until('all are equal', () =>
    [1, 2, 3].every((peer) => cluster.peer(peer).applied === cluster.peer(leader).applied),
  );
  assert.equal(cluster.peer(id).stateMachine.hash(), cluster.peer(leader).stateMachine.hash());
});
