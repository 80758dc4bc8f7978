/** A process of an application with a peer and busy clients in it. Only the public API is used here. */
import { answer } from '../../examples/support/asked-process.ts';
import { type Grouped, openPeer, type PeerStatus, type TreeUpdate } from '../../lib/index.ts';
import { Asking } from './asking.ts';
import type { Change, Dump, Seen } from './history.ts';
import { Recorder } from './recorder.ts';
import { FOLDERS, ROOT, work } from './workload.ts';

/** How a process is told what to do. */
export interface ProgramOptions {
  readonly options: Grouped;
  /** Where it writes down what happens. */
  readonly history: string;
  /** Unique to this process. */
  readonly name: string;
  /** Ms between two operations of a worker. */
  readonly idle: number;
}

/** What the process can be asked for. */
export interface ProgramCalls {
  status(): Promise<PeerStatus>;
  /** Begins once the peer serves and is watched. */
  load(): Promise<void>;
  /** Resolves when all that was asked is answered. */
  loadEnd(): Promise<void>;
  /** Computes for so many ms without a pause. */
  block(milliseconds: number): Promise<void>;
  /** A quorum round. */
  sync(): Promise<void>;
  /** Rejects while the tree is still changed. */
  dump(): Promise<Dump>;
}

const { options, history, name, idle }: ProgramOptions = JSON.parse(process.argv[2] ?? '');
const recorder = new Recorder(history);
recorder.record({ t: 'peer', peer: options.id });
const complain = (text: string): void => recorder.record({ t: 'complaint', text });
process.on('unhandledRejection', (error) => complain(`unhandled rejection: ${String(error)}`));
process.on('uncaughtException', (error) => {
  complain(`uncaught exception: ${error.stack}`);
  process.exit(1);
});

const peer = await openPeer(options);
const asking = new Asking(recorder, name);
let isOver = false;
let loading: Promise<void> | undefined;

peer.on('error', (error) => {
  // The disk failed; whoever made it fail looks at the status.
  if (!/refused a write/.test(String(error))) complain(`error event: ${String(error)}`);
});

function told(update: TreeUpdate<string>): { zxid: bigint; changes: readonly Change[] } {
  const changes = update.changes.map((change): Change => {
    if (change.type === 'deleted') return change;
    const { type, path, data, stat } = change;
    return { type, node: { path, data, stat } };
  });
  return { zxid: update.zxid, changes };
}

/** Watches the tree; begins anew where something was missed. Resolves with the first state. */
function watchAll(): Promise<void> {
  return new Promise((resolve) => {
    const session = peer.session.id;
    const feed = peer.watchTree(ROOT).subscribe((update) => {
      if (update.kind === 'gap') {
        feed[Symbol.dispose]();
        void watchAll();
        return;
      }
      const { zxid, changes } = told(update);
      const shown = asking.shown.get(session) ?? 0n;
      if (update.kind === 'transaction' && session === peer.session.id && zxid <= shown) {
        complain(`session ${session} was shown ${shown} before it was told of ${zxid}`);
      }
      recorder.record({ t: update.kind, zxid, changes });
      resolve();
    });
  });
}

async function load(): Promise<void> {
  const patience = { timeout: 120_000 };
  await peer.ready(patience);
  const mark = `${ROOT}/mark/${options.id}`;
  for (const path of [ROOT, ...FOLDERS.map((folder) => `${ROOT}/${folder}`), mark]) {
    await peer.ensurePath(path, patience);
  }
  await watchAll();
  if (!isOver) loading = work({ peer, asking, recorder, mark, isOver: () => isOver }, idle);
}

async function loadEnd(): Promise<void> {
  isOver = true;
  await loading;
}

async function dumpBelow(path: string, into: Required<Seen>[]): Promise<void> {
  const node = await peer.find(path);
  if (node === undefined) return;
  into.push(node);
  for (const child of await peer.children(path)) await dumpBelow(`${path}/${child}`, into);
}

answer<ProgramCalls>(
  {
    status: async () => peer.status,
    load,
    loadEnd,
    block: async (milliseconds) => {
      for (const end = performance.now() + milliseconds; performance.now() < end; );
    },
    sync: () => peer.sync({ timeout: 60_000 }),
    dump: async () => {
      const nodes: Required<Seen>[] = [];
      const { zxid } = peer.status;
      await dumpBelow(ROOT, nodes);
      if (peer.status.zxid !== zxid) throw new Error('the tree is still changed');
      return { peer: options.id, zxid, nodes };
    },
  },
  // Whoever started this process is gone: nothing to stay for.
  () => process.exit(),
);

process.on('SIGTERM', () => {
  isOver = true;
  void peer.close().then(() => process.exit());
});
