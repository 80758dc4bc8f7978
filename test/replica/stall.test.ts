/** What a peer may say and do after its process stood still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZAB_DEFAULTS } from '../../lib/zab/options.ts';
import { Cluster, create, set, textOf } from './pump.ts';

const { heartbeat, syncTimeout } = ZAB_DEFAULTS;
const GET = { type: 'get', path: '/a' } as const;

/** A group with /a, a session at each of its peers, and none of them late. */
function group(): { cluster: Cluster; leader: number; follower: number } {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const follower = cluster.follower();
  const session = cluster.open(leader);
  assert.equal(cluster.ask(leader, session, create('/a', 'old')).outcome, 'applied');
  cluster.run(1_000);
  return { cluster, leader, follower };
}

test('a read that comes right after a long computation waits until a quorum has confirmed the leader', () => {
  for (const role of ['leader', 'follower'] as const) {
    const { cluster, ...ids } = group();
    const id = ids[role];
    const peer = cluster.peer(id);
    const session = cluster.open(id);
    cluster.run(1_000);
    peer.look(cluster.now + syncTimeout / 2);
    assert.equal(
      textOf(asResult(peer.sessions.read(session, GET))),
      'old',
      'a short one costs nothing',
    );
    peer.look(cluster.now + syncTimeout + heartbeat + 1);
    const ticket = peer.sessions.read(session, GET);
    assert.equal(typeof ticket, 'number', `${role}: the answer waits`);
    assert.equal(
      textOf(asResult(peer.sessions.read(session, GET, { consistency: 'stale' }))),
      'old',
    );
    const unordered = peer.sessions.read(session, GET, { consistency: 'unordered' });
    assert.equal(typeof unordered, 'number', `${role}: so does an unordered one`);
    for (const asked of [ticket, unordered]) {
      const told = (): boolean =>
        cluster.told(id).some((each) => each.type === 'read' && each.ticket === asked);
      cluster.until('the read', told);
    }
    assert.equal(textOf(asResult(peer.sessions.read(session, GET))), 'old', 'and is free again');
  }
});

function asResult<T>(result: T): Exclude<T, number> {
  assert.notEqual(typeof result, 'number', 'answered at once');
  return result as Exclude<T, number>;
}

test('a leader that slept through its end reads nothing before it knows who leads', () => {
  const { cluster, leader, follower } = group();
  const session = cluster.open(leader, 30_000);
  const sleeper = cluster.peer(leader);
  cluster.isolate(leader);
  // As one that was frozen would find it: its links are there, and much time has passed.
  sleeper.look(cluster.now + syncTimeout + heartbeat + 1);
  const ticket = sleeper.sessions.read(session, GET);
  assert.equal(typeof ticket, 'number', 'the answer waits');
  const theirs = cluster.open(follower, 30_000);
  assert.equal(cluster.ask(follower, theirs, set('/a', 'new')).outcome, 'applied');
  const answer = () =>
    cluster.told(leader).find((each) => each.type === 'read' && each.ticket === ticket);
  assert.equal(answer(), undefined);
  cluster.heal();
  cluster.until('the read', () => answer() !== undefined);
  const told = answer();
  assert.equal(told?.type === 'read' && textOf(told.result), 'new');
});

test('the state of a session is judged by the clock at the call, before any tick', () => {
  const { cluster, follower } = group();
  const session = cluster.open(follower, 6_000);
  const peer = cluster.peer(follower);
  cluster.run(500);
  const { now } = cluster;
  assert.equal(peer.sessions.stateOf(session, now, now), 'connected');
  assert.equal(peer.sessions.stateOf(session, now + 1_000, now + 1_000), 'connected');
  assert.equal(peer.sessions.stateOf(session, now + 4_500, now + 4_500), 'suspended');
  assert.equal(
    peer.sessions.stateOf(session, now + 60_000, now + 60_000),
    'suspended',
    'only the group knows',
  );
  assert.equal(peer.sessions.stateOf(session, now, now + 2_500), 'suspended', 'the machine slept');
  assert.equal(
    peer.sessions.stateOf(session, now, now - 60_000),
    'connected',
    'the calendar was set back',
  );
  assert.equal(session.state, 'connected', 'no event was told yet');
});

test('a session outlives a stall of its host that is shorter than its time-out', () => {
  const { cluster, follower, leader } = group();
  const session = cluster.open(follower, 6_000);
  cluster.run(500);
  // The others go on in steps while the host stands still; here all of them stand still at once.
  cluster.step(6_000 - 2 * heartbeat);
  assert.notEqual(session.state, 'expired');
  cluster.until('it is confirmed', () => session.state === 'connected');
  assert.ok(cluster.peer(leader).stateMachine.sessions.get(session.id) !== undefined);
});

test('the age of the last contact counts what the process has slept through', () => {
  const { cluster, follower, leader } = group();
  for (const id of [leader, follower]) {
    const peer = cluster.peer(id);
    assert.ok(cluster.now - peer.contact <= 2 * heartbeat, 'in contact');
  }
  cluster.isolate(follower);
  const before = cluster.peer(follower).contact;
  cluster.step(10_000);
  assert.equal(cluster.peer(follower).contact, before, 'nothing was heard since');
  cluster.heal();
  cluster.settle();
  assert.ok(cluster.now - cluster.peer(follower).contact <= 2 * heartbeat);
});
