/** What coordination services got wrong before, tried on peers that are cut off, stalled and killed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/index.ts';
import { type Grant, LeaderElection, Mutex, Semaphore } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith } from '../client/solo.ts';
import { eventually, followerAndOther, over, PATIENCE, untilNodes } from './support.ts';

test('over is over, even if the session comes back; its node stays until the work has settled', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 9_000 });
  const [cut, other] = await followerAndOther(group);
  const { session } = cut;
  await new Mutex(session, '/m')
    .run(async (held) => {
      group.partition([cut.id]);
      await held.ended;
      group.heal();
      await eventually('it is back', () => session.trustedFor > 0 || session.signal.aborted);
      assert.ok(!session.signal.aborted, 'the session lives on');
      assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST'));
      assert.ok(await other.exists(held.path, { consistency: 'linearizable' }));
      assert.equal(await new Mutex(other, '/m').tryAcquire(), undefined);
    })
    .then(() => assert.fail('it was not held to the end'), failsWith('GRANT_LOST'));
  await (await new Mutex(other, '/m').acquire({ timeout: PATIENCE })).release();
});

test('a frozen holder knows at its first check, before any signal could tell it', async () => {
  await using group = await createTestGroup(3);
  const [frozen, other] = await followerAndOther(group);
  const held = await new Mutex(frozen, '/m').acquire();
  const next = new Mutex(other, '/m').acquire({ timeout: PATIENCE });
  group.stall(frozen.id, 5_000);
  const grant = await next;
  assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST'));
  await assert.rejects(frozen.guardedBy(held).create('/late'), failsWith('GRANT_LOST'));
  grant.assertHeld();
  await grant.release();
});

test('a waiter whose session expires queues again; on a session it rejects (rows 54, 55, 56)', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const held = await new Mutex(other, '/m').acquire();
  const again = new Mutex(cut, '/m').acquire();
  const { session } = cut;
  const once = assert.rejects(new Mutex(session, '/m').acquire(), failsWith('SESSION_EXPIRED'));
  await untilNodes(other, '/m', 3);
  await group.expireSession(cut.id);
  await once;
  assert.equal(session.state, 'expired');
  await untilNodes(other, '/m', 2);
  await held.release();
  const grant = await again;
  assert.equal((await cut.exists(grant.path))?.ephemeralOwner, cut.session.id);
  await grant.release();
  await untilNodes(other, '/m', 0);
});

test('a wait that ends while nobody can be asked leaves no node behind (row 57)', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const held = await new Mutex(other, '/m').acquire();
  const semaphore = new Semaphore(cut, '/s', { leases: 1 });
  await (await semaphore.acquire()).release();
  const waits: Promise<unknown>[] = [];
  const ask = (timeout: number) => {
    for (const lock of [new Mutex(cut, '/m'), semaphore]) {
      waits.push(
        lock.acquire({ timeout }).then(
          (grant) => grant.release(),
          (error) => assert.ok(QuorateError.is(error, 'TIMED_OUT'), String(error)),
        ),
      );
    }
  };
  ask(30);
  group.partition([cut.id]);
  ask(0);
  ask(30);
  await Promise.all(waits.splice(0, 4));
  group.heal();
  ask(1);
  await Promise.all(waits);
  await untilNodes(other, '/m', 1);
  await untilNodes(other, '/s/leases', 0);
  await untilNodes(other, '/s/locks', 0);
  await held.release();
  await (await new Mutex(cut, '/m').acquire({ timeout: PATIENCE })).release();
});

test('who is closed is told before the group is, whatever session the grant stands on', async () => {
  await using group = await createTestGroup(3);
  const [closing, other] = await followerAndOther(group);
  const session = await closing.openSession();
  const held = [
    await new Mutex(closing, '/a').acquire(),
    await new Mutex(session, '/b').acquire(),
    await new Mutex(await closing.openSession(), '/c').acquire(),
  ];
  const next = held.map((_, index) => new Mutex(other, `/${'abc'[index]}`).acquire());
  const endOfSession = session.close();
  assert.equal(session.trustedFor, 0);
  assert.ok(session.closing.aborted && !session.signal.aborted);
  assert.throws(() => held[1]?.assertHeld(), failsWith('GRANT_LOST'));
  held[0]?.assertHeld();
  const end = closing.close();
  for (const grant of held) {
    assert.ok(QuorateError.is(grant.signal.reason, 'GRANT_LOST'));
    assert.throws(() => grant.assertHeld(), failsWith('GRANT_LOST'));
  }
  for (const grant of await Promise.all(next)) await grant.release();
  await Promise.all([endOfSession, end]);
});

test('a release that nobody can hear of is done when somebody can, and never rejects', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 6_000 });
  const [cut, other] = await followerAndOther(group);
  const held = await new Mutex(cut, '/m').acquire();
  const next = new Mutex(other, '/m').acquire({ timeout: PATIENCE });
  group.partition([cut.id]);
  const released = held.release();
  assert.ok(QuorateError.is(held.signal.reason, 'RELEASED'));
  group.heal();
  await released;
  await (await next).release();
});

test('waiters go on when the leader of the group is killed (row 59)', async () => {
  await using group = await createTestGroup(3);
  const [holder, waiter] = await followerAndOther(group);
  const leader = await group.leader();
  const held = await new Mutex(holder, '/m').acquire();
  const dead = new Mutex(leader, '/m').acquire();
  const end = assert.rejects(dead, failsWith('CLOSED'));
  await untilNodes(holder, '/m', 2);
  const next = new Mutex(waiter, '/m').acquire({ timeout: PATIENCE });
  await untilNodes(holder, '/m', 3);
  await group.kill(leader.id);
  await end;
  await held.release();
  const grant = await next;
  await grant.release();
  await untilNodes(waiter, '/m', 0);
});

test('tryAcquire of all at once gives out no more than there is (row 58)', async () => {
  await using group = await createTestGroup(3);
  for (let round = 0; round < 10; round += 1) {
    const tries = group.peers.flatMap((peer) => [
      new Semaphore(peer, '/s', { leases: 2 }).tryAcquire(),
      new Semaphore(peer, '/s', { leases: 2 }).tryAcquire(),
    ]);
    const grants = (await Promise.all(tries)).filter((grant) => grant !== undefined);
    assert.ok(grants.length <= 2, `${grants.length} leases`);
    await Promise.all(grants.map((grant) => grant.release()));
  }
});

test('a leader whose session expires leads no more, stands again, and terms do not overlap', async () => {
  await using group = await createTestGroup(3);
  const stop = new AbortController();
  const leading = new Set<Grant>();
  const terms: { id: number; fence: bigint }[] = [];
  const runs = group.peers.map((peer) =>
    new LeaderElection(peer, '/l').run(
      async (term) => {
        assert.deepEqual([...leading], [], 'nobody else leads');
        leading.add(term);
        terms.push({ id: peer.id, fence: term.fence });
        void over(term).then(() => leading.delete(term));
        await term.ended;
      },
      { signal: stop.signal },
    ),
  );
  for (let round = 1; round < 4; round += 1) {
    await eventually('somebody leads', () => terms.length === round && leading.size === 1);
    const last = terms.at(-1);
    assert.ok(last);
    await group.expireSession(last.id);
  }
  await eventually('somebody leads', () => terms.length === 4);
  stop.abort();
  await Promise.all(runs);
  const fences = terms.map(({ fence }) => fence);
  assert.deepEqual(
    fences,
    [...fences].sort((a, b) => (a < b ? -1 : 1)),
  );
});
