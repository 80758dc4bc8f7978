import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Restore } from '../../lib/replica/catch-up.ts';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import { encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { seal, unseal } from '../../lib/wire/sealed.ts';
import { parts } from '../tree/world.ts';
import { Cluster, create, set } from './pump.ts';

/** So many writes that the log which a lagging peer needs is gone. */
function outgrow(cluster: Cluster, id: number, session: SessionHandle): void {
  for (let at = 0; at < 60; at += 1) cluster.ask(id, session, set('/a', `${at}`));
}

function lagging(): { cluster: Cluster; leader: number; id: number } {
  const cluster = new Cluster({ replica: { snapCount: 10 } });
  const leader = cluster.settle();
  return { cluster, leader, id: cluster.follower() };
}

test('a peer that lags behind the log gets a copy, and all trees are equal', () => {
  const { cluster, leader, id } = lagging();
  const session = cluster.open(leader);
  cluster.ask(leader, session, create('/a'));
  cluster.isolate(id);
  outgrow(cluster, leader, session);
  cluster.heal();
  cluster.settle();
  assert.ok(cluster.events(id).some(({ type }) => type === 'installed'));
  cluster.until(
    'it has caught up',
    () => cluster.peer(id).applied === cluster.peer(leader).applied,
  );
  assert.equal(cluster.peer(id).stateMachine.hash(), cluster.peer(leader).stateMachine.hash());
});

test('requests under way are answered from the copy: the one that was applied, and the one that was not', () => {
  const { cluster, leader, id } = lagging();
  const session = cluster.open(leader, 60_000);
  cluster.ask(leader, session, create('/a'));
  const own = cluster.open(id, 60_000);
  const applied = cluster.peer(id).sessions.submit(own, create('/applied'));
  cluster.step();
  cluster.step();
  cluster.isolate(id);
  const fresh = cluster.peer(id).sessions.submit(own, create('/fresh'));
  outgrow(cluster, leader, session);
  cluster.heal();
  cluster.settle();
  assert.ok(cluster.events(id).some(({ type }) => type === 'installed'));
  assert.ok(typeof applied === 'number' && typeof fresh === 'number');
  cluster.until('both are answered', () =>
    Boolean(cluster.reply(id, applied) && cluster.reply(id, fresh)),
  );
  const first = cluster.reply(id, applied);
  const second = cluster.reply(id, fresh);
  assert.equal(first?.outcome, 'applied');
  assert.equal(second?.outcome, 'applied');
  assert.ok(first?.decided !== undefined && second?.decided !== undefined);
  assert.ok(first.decided < second.decided);
  const list = cluster.read(
    id,
    own,
    { type: 'children', path: '/' },
    { consistency: 'linearizable' },
  );
  assert.ok(list.type === 'children');
  assert.deepEqual(list.children, ['a', 'applied', 'fresh', 'zookeeper']);
});

test('watches see over a copy: one-shot ones fire, persistent ones get the difference', () => {
  const { cluster, leader, id } = lagging();
  const session = cluster.open(leader, 60_000);
  cluster.ask(leader, session, create('/a'));
  const own = cluster.open(id, 60_000);
  cluster.run(100);
  cluster.read(id, own, { type: 'get', path: '/a', watch: true });
  cluster.read(id, own, { type: 'add-watch', path: '/', mode: 'persistent-recursive' });
  cluster.isolate(id);
  cluster.ask(leader, session, create('/b'));
  outgrow(cluster, leader, session);
  cluster.heal();
  cluster.settle();
  cluster.until('the tree was replaced', () =>
    cluster.events(id).some(({ type }) => type === 'installed'),
  );
  const events = cluster.told(id).flatMap((each) => (each.type === 'watch' ? [each.event] : []));
  assert.deepEqual(
    events.map(({ type, path }) => `${type} ${path}`),
    ['data-changed /a', 'resync /'],
  );
  const resync = events[1];
  assert.ok(resync?.type === 'resync');
  assert.deepEqual(
    resync.changes.map(({ type, path }) => `${type} ${path}`),
    ['data-changed /a', 'created /b'],
  );
});

test('a session that ended while its host was away is found to have ended', () => {
  const { cluster, leader, id } = lagging();
  const session = cluster.open(leader, 60_000);
  cluster.ask(leader, session, create('/a'));
  const own = cluster.open(id, 4_000);
  cluster.isolate(id);
  cluster.run(7_000);
  assert.equal(own.state, 'expired');
  outgrow(cluster, leader, session);
  cluster.heal();
  cluster.settle();
  assert.equal(cluster.peer(leader).stateMachine.sessions.get(own.id), undefined);
  assert.equal(cluster.open(id).state, 'connected');
});

test('a peer restarts from its own checkpoint and the log behind it', () => {
  const cluster = new Cluster({ replica: { snapCount: 10, sliceBytes: 100 } });
  const leader = cluster.settle();
  const session = cluster.open(leader);
  cluster.ask(leader, session, create('/a'));
  outgrow(cluster, leader, session);
  cluster.run(500);
  const done = cluster
    .events(leader)
    .filter((event) => event.type === 'checkpoint' && event.state === 'complete');
  assert.ok(done.length >= 3, `${done.length} checkpoints`);
  const { applied } = cluster.peer(leader);
  for (const id of [1, 2, 3]) cluster.crash(id);
  for (const id of [1, 2, 3]) cluster.start(id);
  for (const id of [1, 2, 3]) {
    const { base } = cluster.disk(id);
    assert.ok(base !== undefined && base > 0n, 'the log was cut');
    assert.ok(base < applied);
  }
  cluster.settle();
  const after = cluster.open(leader);
  const get = cluster.read(
    leader,
    after,
    { type: 'get', path: '/a' },
    { consistency: 'linearizable' },
  );
  assert.ok(get.type === 'get');
  assert.equal(new TextDecoder().decode(get.data), '59');
});

test('of a session that was taken over behind a copy, nothing is claimed about what was under way', () => {
  const { cluster, leader, id } = lagging();
  const session = cluster.open(leader, 60_000);
  cluster.ask(leader, session, create('/a'));
  const password = new Uint8Array(16).fill(7);
  const here = cluster.peer(id).sessions.open({ timeout: 60_000, kind: 'client', password });
  cluster.until('it is connected', () => here.state === 'connected');
  const underWay = cluster.peer(id).sessions.submit(here, create('/under-way'));
  cluster.step();
  cluster.step();
  cluster.isolate(id);
  const kept = cluster.peer(id).sessions.submit(here, create('/kept'));
  assert.ok(typeof underWay === 'number' && typeof kept === 'number');
  const there = cluster
    .peer(leader)
    .sessions.takeOver({ session: here.id, password, timeout: 60_000 });
  // The numbers of the new owner go on where those of the former one ended.
  cluster.ask(leader, there, create('/other'));
  cluster.ask(leader, there, create('/others'));
  outgrow(cluster, leader, session);
  cluster.heal();
  cluster.settle();
  assert.ok(cluster.events(id).some(({ type }) => type === 'installed'));
  cluster.until('it is told', () => here.state === 'closed');
  assert.equal(cluster.reply(id, underWay)?.outcome, 'unknown');
  assert.equal(cluster.reply(id, kept)?.outcome, 'not-applied');
});

test('a watch over a copy knows what its session has become on the way', () => {
  const { cluster, leader, id } = lagging();
  const session = cluster.open(leader, 60_000);
  cluster.ask(leader, session, create('/a'));
  const own = cluster.open(id, 60_000);
  cluster.run(100);
  const identity = { scheme: 'digest', id: 'u:h' };
  cluster.read(id, own, { type: 'exists', path: '/secret', watch: true });
  cluster.peer(id).sessions.submit(own, { type: 'add-auth', identity });
  cluster.step();
  cluster.step();
  cluster.isolate(id);
  const secret = create('/secret');
  assert.ok(secret.type === 'create');
  cluster.ask(leader, session, { ...secret, acl: [{ ...identity, permissions: 31 }] });
  outgrow(cluster, leader, session);
  cluster.heal();
  cluster.settle();
  assert.ok(cluster.events(id).some(({ type }) => type === 'installed'));
  cluster.run(500);
  assert.equal(cluster.read(id, own, { type: 'get', path: '/secret' }).type, 'get');
  assert.equal(cluster.told(id).filter(({ type }) => type === 'watch').length, 1);
});

test('a copy that never comes to its end does not keep the leader from its own checkpoints', () => {
  const cluster = new Cluster({
    replica: { snapCount: 10, sliceBytes: 100 },
    zab: { heldBytesMax: 300 },
  });
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(leader);
  for (let at = 0; at < 400; at += 1)
    cluster.peer(leader).sessions.submit(session, create(`/n${at}`));
  cluster.ask(leader, session, create('/a'));
  cluster.isolate(id);
  outgrow(cluster, leader, session);
  cluster.heal();
  const before = cluster.events(leader).length;
  const since = (): string[] =>
    cluster
      .events(leader)
      .slice(before)
      .map((event) => {
        if (event.type === 'checkpoint') return event.state;
        return event.type === 'sync' ? event.mode : event.type;
      });
  for (let at = 0; at < 200; at += 1) {
    // More than its link takes of the copy.
    cluster.ask(leader, session, set('/a', `${at}`.padEnd(1_000)));
    cluster.step();
  }
  const count = (what: string): number => since().filter((event) => event === what).length;
  assert.ok(count('SNAP') > 1, `${count('SNAP')} copies were begun`);
  assert.ok(count('complete') >= 3, `${count('complete')} checkpoints of 200 writes`);
  cluster.until(
    'it has caught up once the writes end',
    () => cluster.peer(id).applied === cluster.peer(leader).applied,
  );
});

test('nothing comes of a copy of which a piece was refused, though all that matters was in it', () => {
  const machine = new StateMachine();
  const chunks = parts(machine, 100).map(encodeCheckpointPart);
  const mark = { zxid: machine.zxid, chain: 0 };
  const whole = new Restore();
  whole.add(chunks.map((bytes, at) => ({ first: at === 0, bytes, last: false })));
  assert.equal(whole.finish(mark).hash(), machine.hash());
  const last = chunks.pop() ?? assert.fail();
  const longer = seal(Uint8Array.of(...unseal(last, last.length, 'chunk'), 0));
  const copy = new Restore();
  const pieces = [...chunks, longer].map((bytes, at) => ({ first: at === 0, bytes, last: false }));
  assert.throws(() => copy.add(pieces), { name: 'DecodeError' });
  assert.equal(copy.active, false);
  assert.throws(() => copy.finish(mark), { name: 'InvariantError' });
});
