/**
 * S33 on real peers: several of every kind contend on each of them while they are cut off, stalled and killed
 * by a seed. `SEED=7 node --import tsx --test test/recipes/chaos.test.ts` tries another one; what the machine's
 * own scheduling adds is not in the seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Peer, QuorateError } from '../../lib/index.ts';
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
import { Monitor } from './monitor.ts';
import { eventually, PATIENCE, untilNodes } from './support.ts';

const SEED = Number(process.env.SEED ?? 1);
const FAULTS = Number(process.env.FAULTS ?? 5);
const READERS = 1_000;

/** Numbers of 0 to 1 that the seed alone decides. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What becomes of work on a peer that may be lost at any time. */
const EXPECTED = ['GRANT_LOST', 'CLOSED', 'TIMED_OUT', 'SESSION_EXPIRED', 'ABORTED'] as const;

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

  /** One fault after the other; each is over before the next. */
  async disturb(): Promise<void> {
    const ids = this.group.peers.map(({ id }) => id);
    const id = ids[Math.floor(this.random() * ids.length)] ?? 1;
    const kind = Math.floor(this.random() * 4);
    const milliseconds = 200 + this.random() * 2_500;
    if (kind === 0) {
      this.group.partition([id]);
      await this.#watchFor(milliseconds);
      this.group.heal();
    } else if (kind === 1) {
      this.group.stall(id, milliseconds);
      await this.#watchFor(milliseconds);
    } else if (kind === 2) {
      await this.group.kill(id);
      await this.#watchFor(milliseconds / 2);
      this.enter(await this.group.restart(id));
    } else {
      await this.group.expireSession(id);
    }
    await this.#watchFor(300);
  }

  async #watchFor(milliseconds: number): Promise<void> {
    for (const end = performance.now() + milliseconds; performance.now() < end; ) {
      for (const monitor of this.monitors) monitor.check();
      await sleep(5);
    }
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

/** What a fault may do to the work is no failure of the lock. */
async function tolerated(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!QuorateError.is(error, ...EXPECTED)) throw error;
    // A peer that is being closed refuses at once.
    await sleep(5);
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
  await peer.sync({ timeout: PATIENCE });
  const { mutex, both, leader } = chaos.exclusive;
  assert.ok((await mutex.checkLog(peer, '/log/m')) > 0);
  assert.ok((await both.checkLog(peer, '/log/xy')) > 0);
  assert.ok((await leader.checkLog(peer, '/log/l')) > 0);
  for (const folder of ['/m', '/x', '/y', '/l', '/rw', '/s/leases', '/s/locks']) {
    if ((await peer.exists(folder)) !== undefined) await untilNodes(peer, folder, 0);
  }
});
