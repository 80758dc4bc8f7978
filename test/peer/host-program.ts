/**
 * A process of an application that embeds a peer: it can be configured in every way, blocks its event
 * loop, and writes without a pause. Only the public API is used here.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answer } from '../../examples/support/asked-process.ts';
import {
  fromZooCfg,
  type Grouped,
  openPeer,
  type PeerStatus,
  type SessionState,
} from '../../lib/index.ts';

/** How the process is told its options: as JSON, or in a file zoo.cfg beside a file myid. */
export type HostConfiguration =
  | { readonly type: 'options'; readonly options: Grouped }
  | { readonly type: 'zoo.cfg'; readonly directory: string };

/** What an application sees in the first call after it has computed for long. */
export interface AfterBlock {
  readonly before: bigint;
  readonly state: SessionState;
  readonly sameSession: boolean;
}

/** What became of the writes of a load. */
export interface LoadResult {
  readonly acknowledged: readonly string[];
  /** Codes of those that failed. */
  readonly failed: readonly string[];
}

/** What the process can be asked for. */
export interface HostCalls {
  /** Resolves when the peer serves. */
  ready(): Promise<PeerStatus>;
  status(): Promise<PeerStatus>;
  /** The present session, once it is connected. */
  session(): Promise<bigint>;
  sessionNow(): Promise<{ readonly id: bigint; readonly state: SessionState }>;
  register(path: string): Promise<void>;
  create(path: string, data: string, timeout: number): Promise<bigint>;
  get(path: string, after: bigint): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Computes for so many ms without a pause, then asks for the state of its session at once. */
  block(milliseconds: number): Promise<AfterBlock>;
  warnings(): Promise<readonly string[]>;
  /** Writes one node after the other, so many at a time, until the end is asked for. */
  load(prefix: string, inFlight: number): Promise<void>;
  loadEnd(): Promise<LoadResult>;
  /** Which of these nodes, each of which holds its own path, are not there. */
  missing(paths: readonly string[]): Promise<readonly string[]>;
  /** How many ms it took. */
  close(): Promise<number>;
}

async function optionsOf(configuration: HostConfiguration): Promise<Grouped> {
  if (configuration.type === 'options') return configuration.options;
  const { directory } = configuration;
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  return fromZooCfg(await read('zoo.cfg'), { myid: await read('data/myid') }).options;
}

const peer = await openPeer(await optionsOf(JSON.parse(process.argv[2] ?? '')));
const warnings: string[] = [];
peer.on('warning', ({ code }) => warnings.push(code));
peer.on('error', (error) => process.stderr.write(`peer ${peer.id}: ${String(error)}\n`));
process.on('unhandledRejection', (error) => {
  process.stderr.write(`peer ${peer.id}: unhandled: ${String(error)}\n`);
});

function busy(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

const acknowledged: string[] = [];
const failed: string[] = [];
let isLoading = false;
let writers: Promise<void>[] = [];

async function writeOn(prefix: string, at: number): Promise<void> {
  for (let number = 0; isLoading; number += 1) {
    const path = `${prefix}/${at}-${number}`;
    try {
      await peer.create(path, path, { parents: true });
      acknowledged.push(path);
    } catch (error) {
      failed.push(String(error));
      return;
    }
  }
}

async function loadEnd(): Promise<LoadResult> {
  isLoading = false;
  await Promise.all(writers);
  return { acknowledged, failed };
}

async function connected(): Promise<bigint> {
  for (;;) {
    const { session } = peer;
    if (session.state === 'connected') return session.id;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const calls: HostCalls = {
  ready: async () => {
    await peer.ready({ timeout: 60_000 });
    return peer.status;
  },
  status: async () => peer.status,
  session: connected,
  sessionNow: async () => ({ id: peer.session.id, state: peer.session.state }),
  register: async (path) => {
    await connected();
    await peer.session.create(path, '', { ephemeral: true });
  },
  create: async (path, data, timeout) => {
    const { stat } = await peer.create(path, data, { parents: true, timeout });
    return stat.czxid;
  },
  get: async (path, after) => (await peer.find(path, { after, timeout: 60_000 }))?.data,
  exists: async (path) =>
    (await peer.exists(path, { consistency: 'linearizable', timeout: 60_000 })) !== undefined,
  block: async (milliseconds) => {
    const { session } = peer;
    const before = session.id;
    busy(milliseconds);
    return { before, state: session.state, sameSession: peer.session.id === before };
  },
  warnings: async () => warnings,
  load: async (prefix, inFlight) => {
    isLoading = true;
    writers = Array.from({ length: inFlight }, (_, at) => writeOn(prefix, at));
  },
  loadEnd,
  missing: async (paths) => {
    await peer.sync({ timeout: 60_000 });
    const found = await Promise.all(paths.map((path) => peer.find(path)));
    return paths.filter((path, at) => found[at]?.data !== path);
  },
  close: async () => {
    const before = performance.now();
    await peer.close();
    setImmediate(() => process.disconnect());
    return performance.now() - before;
  },
};

// Whoever started this process is gone: nothing to stay for.
answer(calls, () => void peer.close());
