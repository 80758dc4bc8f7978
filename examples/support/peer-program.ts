/**
 * A process with one peer, which does what the process that started it asks for over IPC. Only the
 * public API is used here.
 */
import { createHash } from 'node:crypto';
import { type Created, openPeer, type Session, type Znode } from '../../lib/index.ts';
import type { Look, SeenNode } from '../live/scene.ts';
import { answer } from './asked-process.ts';

const [id, peers, dataDir] = process.argv.slice(2);
if (id === undefined || peers === undefined || dataDir === undefined) {
  throw new Error('usage: peer-program <id> <peers as JSON> <directory>');
}
const peer = await openPeer({
  id: Number(id),
  peers: JSON.parse(peers),
  dataDir,
  sessionTimeout: 4_000,
});
peer.on('error', (error) => process.stderr.write(`peer ${id}: ${String(error)}\n`));

/** What a peer holds. */
export interface Contents {
  /** By path. */
  readonly data: ReadonlyMap<string, string>;
  /** Of every path with its data and the zxid of its last change. */
  readonly digest: string;
  /** The last transaction that was applied. */
  readonly zxid: bigint;
}

async function contents(): Promise<Contents> {
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

/** Levels of the tree, and children of a node, that a look shows. */
const SHOWN = { levels: 2, children: 6 };

async function look(): Promise<Look> {
  const { state, serving, reason, leader, epoch, zxid } = peer.status;
  const tree: SeenNode[] = [];
  // What is there, be there a quorum or not.
  const stale = { consistency: 'stale' } as const;
  const visit = async (path: string, level: number): Promise<void> => {
    const limit = SHOWN.children;
    for (const name of await peer.children(path === '' ? '/' : path, { ...stale, limit })) {
      const child = `${path}/${name}`;
      const node = await peer.find(child, stale);
      if (node === undefined) continue;
      const { numChildren: children, ephemeralOwner } = node.stat;
      tree.push({ path: child, data: node.data, isEphemeral: ephemeralOwner !== 0n, children });
      if (level < SHOWN.levels) await visit(child, level + 1);
    }
  };
  await visit('', 1);
  return { state, isServing: serving, reason, leader, epoch, zxid, tree };
}

/** Registers this process, and again whenever its session is another one. */
async function join(session: Session): Promise<void> {
  const path = `/members/${id}`;
  // What is there is of the process before this one: it goes with that one's session.
  await session.watch(path).until((node) => node === undefined);
  await session.create(path, `process ${process.pid}`, { ephemeral: true, parents: true });
}

function joinAgain(session: Session): void {
  // A session that ended meanwhile has a successor.
  join(session).catch(() => {});
}

/** What the process can be asked for. */
export interface Calls {
  /** Id of the leader, once this peer serves. */
  ready(): Promise<number | undefined>;
  create(path: string, data: string): Promise<Created>;
  /** An ephemeral node of this process. */
  register(path: string, data: string): Promise<Created>;
  /** An ephemeral node for as long as this process lives, whatever becomes of its session. */
  join(): Promise<void>;
  /** Counts one up, once that is acknowledged. */
  touch(path: string): Promise<void>;
  /** What the live view shows. */
  look(): Promise<Look>;
  get(path: string, after: bigint): Promise<Znode<string>>;
  /** A read that a leader without a quorum cannot answer. */
  linearizable(path: string): Promise<string>;
  /** Waits in a watch until the node is there, or until it is gone. */
  until(path: string, isThere: boolean): Promise<string | undefined>;
  contents(): Promise<Contents>;
  close(): Promise<void>;
}

const calls: Calls = {
  ready: async () => {
    await peer.ready({ timeout: 30_000 });
    return peer.status.leader;
  },
  create: (path, data) => peer.create(path, data, { parents: true }),
  register: (path, data) => peer.session.create(path, data, { ephemeral: true }),
  join: async () => {
    peer.on('session', joinAgain);
    joinAgain(peer.session);
  },
  touch: async (path) => {
    await peer.update(path, (count) => String(Number(count ?? 0) + 1));
  },
  look,
  get: (path, after) => peer.get(path, { after }),
  linearizable: async (path) => {
    const { data } = await peer.get(path, { consistency: 'linearizable', timeout: 30_000 });
    return data;
  },
  until: async (path, isThere) => {
    const node = await peer.watch(path).until((state) => (state !== undefined) === isThere);
    return node?.data;
  },
  contents,
  close: async () => {
    await peer.close();
    setImmediate(() => process.disconnect());
  },
};

// Whoever started this process is gone: nothing to stay for.
answer(calls, () => void peer.close());
