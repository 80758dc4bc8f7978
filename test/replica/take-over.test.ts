/** A client's session taken over by the host that has it: two handles, one owner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { Cluster, create } from './pump.ts';

const password = new Uint8Array([1, 2, 3]);

function openClient(cluster: Cluster, id: number): SessionHandle {
  const session = cluster.peer(id).sessions.open({ timeout: 6_000, kind: 'client', password });
  cluster.until('the session is connected', () => session.state === 'connected');
  return session;
}

test('a takeover that is withdrawn before it leaves lets the session go on', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = openClient(cluster, id);
  cluster.isolate(id);
  cluster.run(50);
  const other = cluster
    .peer(id)
    .sessions.takeOver({ session: session.id, password, timeout: 6_000 });
  cluster.peer(id).sessions.close(other);
  assert.equal(other.state, 'closed');
  cluster.heal();
  cluster.settle();
  assert.equal(cluster.ask(id, session, create('/a')).outcome, 'applied');
});

test('a session whose old handle is given up lives on under the one that takes it over', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = openClient(cluster, id);
  cluster.isolate(id);
  cluster.run(3_000);
  cluster.crash(leader);
  const other = cluster
    .peer(id)
    .sessions.takeOver({ session: session.id, password, timeout: 6_000 });
  cluster.until('the old handle is given up', () => session.state === 'expired');
  cluster.heal();
  cluster.until('the takeover is decided', () => other.state !== 'connecting');
  cluster.run(1_000);
  assert.equal(other.state, 'connected');
  assert.equal(cluster.ask(id, other, create('/a')).outcome, 'applied');
});

test('a takeover with a password that no message can carry fails at once, and nothing is held up', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = openClient(cluster, id);
  const long = new Uint8Array(1_000);
  const other = cluster
    .peer(id)
    .sessions.takeOver({ session: session.id, password: long, timeout: 6_000 });
  assert.equal(other.state, 'expired');
  assert.equal(cluster.ask(id, session, create('/a')).outcome, 'applied');
  assert.equal(cluster.open(id).state, 'connected');
});

/** Replies by ticket, as that peer's sessions were told them. */
function repliesOf(cluster: Cluster, id: number): Map<number, string[]> {
  const replies = new Map<number, string[]>();
  for (const delivery of cluster.told(id)) {
    if (delivery.type !== 'reply') continue;
    replies.set(delivery.ticket, [...(replies.get(delivery.ticket) ?? []), delivery.outcome]);
  }
  return replies;
}

/** Submits creates of these paths; each by its ticket. */
function creates(
  cluster: Cluster,
  id: number,
  session: SessionHandle,
  ...paths: readonly string[]
): Map<number, string> {
  return new Map(
    paths.map((path) => {
      const ticket = cluster.peer(id).sessions.submit(session, create(path));
      assert.ok(typeof ticket === 'number', `${path}: ${ticket}`);
      return [ticket, path] as const;
    }),
  );
}

/** Each is told once, and what is told is true. */
function assertTold(cluster: Cluster, id: number, tickets: ReadonlyMap<number, string>): void {
  const replies = repliesOf(cluster, id);
  const reader = { identities: [] };
  for (const [ticket, path] of tickets) {
    const [outcome, ...more] = replies.get(ticket) ?? [];
    assert.ok(outcome !== undefined, `${path} is answered`);
    assert.deepEqual(more, [], `${path} is answered once`);
    const exists = cluster.peer(id).stateMachine.exists(path, reader).type === 'exists';
    if (outcome !== 'unknown') assert.equal(outcome === 'applied', exists, `${path}: ${outcome}`);
  }
}

test('whatever was asked before a takeover by the own host is answered, once, also when it closes', () => {
  const cluster = new Cluster();
  cluster.settle();
  const id = cluster.follower();
  for (const closes of ['old', 'new', 'both'] as const) {
    const session = openClient(cluster, id);
    const tickets = creates(cluster, id, session, `/${closes}-1`, `/${closes}-2`);
    const other = cluster
      .peer(id)
      .sessions.takeOver({ session: session.id, password, timeout: 6_000 });
    for (const [ticket, path] of creates(cluster, id, session, `/${closes}-3`))
      tickets.set(ticket, path);
    for (const [ticket, path] of creates(cluster, id, other, `/${closes}-4`))
      tickets.set(ticket, path);
    if (closes !== 'new') cluster.peer(id).sessions.close(session);
    if (closes !== 'old') cluster.peer(id).sessions.close(other);
    cluster.run(2_000);
    assertTold(cluster, id, tickets);
  }
});

test('a session that moved away and back: nothing of the first time is told as of the second', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = openClient(cluster, id);
  const before = creates(cluster, id, session, '/before');
  cluster.run(500);
  cluster.isolate(id);
  const first = creates(cluster, id, session, '/first-1', '/first-2');
  cluster.run(30);
  const away = cluster
    .peer(leader)
    .sessions.takeOver({ session: session.id, password, timeout: 6_000 });
  cluster.until('it is there', () => away.state === 'connected');
  const there = creates(cluster, leader, away, '/away-1', '/away-2', '/away-3');
  cluster.run(200);
  const back = cluster
    .peer(id)
    .sessions.takeOver({ session: session.id, password, timeout: 6_000 });
  cluster.heal();
  cluster.until('it is back', () => back.state === 'connected');
  const second = creates(cluster, id, back, '/second-1', '/second-2');
  cluster.run(1_000);
  assertTold(cluster, id, new Map([...before, ...first, ...second]));
  assertTold(cluster, leader, there);
  const replies = repliesOf(cluster, id);
  for (const ticket of second.keys()) assert.deepEqual(replies.get(ticket), ['applied']);
  for (const ticket of first.keys()) assert.notDeepEqual(replies.get(ticket), ['applied']);
  assert.equal(session.state, 'closed');
  assert.equal(away.state, 'closed');
});
