/**
 * Those who gather, on real peers that are cut off, stalled and killed by a seed. What they may rely on is read off
 * the transactions, as a peer that nothing is done to has applied them.
 * `SEED=7 node --import tsx --test test/recipes/groups-chaos.test.ts` tries another one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer, TreeUpdate } from '../../lib/index.ts';
import {
  Barrier,
  DoubleBarrier,
  Group,
  type Partition,
  Partitioner,
} from '../../lib/recipes/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/index.ts';
import { disturb, numbers, tolerated } from './disturbances.ts';
import { Monitor } from './monitor.ts';
import { byId, eventually, nodesIn, PATIENCE, untilHeard, untilNodes } from './support.ts';

const SEED = Number(process.env.SEED ?? 1);
const FAULTS = Number(process.env.FAULTS ?? 5);
const PARTITIONS = ['a', 'b', 'c', 'd'];
const SIZE = 3;
const OBSERVER = 4;

/** Reads off the transactions of a folder who was let in, and by whom. */
class Doorkeeper {
  readonly #folder: string;
  /** Who stands there, by path, with the czxid. */
  readonly #present = new Map<string, bigint>();
  readonly #letIn = new Set<bigint>();
  #isOpen = false;
  /** More than one transaction at once: nobody can judge that. */
  gaps = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  take({ kind, changes }: TreeUpdate<string>): void {
    if (kind === 'gap') this.gaps += 1;
    const before = new Map(this.#present);
    const come: bigint[] = [];
    const wasOpen = this.#isOpen;
    for (const change of changes) {
      if (change.path === this.#folder) continue;
      if (change.path.endsWith('/ready')) {
        this.#isOpen = change.type !== 'deleted';
      } else if (change.type === 'deleted') {
        this.#present.delete(change.path);
      } else {
        this.#present.set(change.path, change.stat.czxid);
        come.push(change.stat.czxid);
      }
    }
    if (!this.#isOpen) return;
    if (kind === 'transaction' && !wasOpen) {
      assert.ok(before.size >= SIZE, `${before.size} opened ${this.#folder}`);
    }
    for (const czxid of wasOpen ? [] : before.values()) this.#letIn.add(czxid);
    // Whoever comes to an open one joins those who are inside.
    if (before.size > 0) for (const czxid of come) this.#letIn.add(czxid);
  }

  /** Whether the one with that node was let in with others. */
  knows(czxid: bigint): boolean {
    return this.#letIn.has(czxid);
  }
}

class Gatherings {
  readonly group: TestGroup;
  readonly stop = new AbortController();
  readonly runs: Promise<void>[] = [];
  readonly partitions = new Map(PARTITIONS.map((name) => [name, new Monitor(name, 1)]));
  /** The czxid of everybody who was let in. */
  readonly entered: bigint[] = [];
  passed = 0;

  constructor(group: TestGroup) {
    this.group = group;
  }

  enter(peer: Peer): void {
    const { signal } = this.stop;
    const shares = new Partitioner(peer, '/p', { partitions: PARTITIONS, owner: `${peer.id}` });
    const phase = new DoubleBarrier(peer, '/d', { size: SIZE });
    const barrier = new Barrier(peer, '/b', { size: SIZE });
    this.#repeat(peer, () => shares.run((one) => this.#own(peer, one), { signal }));
    this.#repeat(peer, async () => {
      const inside = await phase.enter({ signal });
      this.entered.push(inside.fence);
      await sleep(2);
      await inside.leave({ signal });
    });
    this.#repeat(peer, async () => {
      await barrier.arrive({ signal });
      this.passed += 1;
      await barrier.raise();
    });
    this.runs.push(tolerated(this.#belong(peer)));
  }

  check(): void {
    for (const monitor of this.partitions.values()) monitor.check();
  }

  /** How far each of them has come. */
  get progress(): number[] {
    const grants = [...this.partitions.values()].map((monitor) => monitor.grants);
    return [this.entered.length, this.passed, ...grants];
  }

  #repeat(peer: Peer, work: () => Promise<void>): void {
    const loop = async () => {
      while (!this.stop.signal.aborted && peer.status.state !== 'closed') await tolerated(work());
    };
    this.runs.push(loop());
  }

  /** In stints: so there is always something to be taken again. */
  async #own(peer: Peer, partition: Partition): Promise<void> {
    const monitor = this.partitions.get(partition.name);
    assert.ok(monitor);
    monitor.granted(partition, 1);
    const guarded = peer.guardedBy(partition);
    try {
      while (!partition.signal.aborted) {
        const entry = guarded.create(`/log/${partition.name}/e-`, String(partition.fence), {
          sequential: true,
          timeout: 500,
        });
        await tolerated(entry);
        await sleep(20);
      }
      // Some hold on although they are told.
      await sleep(5);
    } finally {
      monitor.done(partition);
    }
  }

  async #belong(peer: Peer): Promise<void> {
    const members = new Group(peer, '/g');
    const me = await members.join('0', { name: `m${peer.id}`, signal: this.stop.signal });
    for (let count = 1; !this.stop.signal.aborted; count += 1) {
      await tolerated(me.set(String(count), { timeout: 200 }));
      await sleep(10);
    }
    await me.leave();
  }
}

test(`those who gather, with seed ${SEED}: nobody passes alone, nothing has two owners, all go on`, async () => {
  await using group = await createTestGroup(3, { observers: 1 });
  const observer = byId(group.peers, OBSERVER);
  for (const name of PARTITIONS) await observer.ensurePath(`/log/${name}`);
  const doors = ['/d', '/b'].map((folder) => {
    const door = new Doorkeeper(folder);
    observer.watchTree(folder).subscribe((update) => door.take(update));
    return door;
  });
  const failures: unknown[] = [];
  observer.on('error', (error) => failures.push(error));
  const gatherings = new Gatherings(group);
  for (const peer of group.peers) if (peer !== observer) gatherings.enter(peer);
  await eventually('they have begun', () => gatherings.progress.every((count) => count > 0));
  const disturbed = {
    group,
    random: numbers(SEED),
    spared: [OBSERVER],
    restarted: (peer: Peer) => gatherings.enter(peer),
    check: () => gatherings.check(),
  };
  for (let fault = 0; fault < FAULTS; fault += 1) await disturb(disturbed);

  const [entered = 0, passed = 0] = gatherings.progress;
  await eventually('rounds go on after the heal', () => {
    return gatherings.entered.length > entered + 6 && gatherings.passed > passed + 6;
  });
  const full = (members: ReadonlyMap<string, unknown>) => members.size === SIZE;
  await new Group(observer, '/g').watch().until(full, { timeout: PATIENCE });
  gatherings.stop.abort();
  const late = sleep(PATIENCE, 'late', { ref: false });
  assert.notEqual(
    await Promise.race([Promise.all(gatherings.runs), late]),
    'late',
    'all have ended',
  );

  await untilHeard(observer);
  for (const [name, monitor] of gatherings.partitions) {
    assert.ok((await monitor.checkLog(observer, `/log/${name}`)) > 0);
    await eventually('no claim is left', async () => {
      return (await nodesIn(observer, `/p/locks/${name}`)).length === 0;
    });
  }
  assert.deepEqual(failures, []);
  const [door] = doors;
  assert.ok(door && doors.every(({ gaps }) => gaps === 0));
  await eventually('whoever passed was let in with others', () =>
    gatherings.entered.every((czxid) => door.knows(czxid)),
  );
  for (const folder of ['/d', '/g', '/p/party', '/p/leader']) await untilNodes(observer, folder, 0);
  await eventually('no arrival is left', async () => {
    return (await nodesIn(observer, '/b')).every((name) => name === 'ready');
  });
});
