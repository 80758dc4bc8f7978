import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../lib/tree/request.ts';
import { Cluster, create, set } from './pump.ts';

const LINEARIZABLE = { consistency: 'linearizable' } as const;
const NOTHING = new Uint8Array(0);
const ANYONE = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

function special(path: string, mode: 'ttl' | 'container', ttl: number): Operation {
  return { type: 'create', path, data: NOTHING, acl: ANYONE, mode, ttl, parents: false };
}

test('a node whose time is over and a container that is empty again are removed', () => {
  const cluster = new Cluster({ replica: { reapInterval: 500 } });
  const id = cluster.follower();
  const session = cluster.open(id, 30_000);
  cluster.ask(id, session, special('/ttl', 'ttl', 2_000));
  cluster.ask(id, session, special('/container', 'container', 0));
  cluster.ask(id, session, create('/container/child'));
  cluster.run(1_000);
  const exists = (path: string): boolean =>
    cluster.read(id, session, { type: 'exists', path }, LINEARIZABLE).type === 'exists';
  assert.ok(exists('/ttl'));
  cluster.ask(id, session, set('/ttl', 'again'));
  cluster.run(1_500);
  assert.ok(exists('/ttl'), 'a change gives it its whole time again');
  cluster.run(2_000);
  assert.ok(!exists('/ttl'));
  assert.ok(exists('/container'), 'it has a child');
  cluster.ask(id, session, {
    type: 'delete',
    path: '/container/child',
    version: -1,
    recursive: false,
  });
  cluster.run(1_000);
  assert.ok(!exists('/container'));
});

test('a session is known by the address of its peer’s link, as its leader sees it, and by what it adds', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id);
  const other = cluster.open(leader);
  const acl = [
    { scheme: 'ip', id: `10.0.0.${id}`, permissions: 31 },
    { scheme: 'digest', id: 'u:h', permissions: 1 },
  ];
  const path = '/mine';
  cluster.ask(id, session, {
    type: 'create',
    path,
    data: NOTHING,
    acl,
    mode: 'persistent',
    ttl: 0,
    parents: false,
  });
  assert.equal(cluster.read(id, session, { type: 'get', path }).type, 'get');
  const refused = cluster.read(leader, other, { type: 'get', path }, LINEARIZABLE);
  assert.ok(refused.type === 'error' && refused.code === 'NO_AUTH');
  assert.equal(cluster.ask(leader, other, set(path, 'x')).outcome, 'not-applied');
  const identity = { scheme: 'digest', id: 'u:h' };
  cluster.ask(leader, other, { type: 'add-auth', identity });
  assert.equal(cluster.read(leader, other, { type: 'get', path }).type, 'get');
});

test('a stalled leader expires nobody before it has heard its quorum again', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id, 4_000);
  const own = cluster.open(leader, 4_000);
  cluster.step(20_000);
  cluster.run(2_000);
  const [third] = [1, 2, 3].filter((other) => other !== id && other !== leader);
  const expired = [leader, id, third ?? 0].flatMap((peer) =>
    cluster.events(peer).filter(({ type }) => type === 'expire'),
  );
  assert.deepEqual(expired, []);
  assert.ok(cluster.events(leader).some(({ type }) => type === 'stall'));
  cluster.until('both live on', () => session.state === 'connected' && own.state === 'connected');
});

test('a new leader gives every session its whole time-out', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id, 4_000);
  cluster.run(3_000);
  cluster.crash(leader);
  cluster.crash(id);
  cluster.start(leader);
  const next = cluster.settle();
  const since = cluster.now;
  const has = (): boolean => cluster.peer(next).stateMachine.sessions.get(session.id) !== undefined;
  cluster.run(3_500);
  assert.ok(has());
  cluster.until('it is expired', () => !has());
  assert.ok(cluster.now - since < 6_000);
});

test('a session opened while its peer closes is closed at once', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  cluster.open(id);
  cluster.peer(id).close();
  const late = cluster.peer(id).sessions.open({ timeout: 6_000 });
  assert.equal(late.state, 'closed');
  cluster.until('it is closed', () => cluster.peer(id).closed);
});

test('a request in the name of another peer ends the link and has no effect', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(leader, 30_000);
  const { owner } = cluster.peer(leader).stateMachine.sessions.get(session.id) ?? {};
  assert.ok(owner !== undefined);
  const before = cluster.peer(leader).applied;
  cluster.inject(id, leader, {
    type: 'REQUEST',
    requests: [{ session: session.id, cxid: 1, resolved: 0, owner, operation: create('/forged') }],
  });
  cluster.run(500);
  const forged = cluster.read(leader, session, { type: 'exists', path: '/forged' }, LINEARIZABLE);
  assert.equal(forged.type, 'error');
  assert.ok(cluster.peer(leader).applied >= before);
  assert.equal(cluster.ask(leader, session, create('/own')).outcome, 'applied');
});
