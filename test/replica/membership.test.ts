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
  const early = cluster.peer(id).sessions.open({ timeout: 20_000 });
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

test('a copy of a store is found out by whoever leads, however often it was opened', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  cluster.crash(id);
  const old = cluster.disk(id).copy();
  cluster.start(id);
  const session = cluster.open(id, 30_000);
  cluster.ask(id, session, create('/kept', 'x'));
  cluster.run(500);
  // Nobody is left who remembers what the store has promised since.
  for (const other of [1, 2, 3]) cluster.crash(other);
  for (let times = 0; times < 7; times += 1) old.open();
  cluster.replaceDisk(id, old);
  for (const other of [1, 2, 3]) cluster.start(other);
  const { store } = cluster.peer(id).zab;
  cluster.until('it has another store', () => cluster.peer(id).zab.store !== store);
  cluster.until('it has its vote again', () => cluster.peer(id).zab.votes);
  assert.equal(cluster.peer(leader).zab.votes, true);
  const own = cluster.open(id);
  assert.equal(textOf(cluster.read(id, own, { type: 'get', path: '/kept' }, LINEARIZABLE)), 'x');
});

test('starts without end and without a group cost no store its vote', () => {
  const cluster = new Cluster();
  cluster.settle();
  cluster.run(500);
  for (const id of [1, 2, 3]) cluster.crash(id);
  const stores = [1, 2, 3].map((id) => {
    for (let times = 0; times < 200; times += 1) {
      cluster.start(id);
      cluster.crash(id);
    }
    cluster.start(id);
    const { store } = cluster.peer(id).zab;
    cluster.crash(id);
    return store;
  });
  for (const id of [1, 2, 3]) cluster.start(id);
  cluster.settle();
  cluster.run(1_000);
  assert.deepEqual(
    [1, 2, 3].map((id) => cluster.peer(id).zab.store),
    stores,
  );
});

test('the copy of an observer, which nobody records, is found out before its requests are taken for older ones', () => {
  const cluster = new Cluster({ size: 4, observers: 1 });
  const leader = cluster.settle();
  const id = 4;
  cluster.crash(id);
  const old = cluster.disk(id).copy();
  cluster.start(id);
  const session = cluster.open(id, 30_000);
  cluster.ask(id, session, create('/e', '', 'ephemeral'));
  for (const other of [1, 2, 3, 4]) cluster.crash(other);
  cluster.replaceDisk(id, old);
  for (const other of [1, 2, 3, 4]) cluster.start(other);
  cluster.peer(id).sessions.open({ timeout: 6_000 });
  cluster.until('it is found out', () => cluster.peer(id).status.role === 'quarantined');
  assert.match(cluster.peer(id).status.reason ?? '', /another life of this store/);
  cluster.crash(id);
  cluster.start(id);
  const again = cluster.open(id);
  assert.equal(cluster.ask(id, again, create('/after')).outcome, 'applied');
  const { sessions } = cluster.peer(leader).stateMachine;
  assert.equal(sessions.get(session.id), undefined, 'the life after it has closed its sessions');
});
