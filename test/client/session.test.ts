import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../lib/index.ts';
import { createTestGroup } from '../../lib/testing/test-group.ts';
import { failsWith, solo } from './solo.ts';

test('an ephemeral node goes with its session, and nobody else’s', async (t) => {
  const peer = await solo(t);
  const other = await peer.openSession({ sessionTimeout: 5_000 });
  assert.equal(other.state, 'connected');
  assert.equal(other.timeout, 5_000);
  assert.notEqual(other.id, peer.session.id);
  await peer.session.create('/mine', '', { ephemeral: true });
  await other.create('/theirs', '', { ephemeral: true });
  const [numbered] = await other.multi([{ create: '/n-', sequential: true, ephemeral: true }]);
  assert.equal(numbered.stat.ephemeralOwner, other.id);
  await other.close();
  await other.close();
  assert.deepEqual(await peer.children('/'), ['mine', 'zookeeper']);
});

test('a session tells its end: state, signal, and every call that comes later', async (t) => {
  const peer = await solo(t);
  const other = await peer.openSession();
  const pending = other.watch('/x').until(() => false);
  const before = other.create('/before');
  const end = other.close();
  await assert.rejects(pending, failsWith('CLOSED'));
  await before;
  await end;
  assert.equal(other.state, 'closed');
  assert.ok(other.signal.aborted);
  assert.ok(failsWith('CLOSED')(other.signal.reason));
  await assert.rejects(other.create('/y'), failsWith('CLOSED', { outcome: 'not-applied' }));
  await assert.rejects(other.get('/'), failsWith('CLOSED'));
  assert.ok(await peer.exists('/before'), 'what was asked before the end was done');
});

test('a session is opened with time-outs within their bounds only', async (t) => {
  const peer = await solo(t);
  await assert.rejects(peer.openSession({ sessionTimeout: 3_999 }), RangeError);
  await assert.rejects(peer.openSession({ sessionTimeout: 60_001 }), RangeError);
});

test('a client outlives an expiry: a new session, the same watches, no ephemerals', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  const first = follower.session;
  await first.create('/ephemeral', '', { ephemeral: true });
  const oldId = first.id;
  const announced: Session[] = [];
  follower.on('session', (session) => announced.push(session));
  await follower.create('/data', '1');
  const seen: (string | undefined)[] = [];
  follower.watch('/data').subscribe((node) => void seen.push(node?.data));
  const pinned = first.watch('/data').until((node) => node?.data === 'never');
  const ends = Promise.allSettled([pinned]);

  const expired = group.expireSession(follower.id);
  await leader.set('/data', '2', { timeout: 10_000 });
  await expired;
  await follower.watch('/ephemeral').until((node) => node === undefined, { timeout: 10_000 });
  await leader.set('/data', '3', { timeout: 10_000 });
  await follower.watch('/data').until((node) => node?.data === '3', { timeout: 10_000 });

  assert.equal(first.state, 'expired');
  assert.ok(failsWith('SESSION_EXPIRED')(first.signal.reason));
  const [end] = await ends;
  assert.ok(end.status === 'rejected' && failsWith('SESSION_EXPIRED')(end.reason));
  await assert.rejects(first.get('/data'), failsWith('SESSION_EXPIRED'));
  assert.notEqual(follower.session.id, oldId);
  assert.deepEqual(
    announced.map(({ id }) => id),
    [follower.session.id],
  );
  assert.equal(seen[0], '1');
  assert.equal(seen.at(-1), '3');
});

test('addAuth goes on with the next session', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  await follower.addAuth('digest', 'ann:secret');
  await follower.create('/mine', 'x', { acl: ['auth::cdrwa'] });
  await assert.rejects(leader.get('/mine'), failsWith('NO_AUTH'));
  await group.expireSession(follower.id);
  assert.equal((await follower.get('/mine')).data, 'x');
});

test('how long a session can be trusted is read off the clock, also by a process that was blocked', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  for (const peer of [leader, follower]) {
    const { session } = peer;
    await until(() => session.trustedFor > 0);
    assert.equal(session.state, 'connected');
    assert.ok(session.trustedFor <= (session.timeout * 2) / 3);
  }
  const { session } = follower;
  group.stall(follower.id, 4_000);
  await until(() => session.trustedFor === 0);
  assert.equal(session.state, 'suspended');
  assert.equal(
    session.signal.aborted,
    false,
    'the signal is told by a turn only, and there was none',
  );
  assert.ok(leader.session.trustedFor > 0, 'nobody else is concerned');
  await until(() => follower.session.trustedFor > 0);

  const held = follower.session;
  group.partition([follower.id]);
  await until(() => held.trustedFor === 0);
  assert.equal(held.signal.aborted, false, 'it is not trusted any more before it has ended');
  await until(() => held.signal.aborted);
  assert.equal(held.trustedFor, 0);
  group.heal();
  await until(() => follower.session.trustedFor > 0);
  assert.equal(held.trustedFor, 0);
});

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !condition(); ) {
    assert.ok(Date.now() < end, String(condition));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
