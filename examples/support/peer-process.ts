/** Peers in processes of their own, for examples and tests that kill them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
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

/** Ports of the loopback interface that nobody uses. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(portOf));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
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
