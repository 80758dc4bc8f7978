import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../../lib/replica/ready.ts';
import { Cluster, create, set, textOf } from './pump.ts';

const LINEARIZABLE = { consistency: 'linearizable' } as const;

function numberOf(ticket: number | string): number {
  assert.ok(typeof ticket === 'number', `taken: ${ticket}`);
  return ticket;
}

test('what is created through one peer is read through another, after its watch has fired', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const follower = cluster.follower();
  const writer = cluster.open(follower);
  const reader = cluster.open(leader);
  const absent = cluster.read(leader, reader, { type: 'exists', path: '/a', watch: true });
  assert.equal(absent.type, 'error');
  const reply = cluster.ask(follower, writer, create('/a', 'one'));
  assert.equal(reply.outcome, 'applied');
  cluster.until('the watch', () => cluster.told(leader).some(({ type }) => type === 'watch'));
  const get = { type: 'get', path: '/a' } as const;
  assert.equal(textOf(cluster.read(leader, reader, get, LINEARIZABLE)), 'one');
  assert.equal(cluster.ask(leader, reader, set('/a', 'two')).result.type, 'set');
  assert.equal(textOf(cluster.read(follower, writer, get, LINEARIZABLE)), 'two');
});

test('a session is told of a change before the reply to its own write that made it', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id);
  cluster.read(id, session, { type: 'exists', path: '/a', watch: true });
  cluster.ask(id, session, create('/a'));
  const kinds = cluster.told(id).map(({ type }) => type);
  assert.ok(kinds.indexOf('watch') < kinds.indexOf('reply'));
  assert.ok(kinds.includes('watch'));
});

test('deliveries of a session come in the order of their zxids', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id);
  for (let at = 0; at < 20; at += 1) {
    cluster.peer(id).sessions.submit(session, create(`/n${at}`, '', 'persistent'));
    cluster.peer(id).sessions.read(session, { type: 'children', path: '/', watch: true });
    if (at % 5 === 0) cluster.peer(id).sessions.read(session, { type: 'sync' }, LINEARIZABLE);
    cluster.step();
  }
  cluster.run(500);
  const zxids = cluster.told(id).map(({ zxid }) => zxid);
  assert.ok(zxids.length > 40);
  assert.ok(zxids.every((zxid, at) => at === 0 || zxid >= (zxids[at - 1] ?? zxid)));
});

test('a read waits for the writes of its session that were made before it', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id);
  const peer = cluster.peer(id);
  peer.sessions.submit(session, create('/a', 'mine'));
  const ticket = peer.sessions.read(session, { type: 'get', path: '/a' });
  assert.equal(typeof ticket, 'number', 'it has to wait');
  cluster.run(200);
  const read = cluster.told(id).find((each) => each.type === 'read' && each.ticket === ticket);
  assert.ok(read?.type === 'read');
  assert.equal(textOf(read.result), 'mine');
  assert.equal(textOf(cluster.read(id, session, { type: 'get', path: '/a' })), 'mine');
});

for (const gap of [0, 1, 2, 3, 4, 5]) {
  test(`every write is applied exactly once when the leader dies ${gap} turns after it was asked`, () => {
    const cluster = new Cluster();
    const leader = cluster.settle();
    const id = cluster.follower();
    const session = cluster.open(id, 20_000);
    cluster.ask(id, session, create('/q'));
    const tickets = Array.from({ length: 30 }, () =>
      numberOf(
        cluster.peer(id).sessions.submit(session, create('/q/n', '', 'persistent-sequential')),
      ),
    );
    for (let turn = 0; turn < gap; turn += 1) cluster.step();
    cluster.crash(leader);
    cluster.until('a reply to each', () => tickets.every((ticket) => cluster.reply(id, ticket)));
    const names = tickets.map((ticket) => {
      const reply = cluster.reply(id, ticket);
      assert.equal(reply?.outcome, 'applied');
      return reply?.result.type === 'create' ? reply.result.path : '';
    });
    assert.equal(new Set(names).size, 30);
    assert.deepEqual(names, names.toSorted());
    const list = cluster.read(id, session, { type: 'children', path: '/q' }, LINEARIZABLE);
    assert.ok(list.type === 'children');
    assert.equal(list.children.length, 30);
    cluster.start(leader);
    cluster.settle();
    cluster.until(
      'all peers have it',
      () => cluster.peer(leader).applied === cluster.peer(id).applied,
    );
    assert.equal(cluster.peer(leader).stateMachine.hash(), cluster.peer(id).stateMachine.hash());
  });
}

test('a write that a broken link swallowed is sent again to the same leader, once', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id, 20_000);
  const tickets = [1, 2, 3].map((at) =>
    numberOf(cluster.peer(id).sessions.submit(session, create(`/n${at}`))),
  );
  cluster.step();
  cluster.cut(leader, id);
  cluster.run(100);
  cluster.heal();
  cluster.until('a reply to each', () => tickets.every((ticket) => cluster.reply(id, ticket)));
  for (const ticket of tickets) assert.equal(cluster.reply(id, ticket)?.outcome, 'applied');
  assert.equal(session.state, 'connected');
});

test('ephemeral nodes of a crashed peer go when its session expires, and not before its time-out', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id, 4_000);
  cluster.ask(id, session, create('/e', '', 'ephemeral'));
  const watcher = cluster.open(leader, 4_000);
  cluster.run(2_000);
  cluster.crash(id);
  const died = cluster.now;
  const exists = (): boolean =>
    cluster.read(leader, watcher, { type: 'exists', path: '/e' }).type === 'exists';
  cluster.run(2_500);
  assert.ok(exists(), 'it lives on for its time-out');
  cluster.until('it is gone', () => !exists());
  assert.ok(cluster.now - died < 6_000, `gone after ${cluster.now - died} ms`);
  assert.equal(watcher.state, 'connected');
});

test('ephemeral nodes go at once when their session is closed', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id);
  const other = cluster.open(leader);
  cluster.ask(id, session, create('/e', '', 'ephemeral'));
  const before = numberOf(cluster.peer(id).sessions.submit(session, create('/kept')));
  cluster.peer(id).sessions.close(session);
  assert.equal(cluster.peer(id).sessions.submit(session, create('/late')), 'CLOSED');
  cluster.run(200);
  assert.equal(session.state, 'closed');
  assert.equal(cluster.reply(id, before)?.outcome, 'applied');
  assert.equal(cluster.read(leader, other, { type: 'exists', path: '/e' }).type, 'error');
});

test('a restarted peer closes the session of its former incarnation with its first own', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id, 30_000);
  cluster.ask(id, session, create('/e', '', 'ephemeral'));
  cluster.crash(id);
  cluster.start(id);
  cluster.settle();
  const other = cluster.open(leader);
  assert.equal(
    cluster.read(leader, other, { type: 'exists', path: '/e' }, LINEARIZABLE).type,
    'exists',
  );
  cluster.open(id);
  assert.equal(
    cluster.read(leader, other, { type: 'exists', path: '/e' }, LINEARIZABLE).type,
    'error',
  );
});

test('a client session moves to another peer, and its former owner has no say in it any more', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const password = new Uint8Array(16).fill(7);
  const here = cluster.peer(id).sessions.open({ timeout: 6_000, kind: 'client', password });
  cluster.until('it is connected', () => here.state === 'connected');
  cluster.ask(id, here, create('/e', 'first', 'ephemeral'));
  const there = cluster
    .peer(leader)
    .sessions.takeOver({ session: here.id, password, timeout: 6_000 });
  cluster.step();
  const late = numberOf(cluster.peer(id).sessions.submit(here, set('/e', 'late')));
  const early = numberOf(cluster.peer(leader).sessions.submit(there, set('/e', 'second')));
  cluster.until('it has moved', () => there.state === 'connected' && here.state === 'closed');
  cluster.until('both are decided', () =>
    Boolean(cluster.reply(id, late) && cluster.reply(leader, early)),
  );
  const reply = cluster.reply(id, late);
  assert.equal(reply?.outcome, 'not-applied');
  assert.ok(reply.result.type === 'error' && reply.result.code === 'SESSION_MOVED');
  assert.equal(cluster.reply(leader, early)?.outcome, 'applied');
  assert.equal(there.id, here.id);
  assert.equal(textOf(cluster.read(leader, there, { type: 'get', path: '/e' })), 'second');
  cluster.peer(leader).sessions.close(there);
  cluster.run(200);
  const other = cluster.open(id);
  assert.equal(cluster.read(id, other, { type: 'exists', path: '/e' }, LINEARIZABLE).type, 'error');
});

test('a takeover with a wrong password is refused and changes nothing', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const password = new Uint8Array(16).fill(7);
  const here = cluster.peer(id).sessions.open({ timeout: 6_000, kind: 'client', password });
  cluster.until('it is connected', () => here.state === 'connected');
  const thief = cluster
    .peer(leader)
    .sessions.takeOver({ session: here.id, password: new Uint8Array(16), timeout: 6_000 });
  cluster.until('it is refused', () => thief.state === 'expired');
  assert.equal(cluster.ask(id, here, create('/mine')).outcome, 'applied');
});

test('a deposed leader answers no linearizable read', () => {
  const cluster = new Cluster();
  const old = cluster.settle();
  const session = cluster.open(old, 20_000);
  cluster.ask(old, session, create('/a', 'old'));
  cluster.isolate(old);
  const ticket = cluster
    .peer(old)
    .sessions.read(session, { type: 'get', path: '/a' }, LINEARIZABLE);
  assert.equal(typeof ticket, 'number');
  const others = [1, 2, 3].filter((id) => id !== old);
  cluster.until('the others have a leader', () =>
    others.every((id) => cluster.peer(id).status.serving && cluster.peer(id).status.leader !== old),
  );
  const id = others[0] ?? 0;
  const writer = cluster.open(id);
  cluster.ask(id, writer, set('/a', 'new'));
  const find = (): Delivery | undefined =>
    cluster.told(old).find((each) => each.type === 'read' && each.ticket === ticket);
  assert.equal(find(), undefined);
  const stale = cluster.read(old, session, { type: 'get', path: '/a' }, { consistency: 'stale' });
  assert.equal(textOf(stale), 'old');
  cluster.heal();
  cluster.until('it is answered', () => find() !== undefined);
  const found = find();
  assert.ok(found?.type === 'read');
  assert.equal(textOf(found.result), 'new');
});

test('a host that hears nobody gives its session up, and tells later what became of its writes', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id, 4_000);
  cluster.ask(id, session, create('/e', '', 'ephemeral'));
  const lost = numberOf(cluster.peer(id).sessions.submit(session, create('/lost')));
  // The leader has it, and commits it with the third peer; its host never hears of that.
  cluster.step();
  cluster.step();
  cluster.isolate(id);
  cluster.until('suspended', () => session.state === 'suspended');
  cluster.until('given up', () => session.state === 'expired');
  const reply = cluster.reply(id, lost);
  assert.equal(reply?.outcome, 'unknown');
  assert.ok(reply.result.type === 'error' && reply.result.code === 'SESSION_EXPIRED');
  cluster.heal();
  cluster.until('the fate is known', () => cluster.told(id).some(({ type }) => type === 'settled'));
  const settled = cluster.told(id).find(({ type }) => type === 'settled');
  assert.ok(settled?.type === 'settled' && settled.ticket === lost);
  const other = cluster.open(leader);
  const exists = cluster.read(leader, other, { type: 'exists', path: '/lost' }, LINEARIZABLE);
  assert.equal(settled.outcome, exists.type === 'exists' ? 'applied' : 'not-applied');
  assert.equal(cluster.read(leader, other, { type: 'exists', path: '/e' }).type, 'error');
});

test('a write without a quorum keeps its place, and is applied when there is one', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id, 60_000);
  for (const other of [1, 2, 3]) if (other !== id) cluster.crash(other);
  cluster.until('nobody leads', () => !cluster.peer(id).status.serving);
  const ticket = numberOf(cluster.peer(id).sessions.submit(session, create('/a')));
  cluster.run(3_000);
  assert.equal(cluster.reply(id, ticket), undefined);
  for (const other of [1, 2, 3]) if (other !== id) cluster.start(other);
  cluster.until('the reply', () => cluster.reply(id, ticket) !== undefined);
  assert.equal(cluster.reply(id, ticket)?.outcome, 'applied');
});

test('a write that its caller gave up before it left is withdrawn; one that has left is answered', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id, 60_000);
  const peer = cluster.peer(id);
  const sent = numberOf(peer.sessions.submit(session, create('/sent')));
  cluster.step();
  peer.sessions.abandon(session, sent);
  const kept = numberOf(peer.sessions.submit(session, create('/kept')));
  peer.sessions.abandon(session, kept);
  cluster.run(300);
  const first = cluster.reply(id, sent);
  assert.equal(first?.outcome, 'applied');
  assert.equal(first?.abandoned, true);
  const second = cluster.reply(id, kept);
  assert.equal(second?.outcome, 'not-applied');
  assert.ok(second?.result.type === 'error' && second.result.code === 'ABORTED');
  assert.equal(
    cluster.read(id, session, { type: 'exists', path: '/kept' }, LINEARIZABLE).type,
    'error',
  );
});

test('too many waiting writes are refused before they have a number', () => {
  const cluster = new Cluster({ replica: { pendingMax: 5 } });
  const id = cluster.follower();
  const session = cluster.open(id);
  const taken = Array.from({ length: 7 }, (_, at) =>
    cluster.peer(id).sessions.submit(session, create(`/n${at}`)),
  );
  assert.deepEqual(taken.slice(5), ['OVERLOADED', 'OVERLOADED']);
  cluster.run(300);
  assert.equal(cluster.ask(id, session, create('/again')).outcome, 'applied');
});

test('what no message could carry is refused before it has a number, and holds up nothing', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id);
  const peer = cluster.peer(id);
  const data = new Uint8Array(4 * 2 ** 20 + 1);
  const large = { type: 'set', path: '/', data, version: -1 } as const;
  assert.equal(peer.sessions.submit(session, large), 'TOO_LARGE');
  assert.equal(
    peer.sessions.submit(session, {
      type: 'multi',
      operations: [{ ...large, data: new Uint8Array(0) }, large],
    }),
    'TOO_LARGE',
  );
  assert.equal(peer.sessions.submit(session, create(`/${'x'.repeat(30_000)}`)), 'TOO_LARGE');
  const reply = cluster.ask(id, session, create('/next'));
  assert.equal(reply.outcome, 'applied');
  assert.equal(reply.cxid, 1);
});

test('a peer whose tree is another one than the leader’s stops taking part and says so', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  cluster.run(300);
  const { applied } = cluster.peer(id);
  const hash = cluster.peer(id).stateMachine.hash();
  cluster.inject(leader, id, { type: 'DIGEST', zxid: applied, hash });
  cluster.run(50);
  assert.equal(cluster.peer(id).status.role, 'following', 'an equal digest changes nothing');
  cluster.inject(leader, id, { type: 'DIGEST', zxid: applied, hash: hash + 1 });
  cluster.run(50);
  assert.equal(cluster.peer(id).status.role, 'quarantined');
  assert.ok(cluster.events(id).some(({ type }) => type === 'diverged'));
});

test('digests that the leader sends agree', () => {
  const cluster = new Cluster({ replica: { digestInterval: 100 } });
  const id = cluster.follower();
  const session = cluster.open(id);
  for (let at = 0; at < 50; at += 1) {
    cluster.peer(id).sessions.submit(session, create(`/n${at}`));
    cluster.step();
  }
  cluster.run(1_000);
  for (const peer of [1, 2, 3]) assert.notEqual(cluster.peer(peer).status.role, 'quarantined');
});

test('a peer that closes ends its sessions and hands leadership over without an election round', () => {
  const cluster = new Cluster();
  const old = cluster.settle();
  const session = cluster.open(old);
  const ticket = numberOf(cluster.peer(old).sessions.submit(session, create('/last')));
  cluster.peer(old).close();
  cluster.until('it is closed', () => cluster.peer(old).closed);
  assert.equal(cluster.reply(old, ticket)?.outcome, 'applied');
  assert.equal(session.state, 'closed');
  cluster.crash(old);
  const leader = cluster.settle();
  assert.notEqual(leader, old);
});

test('a group of one serves alone', () => {
  const cluster = new Cluster({ size: 1 });
  const session = cluster.open(1);
  assert.equal(cluster.ask(1, session, create('/a', 'x')).outcome, 'applied');
  assert.equal(textOf(cluster.read(1, session, { type: 'get', path: '/a' })), 'x');
  cluster.crash(1);
  cluster.start(1);
  const again = cluster.open(1);
  assert.equal(textOf(cluster.read(1, again, { type: 'get', path: '/a' })), 'x');
});
