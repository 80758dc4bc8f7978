/**
 * One of the three processes: opens a peer and does what the process that started it asks for over
 * IPC. Only the public API is used here.
 */
import { createHash } from 'node:crypto';
import { openPeer } from '../lib/index.ts';

const [id, peers, dataDir] = process.argv.slice(2);
if (id === undefined || peers === undefined || dataDir === undefined) {
  throw new Error('usage: three-processes-peer <id> <peers as JSON> <directory>');
}
const peer = await openPeer({
  id: Number(id),
  peers: JSON.parse(peers),
  dataDir,
  sessionTimeout: 4_000,
});
peer.on('error', (error) => process.stderr.write(`peer ${id}: ${String(error)}\n`));

/** Every path with its data, and a digest of all of them with their zxids. */
async function contents(): Promise<{ data: Map<string, string>; digest: string; zxid: bigint }> {
  const data = new Map<string, string>();
  const hash = createHash('sha256');
  const visit = async (path: string): Promise<void> => {
    const node = await peer.get(path);
    data.set(path, node.data);
    hash.update(`${path} ${node.stat.mzxid} ${node.stat.version} ${node.data}\n`);
    for (const name of await peer.children(path))
      await visit(`${path === '/' ? '' : path}/${name}`);
  };
  await peer.sync();
  await visit('/');
  return { data, digest: hash.digest('hex'), zxid: peer.status.zxid };
}

const calls = {
  ready: async () => {
    await peer.ready({ timeout: 30_000 });
    return peer.status.leader;
  },
  create: (path: string, data: string) => peer.create(path, data, { parents: true }),
  register: (path: string, data: string) => peer.session.create(path, data, { ephemeral: true }),
  get: (path: string, after: bigint) => peer.get(path, { after }),
  /** Waits in a watch until the node is there, or until it is gone. */
  until: async (path: string, isThere: boolean) => {
    const node = await peer.watch(path).until((state) => (state !== undefined) === isThere);
    return node?.data;
  },
  contents,
  close: () => peer.close(),
};

/** What the process can be asked for. */
export type Calls = typeof calls;

/** One question. */
export interface Question {
  readonly number: number;
  readonly name: keyof Calls;
  readonly args: readonly unknown[];
}

/** And its answer. */
export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

process.on('message', async ({ number, name, args }: Question) => {
  const call: (...args: never[]) => Promise<unknown> = calls[name];
  const answer: Answer = await call(...(args as never[])).then(
    (result) => ({ number, result }),
    (error: unknown) => ({ number, error: String(error) }),
  );
  process.send?.(answer);
  if (name === 'close') process.disconnect();
});
// Whoever started this process is gone: nothing to stay for.
process.on('disconnect', () => void peer.close());
process.send?.({ number: 0 } satisfies Answer);
