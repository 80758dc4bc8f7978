/** What every process of a run does: it opens a peer, says how that is, and works until it is told to end. Only the public API is used. */
import { answer } from '../../examples/support/asked-process.ts';
import {
  type Grouped,
  openPeer,
  type Peer,
  type PeerStatus,
  QuorateError,
} from '../../lib/index.ts';
import type { Dump, Seen } from './history.ts';
import { isBrief, isContainer, ROOT } from './places.ts';
import { Recorder } from './recorder.ts';

/** How a process is told what to do. */
export interface ProgramOptions {
  readonly options: Grouped;
  /** Where it writes down what happens. */
  readonly history: string;
  /** Unique to this process. */
  readonly name: string;
  /** Ms between two operations of a worker. */
  readonly idle: number;
  /** The port of the resource that holders of locks write to, where there is one. */
  readonly resource: number;
}

/** What every process can be asked for. */
export interface ProgramCalls {
  /** Why the peer did not open: its store is damaged. Undefined: it did. */
  refusal(): Promise<string | undefined>;
  status(): Promise<PeerStatus>;
  /** Begins once the peer serves and is watched. What rejects has begun nothing. */
  load(): Promise<void>;
  /** How often each worker that waits for its turn has got it. */
  served(): Promise<Readonly<Record<string, number>>>;
  /** Resolves when all that was asked is answered. */
  loadEnd(): Promise<void>;
  /** Computes for so many ms without a pause. */
  block(milliseconds: number): Promise<void>;
  /** A quorum round. */
  sync(): Promise<void>;
  /** Rejects while the tree is still changed. */
  dump(): Promise<Dump>;
}

/** What a kind of load is made of. */
export interface Work extends Pick<ProgramCalls, 'load' | 'served' | 'loadEnd'> {
  /** The process is to end: begin nothing more. */
  stop(): void;
  /** Rejects while something of it is not yet as it must be when all is quiet. */
  check(): Promise<void>;
}

/** Opens the peer and answers questions, until whoever started the process is gone. */
export async function host(
  program: ProgramOptions,
  begin: (peer: Peer, recorder: Recorder) => Work,
): Promise<void> {
  const { options, history } = program;
  const recorder = new Recorder(history);
  recorder.record({ t: 'peer', peer: options.id });
  const complain = (text: string): void => recorder.record({ t: 'complaint', text });
  process.on('unhandledRejection', (error) => complain(`unhandled rejection: ${String(error)}`));
  process.on('uncaughtException', (error) => {
    complain(`uncaught exception: ${error.stack}`);
    process.exit(1);
  });
  const leave = (): void => process.exit();
  const opened = await openPeer(options).catch((error: unknown) => {
    if (QuorateError.is(error, 'QUARANTINED')) return error.message;
    throw error;
  });
  if (typeof opened === 'string') {
    answer<Pick<ProgramCalls, 'refusal'>>({ refusal: async () => opened }, leave);
    return;
  }
  opened.on('error', (error) => {
    // The disk failed, or is an older one; whoever made it so looks at the status.
    if (!isOfDisk(opened, String(error))) complain(`error event: ${String(error)}`);
  });
  const work = begin(opened, recorder);
  answer<ProgramCalls>(callsOf(opened, work), leave);
  process.on('SIGTERM', () => {
    work.stop();
    void opened.close().then(leave);
  });
}

/** Only of observers no log remembers the lives of their stores. */
function isOfDisk({ id, status }: Peer, error: string): boolean {
  if (/refused a write/.test(error)) return true;
  return !status.voters.includes(id) && /another life of this store/.test(error);
}

function callsOf(peer: Peer, work: Work): ProgramCalls {
  return {
    refusal: async () => undefined,
    status: async () => peer.status,
    load: () => begun(work),
    served: () => work.served(),
    loadEnd: () => work.loadEnd(),
    block: async (milliseconds) => {
      for (const end = performance.now() + milliseconds; performance.now() < end; );
    },
    sync: () => peer.sync({ timeout: 60_000 }),
    dump: async () => {
      const dump = await dumpOf(peer);
      await work.check();
      return dump;
    },
  };
}

/** Whose session ends while it begins, as of one that is frozen then, begins anew with the next one. */
async function begun(work: Work): Promise<void> {
  for (;;) {
    try {
      return await work.load();
    } catch (error) {
      if (!QuorateError.is(error, 'SESSION_EXPIRED')) throw error;
    }
  }
}

/** Reads the tree path by path. What goes by itself must be gone. */
async function dumpOf(peer: Peer): Promise<Dump> {
  const nodes: Required<Seen>[] = [];
  const { zxid } = peer.status;
  await dumpBelow(peer, ROOT, nodes);
  if (peer.status.zxid !== zxid) throw new Error('the tree is still changed');
  const late = nodes.find(({ path, stat }) => {
    return isBrief(path) || (isContainer(path) && stat.cversion > 0 && stat.numChildren === 0);
  });
  if (late !== undefined) throw new Error(`${late.path} has not gone by itself`);
  return { peer: peer.id, zxid, nodes };
}

async function dumpBelow(peer: Peer, path: string, into: Required<Seen>[]): Promise<void> {
  const node = await peer.find(path);
  if (node === undefined) return;
  into.push(node);
  for (const child of await peer.children(path)) await dumpBelow(peer, `${path}/${child}`, into);
}
