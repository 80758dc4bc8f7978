/**
 * Schedules, tasks and registrations on real peers that are cut off, stalled and killed by a seed: each tick is
 * taken once, runs and tasks have one holder, and after the heal everybody is found by everybody.
 * `SEED=7 node --import tsx --test test/recipes/services-chaos.test.ts` tries another one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Peer, QuorateError } from '../../lib/index.ts';
import {
  type Grant,
  HotStandby,
  Schedule,
  type ScheduledRun,
  ServiceRegistry,
} from '../../lib/recipes/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/index.ts';
import { Monitor } from './monitor.ts';
import { eventually, untilHeard } from './support.ts';

const SEED = Number(process.env.SEED ?? 1);
const FAULTS = Number(process.env.FAULTS ?? 5);
const STEP = 50;

/** Numbers of 0 to 1 that the seed alone decides. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const next = (after: Date) => new Date((Math.floor(after.getTime() / STEP) + 1) * STEP);
const random = numbers(SEED);
const monitors = { once: new Monitor('once', 1), again: new Monitor('again', 1) };
const tasks = new Monitor('task', 1);
/** Of the schedule that runs a tick at most once. */
const ticks: number[] = [];
const faults: unknown[] = [];

/** What becomes of work on a peer that may be lost at any time. */
async function work(peer: Peer, grant: Grant, monitor: Monitor, log: string): Promise<void> {
  monitor.granted(grant, 1);
  try {
    const data = String(grant.fence);
    await peer.guardedBy(grant).create(`${log}/e-`, data, { sequential: true, timeout: 500 });
    await sleep(5);
  } catch (error) {
    const expected = ['GRANT_LOST', 'CLOSED', 'TIMED_OUT', 'SESSION_EXPIRED', 'ABORTED'] as const;
    if (!QuorateError.is(error, ...expected)) throw error;
  } finally {
    monitor.done(grant);
  }
}

/** Everything that one process takes part in. */
function enter(peer: Peer, stop: AbortSignal, runs: Promise<void>[]): void {
  const options = { signal: stop };
  for (const interrupted of ['skip', 'retry'] as const) {
    const name = interrupted === 'skip' ? 'once' : 'again';
    const job = async (run: ScheduledRun) => {
      if (name === 'once') ticks.push(run.tick.getTime());
      assert.ok(name === 'again' || run.attempt === 1);
      await work(peer, run, monitors[name], `/log/${name}`);
    };
    runs.push(new Schedule(peer, `/cron/${name}`, { next, interrupted }).run(job, options));
  }
  const standby = new HotStandby(peer, '/tasks', { failurePause: 10 });
  runs.push(standby.run((running) => work(peer, running, tasks, '/log/tasks'), options));
  const registry = new ServiceRegistry(peer, '/registry');
  const service = { name: 's', id: String(peer.id), address: '10.0.0.1', port: 80 };
  registry.register(service).catch((error: unknown) => {
    if (!QuorateError.is(error, 'CLOSED')) faults.push(error);
  });
  peer.on('error', (error) => faults.push(error));
}

/** One fault, until it is over. */
async function disturb(group: TestGroup, revive: (id: number) => Promise<void>): Promise<void> {
  const ids = group.peers.map(({ id }) => id);
  const id = ids[Math.floor(random() * ids.length)] ?? 1;
  const kind = Math.floor(random() * 4);
  const milliseconds = 200 + random() * 2_500;
  if (kind === 0) {
    group.partition([id]);
    await sleep(milliseconds);
    group.heal();
  } else if (kind === 1) {
    group.stall(id, milliseconds);
    await sleep(milliseconds);
  } else if (kind === 2) {
    await group.kill(id);
    await sleep(milliseconds / 2);
    await revive(id);
  } else {
    await group.expireSession(id);
  }
  await sleep(300);
}

test(`schedules, tasks and registrations under faults, with seed ${SEED}`, async () => {
  await using group = await createTestGroup(3);
  const [first] = group.peers;
  assert.ok(first);
  for (const log of ['once', 'again', 'tasks']) await first.ensurePath(`/log/${log}`);
  await new HotStandby(first, '/tasks').add('one', '');
  const stop = new AbortController();
  const runs: Promise<void>[] = [];
  for (const peer of group.peers) enter(peer, stop.signal, runs);
  for (let fault = 0; fault < FAULTS; fault += 1) {
    await disturb(group, async (id) => enter(await group.restart(id), stop.signal, runs));
  }
  const all = [monitors.once, monitors.again, tasks];
  const before = all.map(({ grants }) => grants);
  await eventually('all goes on after the heal', () => {
    return all.every(({ grants }, at) => grants > (before[at] ?? 0) + 3);
  });
  for (const peer of group.peers) {
    const provider = await new ServiceRegistry(peer, '/registry').provider('s');
    await eventually('everybody is found', () => {
      return new Set(Array.from({ length: 9 }, () => provider.pick()?.id)).size === 3;
    });
  }
  stop.abort();
  await Promise.all(runs);
  assert.equal(new Set(ticks).size, ticks.length, 'no tick was run twice');
  const [peer] = group.peers;
  assert.ok(peer);
  await untilHeard(peer);
  assert.ok((await monitors.once.checkLog(peer, '/log/once')) > 0);
  assert.ok((await monitors.again.checkLog(peer, '/log/again')) > 0);
  assert.ok((await tasks.checkLog(peer, '/log/tasks')) > 0);
  assert.deepEqual(faults, []);
});
