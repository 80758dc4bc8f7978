import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, type Peer } from '../../lib/index.ts';
import {
  runCoordinator,
  Schedule,
  type ScheduledRun,
  type ScheduleOptions,
} from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { eventually, PATIENCE, untilNodes } from './support.ts';

/** A tick at every multiple of so many ms. */
function every(milliseconds: number): (after: Date) => Date {
  return (after) => new Date((Math.floor(after.getTime() / milliseconds) + 1) * milliseconds);
}

const HOUR = 3_600_000;

/** Writes what is known of a schedule, as if it had run at that time. */
async function recordTick(peer: Peer, path: string, tick: number): Promise<void> {
  const record = { tick: new Date(tick).toISOString(), attempt: 1, state: 'done', owner: 'before' };
  await peer.as(json()).create(path, record, { parents: true });
}

test('each tick is run once in the whole group, one after the other, with rising fences', async () => {
  await using group = await createTestGroup(3);
  const stop = new AbortController();
  const ticks: number[] = [];
  const fences: bigint[] = [];
  let working = 0;
  const runs = group.peers.map((peer) => {
    const job = async (run: ScheduledRun) => {
      working += 1;
      assert.equal(working, 1, 'one at a time');
      run.assertHeld();
      await peer.guardedBy(run).update('/log', (log) => `${log ?? ''}${run.tick.getTime()} `);
      ticks.push(run.tick.getTime());
      fences.push(run.fence);
      assert.equal(run.attempt, 1);
      working -= 1;
    };
    return new Schedule(peer, '/s', { next: every(60) }).run(job, { signal: stop.signal });
  });
  await eventually('ticks are run', () => ticks.length >= 15);
  stop.abort();
  await Promise.all(runs);
  assert.equal(new Set(ticks).size, ticks.length, 'no tick twice');
  assert.deepEqual(
    ticks,
    [...ticks].sort((a, b) => a - b),
  );
  assert.deepEqual(
    fences,
    [...fences].sort((a, b) => (a < b ? -1 : 1)),
  );
  const [peer] = group.peers;
  assert.ok(peer);
  await peer.sync();
  assert.equal((await peer.get('/log')).data.trim(), ticks.join(' '));
  await untilNodes(peer, '/s/runs', 0);
});

test('a job that throws is recorded, told as an error, and the schedule goes on', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  const stop = new AbortController();
  const mine = new Error('mine');
  const schedule = new Schedule(peer, '/s', { next: every(50), owner: 'me' });
  const states: (string | undefined)[] = [];
  const failed = schedule.watch().until((last) => last?.state === 'failed');
  let count = 0;
  await schedule.run(
    async () => {
      states.push((await schedule.watch().until((last) => last?.state === 'running'))?.state);
      count += 1;
      if (count === 1) throw mine;
      stop.abort();
    },
    { signal: stop.signal },
  );
  assert.equal(count, 2);
  assert.deepEqual(errors, [mine]);
  const last = await failed;
  assert.equal(last?.error, 'mine');
  assert.equal(last?.owner, 'me');
  assert.equal(last?.attempt, 1);
  assert.ok(last?.tick instanceof Date);
});

test('who is stopped waits for its job; what was cut short counts as interrupted', async (t) => {
  const peer = await solo(t);
  const stop = new AbortController();
  const schedule = new Schedule(peer, '/s', { next: every(40) });
  let reason: unknown;
  await schedule.run(
    async (run) => {
      stop.abort();
      await run.ended;
      reason = run.signal.reason;
      assert.deepEqual((await peer.children('/s/runs')).length, 1, 'nobody else is at work');
    },
    { signal: stop.signal },
  );
  failsWith('RELEASED')(reason);
  assert.deepEqual(await peer.children('/s/runs'), []);
  assert.equal((await schedule.watch().until(() => true))?.state, 'interrupted');
  await schedule.run(() => assert.fail('it was stopped before'), { signal: stop.signal });
});

for (const interrupted of ['skip', 'retry'] as const) {
  test(`a run whose process dies: ${interrupted}`, async () => {
    await using group = await createTestGroup(3);
    const runs: { id: number; tick: number; attempt: number }[] = [];
    for (const { id } of group.peers) {
      const peer = group.peers.find((one) => one.id === id);
      assert.ok(peer);
      const schedule = new Schedule(peer, '/s', { next: every(300), interrupted });
      void schedule.run(async (run) => {
        runs.push({ id, tick: run.tick.getTime(), attempt: run.attempt });
        if (runs.length === 1) await run.ended;
      });
    }
    await eventually('somebody runs', () => runs.length === 1);
    const [first] = runs;
    assert.ok(first);
    await group.kill(first.id);
    await eventually('somebody else runs', () => runs.length >= 3);
    const second = runs[1];
    assert.ok(second);
    assert.notEqual(second.id, first.id);
    if (interrupted === 'retry') {
      assert.deepEqual([second.tick, second.attempt], [first.tick, 2]);
    } else {
      assert.equal(second.attempt, 1);
      assert.ok(second.tick > first.tick);
    }
    const again = runs.filter(({ tick }) => tick === first.tick);
    assert.equal(again.length, interrupted === 'retry' ? 2 : 1);
  });
}

test('a run whose session expires is interrupted, and its job is told', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const peer = group.peers.find((one) => one !== leader);
  assert.ok(peer);
  const stop = new AbortController();
  const attempts: number[] = [];
  const reasons: unknown[] = [];
  const schedule = new Schedule(peer, '/s', { next: every(400), interrupted: 'retry' });
  const running = schedule.run(
    async (run) => {
      attempts.push(run.attempt);
      if (attempts.length > 1) return stop.abort();
      await run.ended;
      reasons.push(run.signal.reason);
      assert.throws(() => run.assertHeld(), failsWith('GRANT_LOST'));
    },
    { signal: stop.signal },
  );
  await eventually('it runs', () => attempts.length === 1);
  await group.expireSession(peer.id);
  await running;
  assert.deepEqual(attempts, [1, 2]);
  failsWith('GRANT_LOST')(reasons[0]);
});

test('a job that is interrupted again and again is given up', async (t) => {
  const peer = await solo(t);
  const attempts: number[] = [];
  const stop = new AbortController();
  const { tick } = { tick: Date.now() + 100 };
  const next = (after: Date) => {
    if (after.getTime() < tick) return new Date(tick);
    return after.getTime() < tick + 700 ? new Date(tick + 700) : null;
  };
  const options = { next, interrupted: 'retry', maxAttempts: 3 } as const;
  await new Schedule(peer, '/s', options).run(
    async (run) => {
      attempts.push(run.attempt);
      if (run.tick.getTime() === tick) await peer.delete(run.path);
      if (run.tick.getTime() === tick) await run.ended;
    },
    { signal: stop.signal },
  );
  assert.deepEqual(attempts, [1, 2, 3, 1], 'and after the last tick it has ended');
});

test('ticks go on when the leader of the group is killed', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const ticks: number[] = [];
  for (const peer of group.peers.filter((one) => one !== leader)) {
    void new Schedule(peer, '/s', { next: every(100) }).run((run) => {
      ticks.push(run.tick.getTime());
    });
  }
  await eventually('ticks are run', () => ticks.length > 2);
  await group.kill(leader.id);
  const before = ticks.length;
  await eventually('ticks are run', () => ticks.length > before + 2);
  assert.equal(new Set(ticks).size, ticks.length);
});

test('missed ticks are left out, or the newest of them is run late', async (t) => {
  const peer = await solo(t);
  const now = Date.now();
  const next = every(HOUR);
  const newest = Math.floor(now / HOUR) * HOUR;
  const run = async (path: string, options: Partial<ScheduleOptions>) => {
    await recordTick(peer, path, now - 1_000 * HOUR);
    const stop = new AbortController();
    const ticks: number[] = [];
    const done = new Schedule(peer, path, { next, ...options } as ScheduleOptions).run(
      (one) => void ticks.push(one.tick.getTime()),
      { signal: stop.signal },
    );
    await sleep(200);
    stop.abort();
    await done;
    return ticks;
  };
  assert.deepEqual(await run('/late', { missed: 'run', grace: 0 }), [newest]);
  assert.deepEqual(await run('/skipped', { grace: 0 }), []);
  assert.deepEqual(await run('/in-time', { grace: 2 * HOUR }), [newest]);
});

test('what was there before is not overwritten', async (t) => {
  const peer = await solo(t);
  await peer.create('/mine', '"mine"');
  const schedule = new Schedule(peer, '/mine', { next: every(50) });
  await assert.rejects(
    schedule.run(() => assert.fail('it is no schedule')),
    failsWith('INVALID_DATA'),
  );
  const later = new Schedule(peer, '/later', { next: every(100) });
  await assert.rejects(
    later.run(() => peer.set('/later', '{}')),
    failsWith('INVALID_DATA'),
  );
  await peer.ensurePath('/empty/runs');
  const stop = new AbortController();
  await new Schedule(peer, '/empty', { next: every(50) }).run(() => stop.abort(), {
    signal: stop.signal,
  });
});

test('it ends with its client; on a session with that', async (t) => {
  const peer = await solo(t);
  const session = await peer.openSession();
  const onSession = new Schedule(session, '/a', { next: every(HOUR) }).run(() => {});
  const onPeer = new Schedule(peer, '/b', { next: every(HOUR) }).run(() => {});
  await Promise.all([
    peer.watch('/a').until((node) => node !== undefined, { timeout: PATIENCE }),
    peer.watch('/b').until((node) => node !== undefined, { timeout: PATIENCE }),
  ]);
  const ended = onSession.catch((error: unknown) => error);
  await session.close();
  const error = await ended;
  if (error !== undefined) failsWith('SESSION_EXPIRED')(error);
  await peer.close();
  await onPeer;
});

test('wrong options are refused', async (t) => {
  const peer = await solo(t);
  const make = (options: object) => () => new Schedule(peer, '/s', options as ScheduleOptions);
  const next = every(50);
  assert.throws(make({}), TypeError);
  assert.throws(make({ cron: '* * * * *', next }), TypeError);
  assert.throws(make({ next, timeZone: 'UTC' }), TypeError);
  assert.throws(make({ next, missed: 'never' }), TypeError);
  assert.throws(make({ next, interrupted: undefined }), TypeError);
  assert.throws(make({ next, maxAttempts: 0 }), RangeError);
  assert.throws(make({ next, grace: -1 }), RangeError);
  assert.throws(() => new Schedule(peer, 's', { next }), failsWith('BAD_ARGUMENTS'));
  const same = new Schedule(peer, '/same', { next: (after) => after });
  await assert.rejects(
    same.run(() => {}),
    RangeError,
  );
});

test('of all that ask for one fire, one runs it', async () => {
  await using group = await createTestGroup(3);
  const ask = (key: string) =>
    Promise.all(group.peers.map((peer) => runCoordinator(peer, '/fires').shouldRun(key, 60_000)));
  for (const key of ['nightly:2026-01-01T03:00:00.000Z', 'a/b: ü']) {
    const answers = await ask(key);
    assert.equal(answers.filter(Boolean).length, 1, key);
    assert.deepEqual(await ask(key), [false, false, false]);
  }
});

test('at the root of a namespace a tick waits for the run before, too', async (t) => {
  const peer = await solo(t);
  const client = peer.namespace('/cron/report');
  const stop = new AbortController();
  let working = 0;
  let most = 0;
  let count = 0;
  const job = async () => {
    working += 1;
    most = Math.max(most, working);
    await sleep(150);
    working -= 1;
    count += 1;
    if (count === 3) stop.abort();
  };
  const runs = [1, 2].map(() => {
    return new Schedule(client, '/', { next: every(20) }).run(job, { signal: stop.signal });
  });
  await Promise.all(runs);
  assert.equal(most, 1);
});
