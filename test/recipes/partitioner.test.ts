import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, type Peer, QuorateError, utf8 } from '../../lib/index.ts';
import {
  Mutex,
  type Partition,
  Partitioner,
  type PartitionerOptions,
  ServiceRegistry,
} from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually, nodesIn, PATIENCE, untilNodes } from './support.ts';

const PARTITIONS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** One who takes part, and what it owns. */
class Worker {
  readonly id: number;
  readonly owned = new Map<string, Partition>();
  readonly stop = new AbortController();
  readonly ended: Promise<void>;
  /** Every partition it was ever given. */
  readonly begun: string[] = [];

  constructor(peer: Peer, options: PartitionerOptions, work?: (partition: Partition) => unknown) {
    this.id = peer.id;
    const named = { owner: `worker-${peer.id}`, ...options };
    this.ended = new Partitioner(peer, '/p', named).run(
      async (partition) => {
        this.owned.set(partition.name, partition);
        this.begun.push(partition.name);
        try {
          await (work === undefined ? partition.ended : work(partition));
        } finally {
          this.owned.delete(partition.name);
        }
      },
      { signal: this.stop.signal },
    );
    this.ended.catch(() => {});
  }

  get names(): string[] {
    return [...this.owned.keys()].sort();
  }
}

/** Waits until every partition is owned, and each of these has its share. */
async function shared(workers: readonly Worker[], all: readonly string[]): Promise<void> {
  const least = Math.floor(all.length / workers.length);
  const most = Math.ceil(all.length / workers.length);
  await eventually(`${all.join()} are shared out among ${workers.length}`, () => {
    const names = workers.flatMap((worker) => worker.names).sort();
    return (
      names.join() === [...all].sort().join() &&
      workers.every(({ owned }) => owned.size >= least && owned.size <= most)
    );
  });
}

async function stopAll(workers: readonly Worker[]): Promise<void> {
  for (const { stop } of workers) stop.abort();
  await Promise.all(workers.map(({ ended }) => ended));
}

test('shared out evenly; who joins takes as few as can be, who leaves gives its own away', async () => {
  await using group = await createTestGroup(3);
  const [first] = group.peers;
  assert.ok(first);
  const a = new Worker(byId(group.peers, 1), { partitions: PARTITIONS });
  await shared([a], PARTITIONS);
  const b = new Worker(byId(group.peers, 2), { partitions: PARTITIONS });
  await shared([a, b], PARTITIONS);
  assert.equal(b.begun.length, 3);
  const before = [a, b].map(({ names }) => names);
  const c = new Worker(byId(group.peers, 3), { partitions: PARTITIONS });
  await shared([a, b, c], PARTITIONS);
  assert.equal(c.begun.length, 2, 'two moved');
  [a, b].forEach((worker, at) => {
    assert.ok(worker.names.every((name) => before[at]?.includes(name)));
  });
  const kept = [a, c].map(({ names }) => names);
  await stopAll([b]);
  await shared([a, c], PARTITIONS);
  assert.ok([a, c].every((worker, at) => kept[at]?.every((name) => worker.owned.has(name))));
  const plan = await new Partitioner(first, '/p', { partitions: [] }).watch().live();
  assert.deepEqual([...plan.value.keys()], PARTITIONS);
  assert.match(plan.value.get('a') ?? '', /^[\da-f]{32}-worker-[13]$/);
  await stopAll([a, c]);
  await untilNodes(first, '/p/party', 0);
  for (const name of PARTITIONS) assert.deepEqual(await nodesIn(first, `/p/locks/${name}`), []);
});

test('a partition is given on only after its work has settled, with a higher fence', async () => {
  await using group = await createTestGroup(3);
  let release: () => void = () => {};
  const settled = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fences: bigint[] = [];
  const a = new Worker(byId(group.peers, 1), { partitions: ['x'] }, async (partition) => {
    fences.push(partition.fence);
    await partition.ended;
    await settled;
  });
  await eventually('it works', () => a.owned.size === 1);
  const assign: PartitionerOptions['assign'] = (partitions, members) => {
    const last = members.find((name) => name.endsWith('worker-2')) ?? members[0] ?? '';
    return Object.fromEntries(partitions.map((name) => [name, last]));
  };
  const b = new Worker(byId(group.peers, 2), { partitions: ['x'], assign });
  // The one that leads decides: it has to be the one with that strategy.
  const c = new Worker(byId(group.peers, 3), { partitions: ['x'], assign });
  await untilNodes(byId(group.peers, 2), '/p/leader', 3);
  a.stop.abort();
  const signal = a.owned.get('x')?.signal;
  await eventually('it is told', () => signal?.aborted === true);
  assert.ok(QuorateError.is(signal?.reason, 'RELEASED'));
  await untilNodes(byId(group.peers, 2), '/p/locks/x', 2);
  assert.equal(b.owned.size, 0);
  release();
  await eventually('it moved', () => b.owned.size === 1);
  await a.ended;
  const [partition] = b.owned.values();
  assert.ok(partition && partition.fence > (fences[0] ?? 0n));
  const [holder] = await new Mutex(byId(group.peers, 2), '/p/locks/x').contenders();
  assert.deepEqual([holder?.owner, holder?.fence], ['worker-2', partition.fence]);
  await byId(group.peers, 2).guardedBy(partition).create('/done');
  await stopAll([b, c]);
});

test('what a killed member had, the others get, whoever leads', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const workers = group.peers.map((peer) => new Worker(peer, { partitions: PARTITIONS }));
  await shared(workers, PARTITIONS);
  await group.kill(leader.id);
  const rest = workers.filter(({ id }) => id !== leader.id);
  await shared(rest, PARTITIONS);
  await workers.find(({ id }) => id === leader.id)?.ended;
  const again = new Worker(await group.restart(leader.id), { partitions: PARTITIONS });
  await shared([...rest, again], PARTITIONS);
  await stopAll([...rest, again]);
});

test('one that is cut off is told before anybody else owns what it had, and takes part again', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const workers = group.peers.map((peer) => new Worker(peer, { partitions: PARTITIONS }));
  await shared(workers, PARTITIONS);
  const [cut] = workers.filter(({ id }) => id !== leader.id);
  assert.ok(cut);
  const had = [...cut.owned.values()];
  group.partition([cut.id]);
  const rest = workers.filter((worker) => worker !== cut);
  await shared(rest, PARTITIONS);
  for (const partition of had) {
    assert.ok(QuorateError.is(partition.signal.reason, 'GRANT_LOST'));
    assert.throws(() => partition.assertHeld(), failsWith('GRANT_LOST'));
  }
  group.heal();
  await shared(workers, PARTITIONS);
  await group.expireSession(cut.id);
  await shared(workers, PARTITIONS);
  await stopAll(workers);
});

test('partitions may come and go', async () => {
  await using group = await createTestGroup(3);
  const [first] = group.peers;
  assert.ok(first);
  await first.ensurePath('/sources/one');
  const workers = group.peers.map(
    (peer) => new Worker(peer, { partitions: peer.watchChildren('/sources') }),
  );
  await eventually('one', () => workers.some(({ owned }) => owned.has('one')));
  await first.create('/sources/two');
  await first.create('/sources/three');
  await shared(workers, ['one', 'two', 'three']);
  await first.delete('/sources/one');
  await eventually('it is gone', () => workers.every(({ owned }) => !owned.has('one')));
  await stopAll(workers);
});

test('a plan that somebody spoils is written again, and nothing stops meanwhile', async (t) => {
  const peer = await solo(t);
  const worker = new Worker(peer, { partitions: PARTITIONS });
  await shared([worker], PARTITIONS);
  const { data } = await peer.get('/p/assignment');
  const spoilt = ['{', '[]', '{"a":1}'].map((text) => utf8.encode(text));
  for (const plan of [...spoilt, Uint8Array.of(0xff, 0x80)]) {
    await peer.as(bytes).set('/p/assignment', plan);
    const now = async (): Promise<string> => {
      return Buffer.from((await peer.as(bytes).get('/p/assignment')).data).toString();
    };
    await eventually('it is back', async () => (await now()) === data);
  }
  await peer.delete('/p/assignment');
  await eventually('it is back', async () => (await peer.find('/p/assignment'))?.data === data);
  assert.equal(worker.begun.length, PARTITIONS.length);
  const [partition] = worker.owned.values();
  assert.ok(partition);
  await peer.delete(partition.path);
  await eventually('it is taken again', () => worker.begun.length === PARTITIONS.length + 1);
  await stopAll([worker]);
});

test('quiet: it is shared out once all have come', async () => {
  await using group = await createTestGroup(3);
  const options = { partitions: PARTITIONS, quiet: 2_000 };
  const workers = group.peers.map((peer) => new Worker(peer, options));
  await shared(workers, PARTITIONS);
  assert.equal(workers.flatMap(({ begun }) => begun).length, PARTITIONS.length, 'none has moved');
  await stopAll(workers);
});

test('work that throws ends it, and others take over; work that returns is not repeated', async () => {
  await using group = await createTestGroup(3);
  const mine = new Error('mine');
  const bad = new Worker(byId(group.peers, 1), { partitions: PARTITIONS }, (partition) => {
    if (partition.name === 'c') throw mine;
    return partition.ended;
  });
  await assert.rejects(bad.ended, (error) => error === mine);
  assert.equal(bad.owned.size, 0, 'all work has settled');
  const once = new Worker(byId(group.peers, 2), { partitions: PARTITIONS }, () => 'done');
  await eventually('each once', () => once.begun.length === PARTITIONS.length);
  const other = new Worker(byId(group.peers, 3), { partitions: PARTITIONS });
  await eventually('half of them moved', () => other.owned.size === 3);
  await stopAll([other]);
  await eventually('back again', () => once.begun.length === PARTITIONS.length + 3);
  await stopAll([once]);
});

test('a strategy that gives what there is not, or to nobody, rejects run', async (t) => {
  const peer = await solo(t);
  const wrong: unknown[] = [
    () => ({ a: 'nobody' }),
    (_: unknown, [member]: string[]) => ({ z: member }),
    () => undefined,
    (_: unknown, [member]: string[]) => new Map([['a', member]]),
  ];
  for (const assign of wrong) {
    const options = { partitions: ['a'], assign } as PartitionerOptions;
    await assert.rejects(
      new Partitioner(peer, '/p', options).run(() => {}),
      TypeError,
    );
  }
  await untilNodes(peer, '/p/party', 0);
});

test('it ends with its signal, its peer, or its session', async () => {
  await using group = await createTestGroup(3);
  const peer = byId(group.peers, 1);
  const topics = new Partitioner(peer, '/p', { partitions: ['a'] });
  await topics.run(() => assert.fail('it was stopped before'), { signal: AbortSignal.abort() });
  const session = await peer.openSession();
  const onSession = new Partitioner(session, '/p', { partitions: ['a'] });
  let began: () => void = () => {};
  const working = new Promise<void>((resolve) => {
    began = resolve;
  });
  const running = onSession.run((partition) => {
    began();
    return partition.ended;
  });
  await working;
  await session.close();
  await running;
  const other = topics.run((partition) => partition.ended);
  await untilNodes(peer, '/p/party', 1);
  await peer.close();
  await other;
});

test('what cannot be shared out, or is no option, is refused', async (t) => {
  const peer = await solo(t);
  const make = (options: unknown) => new Partitioner(peer, '/p', options as PartitionerOptions);
  for (const options of [
    undefined,
    {},
    { partitions: ['a/b'] },
    { partitions: [''] },
    { partitions: 'a' },
  ]) {
    assert.throws(() => make(options), TypeError);
  }
  assert.throws(() => make({ partitions: ['a', 'a'] }), RangeError);
  assert.throws(() => make({ partitions: ['a'], assing: 1 }), TypeError);
  assert.throws(() => make({ partitions: ['a'], quiet: '1' }), TypeError);
  await assert.rejects(make({ partitions: ['a'] }).run('work' as never), TypeError);
  await eventually('nothing is left', async () => (await nodesIn(peer, '/p')).length === 0);
});

test('it may be run, and a provider be had, in a listener of the same client', async (t) => {
  const peer = await solo(t);
  const stop = new AbortController();
  const topics = new Partitioner(peer, '/topics', { partitions: ['orders'] });
  let isDone = false;
  const done = new Promise<void>((resolve, reject) => {
    const listen = async () => {
      await using _ = await new ServiceRegistry(peer, '/registry').provider('orders', {
        timeout: PATIENCE / 4,
      });
      await topics.run(() => stop.abort(), { signal: stop.signal });
    };
    peer.watch('/config').subscribe(() => listen().then(resolve, reject));
  });
  const settled = () => {
    isDone = true;
  };
  done.then(settled, settled);
  await eventually('its partition was given to it', () => isDone);
  stop.abort();
  await done;
});
