/** Where a watch stands among what its session has asked before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestGroup } from '../../lib/testing/test-group.ts';
import { solo } from './solo.ts';

test('what is watched behind an own write is told behind it, also where it is watched already', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', 'first');
  using _standing = peer.watch('/w').subscribe(() => {});
  using _names = peer.watchChildren('/w').subscribe(() => {});
  await peer.sync();
  const [set, node, , children] = await Promise.all([
    peer.set('/w', 'own'),
    peer.watch('/w').until(() => true),
    peer.create('/w/own'),
    peer.watchChildren('/w').until(() => true),
  ]);
  assert.deepEqual([node?.data, node?.stat.mzxid], ['own', set.mzxid]);
  assert.deepEqual(children, ['own']);
});

test('a watch that waits behind an own write is told of nothing before, whoever else watches', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  await follower.create('/w', 'first');
  using _above = follower.watchTree('/').subscribe(() => {});
  await follower.sync();
  for (let at = 0; at < 10; at += 1) {
    const other = leader.set('/w', 'other');
    const own = follower.set('/w', 'own');
    const node = await follower.watch('/w').until(() => true);
    const [{ mzxid }] = await Promise.all([own, other]);
    assert.ok(node !== undefined && node.stat.mzxid >= mzxid);
  }
});
