/** What a leader prepares can be read by everybody, and to find that out does not take it a second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../lib/tree/request.ts';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import { create, outcome, ownerOf, remove, set, World } from './world.ts';

/** Of processor time, in ms. */
function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}

test('the sessions of a former life end, however many, by transactions that can be read again', () => {
  const SESSIONS = 131_073;
  const world = new World();
  const first = ownerOf(2, 1);
  for (let at = 0; at < SESSIONS; at += 1) world.open(first);
  const other = world.open(ownerOf(3));
  const second = ownerOf(2, 2);
  for (const left of [SESSIONS - 65_536, SESSIONS - 131_072, 0]) {
    world.open(second);
    const txn = world.log.at(-1)?.txn;
    assert(txn !== undefined);
    assert.deepEqual(decodeTxn(encodeTxn(txn)), txn);
    assert.equal(world.state.sessions.ownedBy(first).length, left);
  }
  assert.equal(world.state.sessions.ownedBy(second).length, 3);
  assert(world.state.sessions.get(other) !== undefined);
});

test('thousands of ancestors in one request are refused at once', () => {
  const world = new World();
  const session = world.open();
  const deep = create('/b'.repeat(8_000), { parents: true });
  const spent = cost(() => {
    for (let round = 0; round < 10; round += 1)
      assert.equal(outcome(world.do(session, deep)), 'TOO_LARGE');
    assert.equal(outcome(world.do(session, { ...deep, parents: false })), 'NO_NODE');
  });
  // Ten of them were seven seconds.
  assert.ok(spent < 2_500, `${spent} ms`);
  assert.equal(outcome(world.do(session, create('/b'.repeat(600), { parents: true }))), 'create');
});

test('sessions that expire together, each with a node, cost no square of their number', () => {
  const SESSIONS = 20_000;
  const world = new World();
  const host = ownerOf(2);
  const ids = Array.from({ length: SESSIONS }, () => world.open(host));
  for (const id of ids) world.do(id, create(`/${id}`, { mode: 'ephemeral' }), host);
  const nodes = world.state.nodeCount;
  const spent = cost(() => {
    for (const id of ids) world.own((zxid, time) => world.prep.expire(id, zxid, time));
  });
  world.settle();
  assert.equal(world.state.nodeCount, nodes - SESSIONS);
  // It was more than a second.
  assert.ok(spent < 600, `${spent} ms`);
});

test('ephemeral nodes that are created, written, taken and deleted before anything is applied go with their session', () => {
  const world = new World();
  const [one, two] = [world.open(), world.open()];
  const ask = (session: bigint, operation: Operation): void => {
    const cxid = world.number(session, ownerOf(1));
    world.propose({ session, cxid, resolved: cxid - 1, owner: ownerOf(1), operation });
  };
  ask(one, create('/a', { mode: 'ephemeral' }));
  ask(one, set('/a', 'written'));
  world.settle(1);
  ask(one, create('/b', { mode: 'ephemeral' }));
  ask(one, remove('/b'));
  ask(two, create('/b', { mode: 'ephemeral' }));
  ask(two, create('/c', { mode: 'ephemeral' }));
  ask(one, remove('/c'));
  ask(one, create('/c', { mode: 'ephemeral' }));
  world.settle(2);
  world.own((zxid, time) => world.prep.expire(one, zxid, time));
  world.settle();
  assert.deepEqual(world.state.tree.ephemerals(two), ['/b']);
  assert.deepEqual(world.state.tree.ephemerals(one), []);
  ask(two, remove('/b'));
  world.own((zxid, time) => world.prep.expire(two, zxid, time));
  assert.deepEqual(
    world.settle().map(({ alarm }) => alarm),
    [undefined, undefined],
  );
});
