/** Peers in processes of their own, for examples and tests that kill them. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AskedProcess } from './asked-process.ts';
import type { Calls, Contents } from './peer-program.ts';

const PROGRAM = fileURLToPath(new URL('./peer-program.ts', import.meta.url));

/** A peer in a process of its own, and what it can be asked for. */
export class PeerProcess extends AskedProcess<Calls> {
  readonly id: number;

  constructor(id: number, peers: Readonly<Record<number, string>>, dataDir: string) {
    super(PROGRAM, [String(id), JSON.stringify(peers), dataDir], `process ${id}`);
    this.id = id;
  }

  /** Ends its session, hands leadership over, and ends. */
  async close(): Promise<void> {
    await this.ask('close');
    await this.ended();
  }
}

/** Below those that systems give to connections which go out: such a port stays free while a process is down. */
const PORTS = { first: 20_000, count: 12_000 } as const;
/** How many the processes of one machine are apart from each other. */
const PORTS_EACH = 16;
let nextPort = (process.pid * PORTS_EACH) % PORTS.count;

/** Ports of the loopback interface that nobody uses, nor is given by chance. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried += 1) {
    if (tried === PORTS.count) throw new Error('no port is free');
    const port = PORTS.first + nextPort;
    nextPort = (nextPort + 1) % PORTS.count;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

/**
 * What the peers hold once they stand at the same transaction: with nobody writing, they get there by
 * themselves as soon as the sessions of the last restart are opened.
 */
export async function contentsOf(peers: readonly PeerProcess[]): Promise<readonly Contents[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const all = await Promise.all(peers.map((one) => one.ask('contents')));
    if (new Set(all.map(({ zxid }) => zxid)).size === 1) return all;
    if (performance.now() > deadline)
      throw new Error('the peers do not reach the same transaction');
  }
}
