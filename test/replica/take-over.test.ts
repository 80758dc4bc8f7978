/** A client's session taken over by the host that has it: two handles, one owner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { Cluster, create } from './pump.ts';

const password = new Uint8Array([1, 2, 3]);

function openClient(cluster: Cluster, id: number): SessionHandle {
  const session = cluster.peer(id).openSession({ timeout: 6_000, kind: 'client', password });
  cluster.until('the session is connected', () => session.state === 'connected');
  return session;
}

test('a takeover that is withdrawn before it leaves lets the session go on', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = openClient(cluster, id);
  cluster.isolate(id);
  cluster.run(50);
  const other = cluster.peer(id).takeOver({ session: session.id, password, timeout: 6_000 });
  cluster.peer(id).closeSession(other);
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
  const other = cluster.peer(id).takeOver({ session: session.id, password, timeout: 6_000 });
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
  const other = cluster.peer(id).takeOver({ session: session.id, password: long, timeout: 6_000 });
  assert.equal(other.state, 'expired');
  assert.equal(cluster.ask(id, session, create('/a')).outcome, 'applied');
  assert.equal(cluster.open(id).state, 'connected');
});
