/** What each recipe is for, from beginning to end: with nothing of it left when that has settled. */
import {
  type Client,
  type ErrorCode,
  json,
  type Peer,
  QuorateError,
  type WaitOptions,
} from '../../lib/index.ts';
import {
  Barrier,
  Config,
  Counter,
  DoubleBarrier,
  type Grant,
  Group,
  HotStandby,
  LeaderElection,
  type Lock,
  Migrations,
  MultiLock,
  Mutex,
  openEphemeral,
  openTtlNode,
  Partitioner,
  Queue,
  ReadWriteLock,
  runCoordinator,
  Scanner,
  Schedule,
  Semaphore,
  ServiceRegistry,
  TreeCache,
  UniqueId,
} from '../../lib/recipes/index.ts';

/** What a play is given. */
export interface Scene {
  /** Which may go wrong. */
  readonly client: Client;
  /** Nothing stands there. */
  readonly path: string;
  /** The play is to end. */
  readonly signal: AbortSignal;
  /** The same with a time. */
  readonly wait: WaitOptions;
}

export interface Play {
  run(scene: Scene): Promise<unknown>;
  /** Whoever deletes its node begins anew. */
  readonly isKeptForEver?: boolean;
  /** It goes on by itself where the group is too busy for a moment. */
  readonly isPatient?: boolean;
  /** Whether what was asked for is in the tree: an error must not say otherwise. */
  isDone?(peer: Peer, path: string): Promise<boolean>;
}

/** One after the other, the second while the first is held. */
async function inTurn(first: Lock, second: Lock, wait: WaitOptions): Promise<void> {
  const fences: bigint[] = [];
  const work = (grant: Grant) => void fences.push(grant.fence);
  await using held = await first.acquire(wait);
  work(held);
  const next = second.run(work, wait);
  next.catch(() => {});
  await held.release();
  await next;
  const [one = 0n, other = 0n] = fences;
  if (one >= other) throw new RangeError(`the fence ${other} follows ${one}`);
}

async function tried(lock: Lock, wait: WaitOptions): Promise<void> {
  const grant = await lock.tryAcquire(wait);
  await grant?.release();
}

/** Whoever is left behind by the other does not wait for him. */
async function together(
  wait: WaitOptions,
  begin: (both: WaitOptions) => readonly Promise<unknown>[],
): Promise<void> {
  await once(wait.signal, async (stop, done) => {
    const all = begin({ ...wait, ...stop });
    await Promise.all(all).finally(done);
  });
}

/** Until it has done its work once, or is told to end. */
async function once(
  signal: AbortSignal | undefined,
  run: (stop: { readonly signal: AbortSignal }, done: () => void) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  const signals = signal === undefined ? [stop.signal] : [signal, stop.signal];
  await run({ signal: AbortSignal.any(signals) }, () => stop.abort());
}

async function isThere(peer: Peer, path: string): Promise<boolean> {
  return (await peer.exists(path)) !== undefined;
}

function unless(code: ErrorCode): (error: unknown) => void {
  return (error) => {
    if (!QuorateError.is(error, code)) throw error;
  };
}

const SERVICE = { name: 'orders', address: '127.0.0.1', port: 8080, id: 'orders-0' } as const;

export const PLAYS: Readonly<Record<string, Play>> = {
  mutex: {
    run: ({ client, path, wait }) => inTurn(new Mutex(client, path), new Mutex(client, path), wait),
  },
  'mutex, tried': { run: ({ client, path, wait }) => tried(new Mutex(client, path), wait) },
  'multi lock': {
    run: ({ client, path, wait }) => {
      const lock = new MultiLock(client, [`${path}/a`, `${path}/b`]);
      return lock.run((held) => held.assertHeld(), wait);
    },
  },
  'read-write lock': {
    run: ({ client, path, wait }) => {
      const { read, write } = new ReadWriteLock(client, path);
      return inTurn(read, write, wait);
    },
  },
  semaphore: {
    run: ({ client, path, wait }) => {
      const semaphore = new Semaphore(client, path, { leases: 2 });
      return semaphore.run((held) => held.assertHeld(), { ...wait, weight: 2 });
    },
  },
  'semaphore, tried': {
    run: ({ client, path, wait }) => tried(new Semaphore(client, path, { leases: 2 }), wait),
  },
  'leader election': {
    isPatient: true,
    run: ({ client, path, signal }) =>
      new LeaderElection(client, path).run((term) => term.assertHeld(), { signal }),
  },
  group: {
    run: async ({ client, path, wait }) => {
      const group = new Group(client, path);
      await using me = await group.join('idle', { ...wait, name: 'me' });
      await me.set('busy', wait);
      await group.watch().until((members) => members.get('me')?.data === 'busy', wait);
      await me.leave();
    },
  },
  partitioner: {
    isPatient: true,
    run: ({ client, path, signal }) =>
      once(signal, (stop, done) =>
        new Partitioner(client, path, { partitions: ['a'] }).run(done, stop),
      ),
  },
  gate: {
    run: async ({ client, path, wait }) => {
      const gate = new Barrier(client, path);
      await gate.raise(wait);
      await together(wait, (both) => [gate.wait(both), gate.lift(both)]);
    },
  },
  barrier: {
    run: async ({ client, path, wait }) => {
      const barrier = new Barrier(client, path, { size: 2 });
      await together(wait, (both) => [barrier.arrive(both), barrier.arrive(both)]);
      await barrier.wait(wait);
      await barrier.raise(wait);
      await barrier.lift(wait);
    },
  },
  'double barrier': {
    run: ({ client, path, wait }) =>
      new DoubleBarrier(client, path, { size: 1 }).run(() => 'done', wait),
  },
  'queue, put': {
    run: ({ client, path, wait }) => new Queue(client, path).put('a', wait),
    isDone: async (peer, path) => (await new Queue(peer, path).size()) > 0,
  },
  'queue, taken': {
    run: async ({ client, path, wait }) => {
      const queue = new Queue(client, path);
      await queue.put('a', wait);
      const first = await queue.take(wait);
      await first.release();
      await using item = await queue.take(wait);
      await item.ack();
    },
  },
  'queue, run': {
    run: async ({ client, path, signal, wait }) => {
      const queue = new Queue(client, path);
      await queue.putAll(['a', 'b'], wait);
      await queue.put('c', { ...wait, delay: 5 });
      const left = new Set(['a', 'b', 'c']);
      await once(signal, (stop, done) =>
        queue.run(
          ({ data }) => {
            left.delete(data);
            if (left.size === 0) done();
          },
          { ...stop, concurrency: 2 },
        ),
      );
    },
  },
  counter: {
    run: ({ client, path, wait }) => new Counter(client, `${path}/sum`).add(1, wait),
    isDone: async (peer, path) => (await new Counter(peer, `${path}/sum`).get()) > 0,
  },
  'unique id': {
    isKeptForEver: true,
    run: async ({ client, path, wait }) => {
      const ids = new UniqueId(client, `${path}/last`, { block: 2 });
      const all = [await ids.next(wait), await ids.next(wait), await ids.next(wait)];
      if (new Set(all).size < all.length) throw new RangeError(`twice: ${all.join()}`);
    },
  },
  'config, set': {
    run: ({ client, path, wait }) => new Config(client, `${path}/value`).set('a', wait),
    isDone: (peer, path) => isThere(peer, `${path}/value`),
  },
  'config, updated': {
    run: ({ client, path, wait }) => new Config(client, `${path}/value`).update(() => 'a', wait),
    isDone: (peer, path) => isThere(peer, `${path}/value`),
  },
  'tree cache': {
    run: async ({ client, path, wait }) => {
      await using nodes = await new TreeCache(client, path).watch().live(wait);
      await client.ensurePath(`${path}/a`, wait);
      await nodes.until((now) => now.has(`${path}/a`), wait);
    },
  },
  'ephemeral node': {
    run: async ({ client, path, wait }) => {
      await using node = await openEphemeral(client, `${path}/a`, 'one', wait);
      await node.set('two', wait);
      await node.close();
    },
  },
  'node with a time to live': {
    run: async ({ client, path, wait }) => {
      await using node = await openTtlNode(client, `${path}/a`, 'one', { ...wait, ttl: 60_000 });
      await node.set('two', wait);
      await node.close();
    },
  },
  migrations: {
    run: ({ client, path, wait }) => {
      const step = { name: '1', run: (guarded: Client) => guarded.ensurePath(`${path}/limits`) };
      return new Migrations(client, path, [step]).run(wait);
    },
  },
  'service registry': {
    run: async ({ client, path, wait }) => {
      const registry = new ServiceRegistry(client, path);
      await using me = await registry.register(SERVICE, wait);
      await me.update({ weight: 2 }, wait);
      await registry.control('orders', 'orders-0', { draining: true }, wait);
      await using orders = await registry.provider('orders', wait);
      orders.pick();
      await registry.view(wait);
      await me.close();
    },
  },
  scanner: {
    run: async ({ client, path, signal, wait }) => {
      const registry = new ServiceRegistry(client, path);
      await using _me = await registry.register(SERVICE, wait);
      const probe = () => ({ load: 3 });
      await once(signal, async (stop, done) => {
        const scanning = new Scanner(client, path, { probe, interval: 5 }).run(stop);
        const seen = registry.watch('orders').until(([one]) => one?.status?.state === 'up', stop);
        const ends = [scanning, seen.catch(unless('ABORTED'))];
        await Promise.all(ends.map((end) => end.finally(done)));
      });
    },
  },
  schedule: {
    isPatient: true,
    run: ({ client, path, signal }) => {
      const next = (after: Date) => new Date(after.getTime() + 5);
      const rules = { next, interrupted: 'retry' } as const;
      return once(signal, (stop, done) => new Schedule(client, path, rules).run(done, stop));
    },
  },
  'run coordinator': {
    run: ({ client, path }) => runCoordinator(client, path).shouldRun('nightly', 60_000),
    isDone: (peer, path) => isThere(peer, `${path}/fire-nightly`),
  },
  'hot standby': {
    run: async ({ client, path, signal, wait }) => {
      const standby = new HotStandby(client.as(json<string>()), path, { failurePause: 1 });
      await standby.add('a', 'of its own', wait).catch(unless('NODE_EXISTS'));
      await once(signal, (stop, done) => standby.run(done, stop));
      await standby.remove('a', wait);
    },
  },
};
