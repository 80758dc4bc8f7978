import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createTestGroup } from '../../lib/testing/test-group.ts';

test('a group of any size stands when it is given, and is gone when it is left', async () => {
  for (const size of [1, 2, 5]) {
    await using group = await createTestGroup(size, { observers: 1 });
    assert.deepEqual(
      group.peers.map(({ id }) => id),
      Array.from({ length: size + 1 }, (_, at) => at + 1),
    );
    assert.ok(group.peers.every(({ status }) => status.serving));
    assert.equal(group.peers.at(-1)?.status.state, 'observing');
    assert.equal((await group.leader()).status.state, 'leading');
  }
});

test('everybody is killed at once and started again: what was acknowledged is there', async () => {
  await using group = await createTestGroup(3);
  const ids = group.peers.map(({ id }) => id);
  const writes = group.peers.map((peer) => peer.create(`/from-${peer.id}`, 'x'));
  await Promise.all(writes);
  await Promise.all(ids.map((id) => group.kill(id)));
  assert.deepEqual(group.peers, []);
  const peers = await Promise.all(ids.map((id) => group.restart(id)));
  for (const peer of peers) {
    await peer.ready({ timeout: 15_000 });
    await peer.sync();
    assert.deepEqual(await peer.children('/'), ['from-1', 'from-2', 'from-3', 'zookeeper']);
  }
});

test('a killed peer tells its application so', async () => {
  await using group = await createTestGroup(3);
  const [victim] = group.peers;
  assert.ok(victim);
  const watching = victim.watch('/never').until((node) => node !== undefined);
  const end = assert.rejects(watching, { code: 'CLOSED' });
  await group.kill(victim.id);
  await end;
  await victim.closed;
  assert.equal(victim.status.state, 'closed');
  assert.equal(group.peers.length, 2);
});

test('a minority serves nothing while it is cut off, and says why', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const others = group.peers.filter((peer) => peer !== leader).map(({ id }) => id);
  const lost = new Promise<string | undefined>((resolve) => {
    leader.on('status', ({ serving, reason }) => {
      if (!serving) resolve(reason);
    });
  });
  group.partition([leader.id], others);
  assert.ok(await lost);
  await assert.rejects(leader.get('/', { timeout: 20 }), { code: 'TIMED_OUT' });
  assert.ok((await leader.get('/', { consistency: 'stale' })).stat);
  group.heal();
  await leader.ready({ timeout: 15_000 });
  await group.converged();
});

test('a long stall of the leader costs it its place, and its session if it lasts', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const other = group.peers.find((peer) => peer !== leader);
  assert.ok(other);
  await leader.session.create('/e', '', { ephemeral: true });
  await other.watch('/e').until((node) => node !== undefined);
  const { session } = leader;
  group.stall(leader.id, 5_000);
  await other.watch('/e').until((node) => node === undefined, { timeout: 15_000 });
  const next = await other.create('/after', '', { timeout: 15_000 });
  assert.ok(next.stat.czxid > session.id);
  if (!session.signal.aborted) await once(session.signal, 'abort');
  assert.equal(session.state, 'expired');
  await leader.get('/after', { after: next.stat.czxid, timeout: 15_000 });
});

test('the leader is the one of the newest epoch, where a former one has not noticed yet', async () => {
  await using group = await createTestGroup(3);
  // Of equals the highest id leads: the first to lead must not be it.
  await group.kill(3);
  const former = await group.leader();
  const back = await group.restart(3);
  await back.ready({ timeout: 15_000 });
  await group.converged();
  group.stall(former.id, 60_000);
  await back.create('/after', '', { timeout: 15_000 });
  assert.equal(former.status.state, 'leading', 'it is stalled still');
  assert.notEqual((await group.leader()).id, former.id);
});

test('a peer that has lost its disk gets everything back, and its vote', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const [victim, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(victim && other);
  await leader.create('/kept', 'x');
  assert.throws(() => group.wipe(victim.id), /killed before/);
  await group.kill(victim.id);
  group.wipe(victim.id);
  const back = await group.restart(victim.id);
  assert.equal(back.status.votes, false);
  await back.ready({ timeout: 15_000 });
  await back.sync({ timeout: 15_000 });
  assert.equal((await back.get('/kept')).data, 'x');
  await leader.create('/later', '', { timeout: 15_000 });
  await group.converged();
  const deadline = performance.now() + 15_000;
  while (!back.status.votes) {
    assert.ok(performance.now() < deadline, 'it says that it has its vote again');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // Two of three go on without the third only if both have a vote.
  await group.kill(other.id);
  await leader.set('/kept', 'y', { timeout: 15_000 });
  await back.watch('/kept').until((node) => node?.data === 'y', { timeout: 15_000 });
});
