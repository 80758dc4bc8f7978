/** One process of the replication bus: stands for every task, and replicates those that it is to run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPeer } from '../../lib/index.ts';
import { HotStandby, type RunningTask } from '../../lib/recipes/index.ts';
import { answer } from './asked-process.ts';

const [id = '', peers = '', dataDir = ''] = process.argv.slice(2);
const peer = await openPeer({
  id: Number(id),
  peers: JSON.parse(peers),
  dataDir,
  sessionTimeout: 4_000,
});
peer.on('error', (error) => process.stderr.write(`bus ${id}: ${String(error)}\n`));
const standby = new HotStandby(peer, '/bus/tasks', { owner: `bus-${id}` });
const stop = new AbortController();

/** Ms that one change takes. */
const STEP = 10;

/** Goes on where the one before has got to. Each change is a node of its own, so none can be taken twice. */
async function replicate(running: RunningTask): Promise<void> {
  const { task, fence } = running;
  const changes = `/bus/changes/${task}`;
  await peer.ensurePath(changes);
  // Whatever the one before has written is seen here.
  await peer.sync();
  const names = await peer.children(changes);
  for (let position = names.length + 1; !running.signal.aborted; position += 1) {
    running.assertHeld();
    const name = String(position).padStart(10, '0');
    await peer.guardedBy(running).create(`${changes}/${name}`, `bus-${id} under ${fence}`);
    await sleep(STEP, undefined, { ref: false });
  }
}

/** What the process can be asked for. */
export interface BusCalls {
  ready(): Promise<void>;
  add(task: string, source: string): Promise<void>;
  stand(): Promise<void>;
  /** Who runs a task and who stands by, the first in the line first. */
  line(task: string): Promise<readonly string[]>;
  /** All changes of a task that were replicated so far, in their order. */
  changes(task: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

let standing: Promise<void> = Promise.resolve();
const calls: BusCalls = {
  ready: () => peer.ready({ timeout: 30_000 }),
  add: (task, source) => standby.add(task, source),
  stand: async () => {
    standing = standby.run(replicate, { signal: stop.signal });
    standing.catch((error: unknown) => process.stderr.write(`bus ${id}: ${String(error)}\n`));
  },
  line: async (task) => {
    const tasks = await standby.watch().until(() => true);
    return (tasks.get(task) ?? []).map(({ owner, state }) => `${owner} ${state}`);
  },
  changes: async (task) => {
    const folder = `/bus/changes/${task}`;
    const names = (await peer.exists(folder)) === undefined ? [] : await peer.children(folder);
    const nodes = await Promise.all(names.map((name) => peer.get(`${folder}/${name}`)));
    return nodes.map(({ path, data }) => `${Number(path.slice(-10))} ${data}`);
  },
  close: async () => {
    stop.abort();
    await standing;
    await peer.close();
    setImmediate(() => process.disconnect());
  },
};

// Whoever started this process is gone: nothing to stay for.
answer(calls, () => void peer.close());
