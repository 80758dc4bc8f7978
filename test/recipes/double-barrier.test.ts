import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Peer, QuorateError } from '../../lib/index.ts';
import { type Attendance, DoubleBarrier } from '../../lib/recipes/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { counting, eventually, nodesIn, over, PATIENCE, untilNodes } from './support.ts';

const SIZE = { size: 3 } as const;

async function followerAndOther(group: TestGroup): Promise<[Peer, Peer]> {
  const leader = await group.leader();
  const [follower, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(follower && other);
  return [follower, other];
}

function barriersOf(group: TestGroup): DoubleBarrier[] {
  return group.peers.map((peer) => new DoubleBarrier(peer, '/d', SIZE));
}

test('all begin together and all end together, round after round', async () => {
  await using group = await createTestGroup(3);
  const ROUNDS = 10;
  let entered = 0;
  let done = 0;
  const members = barriersOf(group).map(async (barrier, index) => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      entered += 1;
      const inside = await barrier.enter({ timeout: PATIENCE });
      assert.ok(entered >= 3 * round, `${entered} have come to round ${round}`);
      if (index === round % 3) await new Promise((resolve) => setTimeout(resolve, 5));
      done += 1;
      await inside.leave({ timeout: PATIENCE });
      assert.ok(done >= 3 * round, `${done} were done with round ${round}`);
      assert.ok(done <= 3 * round + 2, 'nobody is a round ahead');
    }
  });
  await Promise.all(members);
  const [peer] = group.peers;
  assert.ok(peer);
  await peer.sync();
  assert.deepEqual(await nodesIn(peer, '/d'), []);
});

test('whoever enters does not wait for those who are late to see that the round is over', async () => {
  await using group = await createTestGroup(3);
  const [slow, other] = await followerAndOther(group);
  const two = { size: 2 };
  const entries = [slow, other].map((peer) => new DoubleBarrier(peer, '/d', two).enter());
  const [a, b] = await Promise.all(entries);
  assert.ok(a && b);
  const leaving = a.leave({ timeout: PATIENCE });
  group.stall(slow.id, 400);
  await b.leave({ timeout: PATIENCE });
  const next = new DoubleBarrier(other, '/d', two).enter();
  await leaving;
  const again = await new DoubleBarrier(slow, '/d', two).enter({ timeout: PATIENCE });
  await Promise.all([again.leave(), (await next).leave()]);
});

test('one who leaves wakes one, and the last one all', async (t) => {
  const peer = await solo(t);
  const MEMBERS = 12;
  const { client, counts } = counting(peer);
  const looks = () => counts.get('children') ?? 0;
  const barrier = new DoubleBarrier(client, '/d', { size: MEMBERS });
  const entries = Array.from({ length: MEMBERS }, () => barrier.enter());
  const inside = await Promise.all(entries);
  const before = looks();
  await Promise.all(inside.map((one) => one.leave()));
  // Each looks when it leaves, when it is swept and when it is woken; the first one once for each other.
  const perLeave = 4;
  assert.ok(looks() - before <= perLeave * MEMBERS, `${looks() - before} looks`);
});

test('a round that nobody is left in lets nobody in alone', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  await cut.ensurePath('/d');
  await cut.create('/d/ready');
  const barrier = new DoubleBarrier(other, '/d', { size: 2 });
  await assert.rejects(
    barrier.enter({ timeout: 200 }),
    failsWith('TIMED_OUT', { path: '/d', message: /enter \/d timed out after 200 ms: \d of 2/ }),
  );
  await untilNodes(cut, '/d', 0);
  const sole = new DoubleBarrier(cut, '/d', { size: 1 });
  await sole.enter();
  await group.expireSession(cut.id);
  await assert.rejects(barrier.enter({ timeout: 200 }), failsWith('TIMED_OUT'));
  await untilNodes(other, '/d', 0);
});

test('more may join while it is open, and are waited for', async (t) => {
  const peer = await solo(t);
  const barrier = new DoubleBarrier(peer, '/d', { size: 2 });
  const [a, b] = await Promise.all([barrier.enter(), barrier.enter()]);
  const c = await barrier.enter();
  let left = 0;
  const leaves = [a, b].map(async (inside) => {
    await inside.leave();
    left += 1;
  });
  await assert.rejects(
    a.leave({ timeout: 50 }),
    failsWith('TIMED_OUT', { message: /leave \/d timed out after 50 ms: \d are inside/ }),
  );
  assert.equal(left, 0);
  await c.leave();
  await Promise.all(leaves);
  await untilNodes(peer, '/d', 0);
});

test('run: what the work throws is thrown as it is, and others do not wait for it', async (t) => {
  const peer = await solo(t);
  const barrier = new DoubleBarrier(peer, '/d', { size: 2 });
  const mine = new Error('mine');
  const throwing = barrier.run(() => {
    throw mine;
  });
  const results = await Promise.allSettled([throwing, barrier.run(() => 42)]);
  assert.deepEqual(results, [
    { status: 'rejected', reason: mine },
    { status: 'fulfilled', value: 42 },
  ]);
  const alone = new DoubleBarrier(peer, '/d', { size: 1 });
  await assert.rejects(
    alone.run(() => {
      throw mine;
    }),
    (error) => error === mine,
  );
  await untilNodes(peer, '/d', 0);
});

test('whoever loses its place is told, and is not waited for', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const places: Attendance[] = [];
  const lost = new DoubleBarrier(cut, '/d', { size: 2 }).run(async (inside) => {
    places.push(inside);
    await inside.ended;
  });
  const end = assert.rejects(lost, failsWith('GRANT_LOST'));
  const inside = await new DoubleBarrier(other, '/d', { size: 2 }).enter();
  await eventually('both are in', () => places.length === 1);
  await group.expireSession(cut.id);
  await end;
  const [place] = places;
  assert.ok(place && QuorateError.is(await over(place), 'GRANT_LOST'));
  await inside.leave({ timeout: PATIENCE });
  await place.leave({ timeout: PATIENCE });
  await untilNodes(other, '/d', 0);
});

test('who waits to enter stands there again after an expiry; on a session it rejects (row 60)', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  let passed = false;
  const enter = new DoubleBarrier(cut, '/d', SIZE).enter().then((inside) => {
    passed = true;
    return inside;
  });
  const { session } = cut;
  const once = assert.rejects(
    new DoubleBarrier(session, '/d', SIZE).enter(),
    failsWith('SESSION_EXPIRED'),
  );
  await untilNodes(other, '/d', 2);
  await group.expireSession(cut.id);
  await once;
  await untilNodes(other, '/d', 1);
  assert.ok(!passed, 'a connection that comes back opens nothing');
  const others = [1, 2].map(() =>
    new DoubleBarrier(other, '/d', SIZE).enter({ timeout: PATIENCE }),
  );
  const inside = await Promise.all([enter, ...others]);
  assert.equal((await cut.exists(inside[0]?.path ?? ''))?.ephemeralOwner, cut.session.id);
  await Promise.all(inside.map((one) => one.leave({ timeout: PATIENCE })));
  await untilNodes(other, '/d', 0);
});

test('cut short at any stage, it leaves no node', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  for (let turns = 0; turns < 20; turns += 1) {
    const controller = new AbortController();
    const barrier = new DoubleBarrier(cut, '/d', SIZE);
    const end = assert.rejects(barrier.enter({ signal: controller.signal }), { code: 'ABORTED' });
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    controller.abort();
    await end;
  }
  group.partition([cut.id]);
  await assert.rejects(
    new DoubleBarrier(cut, '/d', SIZE).enter({ timeout: 50 }),
    failsWith('TIMED_OUT'),
  );
  group.heal();
  await eventually('nothing is left', async () => (await nodesIn(other, '/d')).length === 0);
});

test('it goes on when the leader of the group is killed inside', async () => {
  await using group = await createTestGroup(3);
  const [a, b] = await followerAndOther(group);
  const leader = await group.leader();
  const [one, two] = await Promise.all(
    [a, b, leader].map((peer) => new DoubleBarrier(peer, '/d', SIZE).enter()),
  );
  assert.ok(one && two);
  await group.kill(leader.id);
  await Promise.all([one.leave({ timeout: PATIENCE }), two.leave({ timeout: PATIENCE })]);
  await untilNodes(a, '/d', 0);
});

test('what else stands below it counts for nobody, and nobody waits for it to leave', async (t) => {
  const peer = await solo(t);
  await peer.create('/d/config', 'of somebody else', { parents: true });
  await peer.create('/d/0123456789abcdef', 'no id either');
  const pair = new DoubleBarrier(peer, '/d', { size: 2 });
  await assert.rejects(pair.enter({ timeout: 50 }), failsWith('TIMED_OUT', { message: /1 of 2/ }));
  const [one, two] = await Promise.all([pair.enter(), pair.enter()]);
  await Promise.all([one.leave({ timeout: PATIENCE }), two.leave({ timeout: PATIENCE })]);
});

test('what is no size or no option is refused', async (t) => {
  const peer = await solo(t);
  assert.throws(() => new DoubleBarrier(peer, '/d', {} as { size: number }), TypeError);
  assert.throws(() => new DoubleBarrier(peer, '/d', { size: 0 }), RangeError);
  assert.throws(() => new DoubleBarrier(peer, 'd', { size: 1 }), failsWith('BAD_ARGUMENTS'));
  const barrier = new DoubleBarrier(peer, '/d', { size: 1 });
  await assert.rejects(barrier.enter({ timeOut: 1 } as object), TypeError);
  await assert.rejects(barrier.run('work' as never), TypeError);
});
