import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, Peer } from '../../lib/index.ts';
import { Barrier } from '../../lib/recipes/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { answeredLate, counting, eventually, PATIENCE, preceded, untilNodes } from './support.ts';

/** One that does not lead the group, and another one. */
async function followerAndOther(group: TestGroup): Promise<[Peer, Peer]> {
  const leader = await group.leader();
  const [follower, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(follower && other);
  return [follower, other];
}

/** Whether a wait has ended by now. */
function isOver(wait: Promise<void>): () => boolean {
  let over = false;
  wait.then(
    () => {
      over = true;
    },
    () => {},
  );
  return () => over;
}

test('a gate is closed from raise to lift, for all who wait', async () => {
  await using group = await createTestGroup(3);
  const [first, second] = group.peers;
  assert.ok(first && second);
  await new Barrier(second, '/gate').wait();
  await new Barrier(first, '/deep/gate').raise();
  await new Barrier(second, '/deep/gate').raise();
  const waits = group.peers.map((peer) => new Barrier(peer, '/deep/gate').wait());
  const over = waits.map(isOver);
  await assert.rejects(
    new Barrier(second, '/deep/gate').wait({ timeout: 50 }),
    failsWith('TIMED_OUT', { path: '/deep/gate', message: /wait \/deep\/gate timed out.*closed/ }),
  );
  assert.deepEqual(
    over.map((one) => one()),
    [false, false, false],
  );
  await new Barrier(second, '/deep/gate').lift();
  await Promise.all(waits);
  await new Barrier(first, '/deep/gate').lift();
});

test('whoever waits at a gate passes when that one was lifted, even if it is closed again', async (t) => {
  const peer = await solo(t);
  const gate = new Barrier(peer, '/gate');
  await gate.raise();
  const { client, counts } = counting(peer);
  const wait = new Barrier(client, '/gate').wait({ timeout: PATIENCE });
  await eventually('it watches', () => counts.get('watch') === 1);
  await Promise.all([gate.lift(), gate.raise()]);
  await wait;
  await assert.rejects(gate.wait({ timeout: 30 }), failsWith('TIMED_OUT'));
});

test('it opens when so many have arrived, and stays open until it is raised again', async () => {
  await using group = await createTestGroup(3);
  const barriers = group.peers.map((peer) => new Barrier(peer, '/b', { size: 3 }));
  const [first, second, third] = barriers;
  const [peer] = group.peers;
  assert.ok(first && second && third && peer);
  const early = [first.arrive(), second.arrive()];
  const over = early.map(isOver);
  const looking = third.wait();
  await untilNodes(peer, '/b', 2);
  assert.deepEqual(
    over.map((one) => one()),
    [false, false],
  );
  await third.arrive();
  await Promise.all([...early, looking]);
  await first.arrive();
  await second.wait();
  assert.deepEqual(await peer.children('/b'), ['ready'], 'no arrival is left');
  assert.equal((await peer.get('/b')).data, '3');
  await second.raise();
  await assert.rejects(
    first.arrive({ timeout: 100 }),
    failsWith('TIMED_OUT', { message: /arrive \/b timed out after 100 ms: \d of 3 have arrived/ }),
  );
  await untilNodes(peer, '/b', 0);
  await Promise.all(barriers.map((barrier) => barrier.arrive()));
});

test('many rounds: nobody passes before all have come, and none is left behind', async () => {
  await using group = await createTestGroup(3);
  const ROUNDS = 8;
  const barriers = group.peers.map((peer) => new Barrier(peer, '/b', { size: 3 }));
  const [first] = barriers;
  assert.ok(first);
  for (let round = 0; round < ROUNDS; round += 1) {
    let arrived = 0;
    const passes = barriers.map(async (barrier) => {
      arrived += 1;
      await barrier.arrive({ timeout: PATIENCE });
      assert.equal(arrived, 3);
    });
    await Promise.all(passes);
    await first.raise();
    // All see it closed before they arrive again.
    await Promise.all(group.peers.map((peer) => peer.sync()));
  }
});

test('who waited when it opened passes, even if it was raised before it could look', async (t) => {
  const peer = await solo(t);
  const barrier = new Barrier(peer, '/b', { size: 2 });
  const early = barrier.arrive();
  await untilNodes(peer, '/b', 1);
  const late = barrier.arrive();
  await Promise.all([early, late, peer.watch('/b/ready').until((node) => node !== undefined)]);
  const { client, counts } = counting(peer);
  await barrier.raise();
  const wait = new Barrier(client, '/b', { size: 2 }).arrive({ timeout: PATIENCE });
  await eventually('it watches', () => counts.get('watch') === 2);
  const [name] = await peer.children('/b');
  await Promise.all([
    peer.multi([{ set: '/b', data: '2' }, { create: '/b/ready' }, { delete: `/b/${name}` }]),
    peer.delete('/b/ready'),
  ]);
  await wait;
  await untilNodes(peer, '/b', 0);
});

test('who had arrived when it opened passes, even if it was raised before its first look', async (t) => {
  const peer = await solo(t);
  const barrier = new Barrier(peer, '/b', { size: 2 });
  const { client, applied } = answeredLate(peer, 'create', 500);
  await barrier.raise();
  const passing = new Barrier(client, '/b', { size: 2 }).arrive({ timeout: PATIENCE / 4 });
  await applied;
  await barrier.arrive();
  await barrier.raise();
  await passing;
  await untilNodes(peer, '/b', 0);
});

test('nobody passes because the node was deleted before the arrival, and made anew', async (t) => {
  const peer = await solo(t);
  const barrier = new Barrier(peer, '/b', { size: 2 });
  await barrier.raise();
  let isDeleted = false;
  const client = preceded(peer, {
    create: async () => {
      if (isDeleted) return;
      isDeleted = true;
      await peer.delete('/b');
    },
  });
  const early = new Barrier(client, '/b', { size: 2 }).arrive();
  const over = isOver(early);
  await eventually('it is made anew', async () => {
    return isDeleted && (await peer.find('/b'))?.data === '2';
  });
  for (let turns = 0; turns < 10; turns += 1) await peer.sync();
  assert.ok(!over(), 'nobody has opened it');
  await Promise.all([early, barrier.arrive({ timeout: PATIENCE })]);
});

test('lift opens it for those who are there, and those who come', async (t) => {
  const peer = await solo(t);
  const barrier = new Barrier(peer, '/b', { size: 5 });
  const waits = [barrier.arrive(), barrier.arrive(), barrier.wait()];
  await untilNodes(peer, '/b', 2);
  await barrier.lift();
  await barrier.lift();
  await Promise.all(waits);
  await barrier.arrive();
});

test('a wait that is cut short takes its arrival back, at whatever stage', async () => {
  await using group = await createTestGroup(3);
  const [first, second] = group.peers;
  assert.ok(first && second);
  const barrier = new Barrier(second, '/b', { size: 2 });
  await barrier.raise();
  for (let turns = 0; turns < 20; turns += 1) {
    const controller = new AbortController();
    const end = assert.rejects(barrier.arrive({ signal: controller.signal }), { code: 'ABORTED' });
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    controller.abort();
    await end;
  }
  await untilNodes(first, '/b', 0);
  const reason = new Error('enough');
  const aborted = barrier.arrive({ signal: AbortSignal.abort(reason) });
  await assert.rejects(aborted, (error: Error) => error.cause === reason);
});

test('an arrival whose session expires arrives again; on a session it rejects (row 60)', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const { session } = cut;
  const wait = new Barrier(cut, '/b', { size: 3 }).arrive();
  const over = isOver(wait);
  const once = assert.rejects(
    new Barrier(session, '/b', { size: 3 }).arrive(),
    failsWith('SESSION_EXPIRED'),
  );
  await untilNodes(other, '/b', 2);
  await group.expireSession(cut.id);
  await once;
  await untilNodes(other, '/b', 1);
  assert.ok(!over(), 'the end of a session opens nothing');
  const rest = [1, 2].map(() =>
    new Barrier(other, '/b', { size: 3 }).arrive({ timeout: PATIENCE }),
  );
  await Promise.all([wait, ...rest]);
});

test('an arrival that somebody deletes arrives again', async (t) => {
  const peer = await solo(t);
  const barrier = new Barrier(peer, '/b', { size: 2 });
  const wait = barrier.arrive();
  const over = isOver(wait);
  await untilNodes(peer, '/b', 1);
  const [name] = await peer.children('/b');
  await peer.delete(`/b/${name}`);
  await eventually('another one', async () => {
    const names = await peer.children('/b');
    return names.length === 1 && names[0] !== name;
  });
  assert.ok(!over());
  await Promise.all([wait, barrier.arrive()]);
});

test('those who wait go on when the leader of the group is killed, or they are cut off', async () => {
  await using group = await createTestGroup(3);
  const [follower, other] = await followerAndOther(group);
  const leader = await group.leader();
  const gate = new Barrier(follower, '/gate');
  await gate.raise();
  const dead = assert.rejects(new Barrier(leader, '/b', { size: 2 }).arrive(), failsWith('CLOSED'));
  await untilNodes(follower, '/b', 1);
  await group.kill(leader.id);
  await dead;
  await untilNodes(follower, '/b', 0);
  const waits = [gate.wait(), new Barrier(follower, '/b', { size: 2 }).arrive()];
  await untilNodes(other, '/b', 1);
  await group.restart(leader.id);
  group.partition([follower.id]);
  await new Barrier(other, '/gate').lift();
  group.heal();
  await new Barrier(other, '/b', { size: 2 }).arrive({ timeout: PATIENCE });
  await Promise.all(waits);
});

test('another size, a gate that is to count, and what is no size are refused', async (t) => {
  const peer = await solo(t);
  await new Barrier(peer, '/b', { size: 2 }).raise();
  const other = new Barrier(peer, '/b', { size: 3 });
  for (const verb of ['arrive', 'wait', 'raise', 'lift'] as const) {
    await assert.rejects(
      other[verb](),
      failsWith('BAD_ARGUMENTS', { message: /\/b is kept with 2.*made with 3/ }),
    );
  }
  await assert.rejects(new Barrier(peer, '/gate').arrive(), TypeError);
  for (const size of [0, 1.5, 1_001]) {
    assert.throws(() => new Barrier(peer, '/b', { size }), RangeError);
  }
  assert.throws(() => new Barrier(peer, '/b', { size: '2' as never }), TypeError);
  assert.throws(() => new Barrier(peer, '/b', { siez: 2 } as object), TypeError);
  assert.throws(() => new Barrier({} as Client, '/b'), TypeError);
  await assert.rejects(other.wait({ timeOut: 1 } as object), TypeError);
});
