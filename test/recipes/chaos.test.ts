/**
 * S33 on real peers: several of every kind contend on each of them while they are cut off, stalled and killed
 * by a seed. `SEED=7 node --import tsx --test test/recipes/chaos.test.ts` tries another one; what the machine's
 * own scheduling adds is not in the seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from '../../lib/index.ts';
import {
  type Grant,
  LeaderElection,
  type Lock,
  MultiLock,
  Mutex,
  ReadWriteLock,
  Semaphore,
} from '../../lib/recipes/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/index.ts';
import { disturb, numbers, tolerated } from './disturbances.ts';
import { Monitor } from './monitor.ts';
import { eventually, PATIENCE, untilHeard, untilNodes } from './support.ts';

const SEED = Number(process.env.SEED ?? 1);
const FAULTS = Number(process.env.FAULTS ?? 5);
const READERS = 1_000;

class Chaos {
  readonly group: TestGroup;
  readonly random: () => number;
  readonly stop = new AbortController();
  readonly runs: Promise<void>[] = [];
  readonly exclusive = {
    mutex: new Monitor('mutex', 1),
    both: new Monitor('multi-lock', 1),
    leader: new Monitor('leader', 1),
  };
  readonly semaphore = new Monitor('semaphore', 2);
  readonly readWrite = new Monitor('read-write-lock', READERS);

  constructor(group: TestGroup, seed: number) {
    this.group = group;
    this.random = numbers(seed);
  }

  get monitors(): Monitor[] {
    return [...Object.values(this.exclusive), this.semaphore, this.readWrite];
  }

  /** Everything that contends in one process. */
  enter(peer: Peer): void {
    const { mutex, both, leader } = this.exclusive;
    const { read, write } = new ReadWriteLock(peer, '/rw');
    const semaphore = new Semaphore(peer, '/s', { leases: 2 });
    this.#repeat(peer, new Mutex(peer, '/m'), mutex, 1, '/log/m');
    this.#repeat(peer, new MultiLock(peer, ['/x', '/y']), both, 1, '/log/xy');
    this.#repeat(peer, new MultiLock(peer, ['/y', '/x']), both, 1, '/log/xy');
    this.#repeat(peer, semaphore, this.semaphore, 1);
    this.#repeat(peer, { run: (work) => semaphore.run(work, { weight: 2 }) }, this.semaphore, 2);
    this.#repeat(peer, read, this.readWrite, 1);
    this.#repeat(peer, write, this.readWrite, READERS);
    this.#stand(peer, leader);
  }

  /** One fault, over when this resolves. */
  async disturb(): Promise<void> {
    await disturb({
      group: this.group,
      random: this.random,
      restarted: (peer) => this.enter(peer),
      check: () => {
        for (const monitor of this.monitors) monitor.check();
      },
    });
  }

  #repeat(
    peer: Peer,
    lock: Pick<Lock, 'run'>,
    monitor: Monitor,
    weight: number,
    log?: string,
  ): void {
    const loop = async () => {
      while (!this.stop.signal.aborted && peer.status.state !== 'closed') {
        await tolerated(lock.run((grant) => this.#work(peer, grant, monitor, weight, log)));
      }
    };
    this.runs.push(loop());
  }

  #stand(peer: Peer, monitor: Monitor): void {
    const election = new LeaderElection(peer, '/l');
    const lead = async (term: Grant) => {
      await tolerated(this.#work(peer, term, monitor, 1, '/log/l'));
    };
    const loop = async () => {
      while (!this.stop.signal.aborted && peer.status.state !== 'closed') {
        await tolerated(election.run(lead, { signal: this.stop.signal }));
      }
    };
    this.runs.push(loop());
  }

  async #work(
    peer: Peer,
    grant: Grant,
    monitor: Monitor,
    weight: number,
    log: string | undefined,
  ): Promise<void> {
    monitor.granted(grant, weight);
    try {
      const wait = { timeout: 500 };
      if (log !== undefined) {
        const guarded = peer.guardedBy(grant);
        const data = String(grant.fence);
        await guarded.create(`${log}/e-`, data, { sequential: true, ...wait });
        await guarded.create(`${log}/e-`, data, { sequential: true, ...wait });
      } else {
        await peer.sync(wait);
      }
      // Some hold on although they are cut off.
      await sleep(5);
    } finally {
      monitor.done(grant);
    }
  }
}

test(`contenders of every kind, with seed ${SEED}: nobody holds too much, everybody is served`, async () => {
  await using group = await createTestGroup(3);
  const [first] = group.peers;
  assert.ok(first);
  for (const log of ['m', 'xy', 'l']) await first.ensurePath(`/log/${log}`);
  const chaos = new Chaos(group, SEED);
  for (const peer of group.peers) chaos.enter(peer);
  for (let fault = 0; fault < FAULTS; fault += 1) await chaos.disturb();

  const before = chaos.monitors.map(({ grants }) => grants);
  await eventually('everybody is served after the heal', () => {
    return chaos.monitors.every(({ grants }, index) => grants > (before[index] ?? 0) + 3);
  });
  chaos.stop.abort();
  const late = sleep(PATIENCE, 'late', { ref: false });
  assert.notEqual(await Promise.race([Promise.all(chaos.runs), late]), 'late', 'all have ended');

  const [peer] = group.peers;
  assert.ok(peer);
  await untilHeard(peer);
  const { mutex, both, leader } = chaos.exclusive;
  assert.ok((await mutex.checkLog(peer, '/log/m')) > 0);
  assert.ok((await both.checkLog(peer, '/log/xy')) > 0);
  assert.ok((await leader.checkLog(peer, '/log/l')) > 0);
  for (const folder of ['/m', '/x', '/y', '/l', '/rw', '/s/leases', '/s/locks']) {
    if ((await peer.exists(folder)) !== undefined) await untilNodes(peer, folder, 0);
  }
});
