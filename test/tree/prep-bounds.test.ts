/** What a leader prepares can be read by everybody, and to find that out does not take it a second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import { create, outcome, ownerOf, World } from './world.ts';

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
