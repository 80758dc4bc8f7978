/**
 * An HTTP microservice of three replicas that elects a master: each replica mounts its peer on its own port,
 * beside what it serves, so that there is nothing else to open, to run or to watch. The master is stopped, and
 * another one takes over.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPeer, type Peer } from '../lib/index.ts';
import { type Grant, LeaderElection } from '../lib/recipes/index.ts';
import { freePorts } from './support/peer-process.ts';

const directory = await mkdtemp(join(tmpdir(), 'quorate-'));
/** Whoever reaches the service's port reaches the peer: without this nobody gets in. */
const secret = randomBytes(32).toString('hex');
const ports = await freePorts(3);
const peers = Object.fromEntries(
  ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}/quorate`]),
);

/** One replica: what would be a process of its own. */
interface Replica {
  readonly url: string;
  readonly server: Server;
  readonly peer: Peer;
  readonly stop: AbortController;
  readonly standing: Promise<void>;
}

async function start(port: number, id: number): Promise<Replica> {
  const url = `http://127.0.0.1:${port}`;
  let term: Grant | undefined;
  const server = createServer((request, response) => {
    if (request.url === '/readyz') return response.writeHead(peer.status.serving ? 200 : 503).end();
    const isMaster = isHeld(term);
    response.end(JSON.stringify({ id, isMaster, fence: isMaster ? String(term?.fence) : null }));
  });
  const peer = await openPeer({
    id,
    peers,
    dataDir: join(directory, String(id)),
    listen: { server, path: '/quorate' },
    secret,
    sessionTimeout: 4_000,
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = new AbortController();
  const lead = async (won: Grant) => {
    term = won;
    await won.ended;
  };
  const election = new LeaderElection(peer, '/orders/master', { data: url });
  return { url, server, peer, stop, standing: election.run(lead, stop) };
}

/** By the clock: who was blocked or cut off for too long knows it at this moment. */
function isHeld(term: Grant | undefined): boolean {
  try {
    term?.assertHeld();
    return term !== undefined;
  } catch {
    return false;
  }
}

interface Answer {
  readonly id: number;
  readonly isMaster: boolean;
  readonly fence: string | null;
}

async function ask(url: string): Promise<Answer> {
  const response = await fetch(url);
  return (await response.json()) as Answer;
}

/** Asks all until one of them is the master. */
async function master(replicas: readonly Replica[]): Promise<Answer> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    const answers = await Promise.all(replicas.map(({ url }) => ask(url)));
    const masters = answers.filter(({ isMaster }) => isMaster);
    if (masters.length > 1) throw new Error('two masters');
    const [one] = masters;
    if (one !== undefined) return one;
  }
  throw new Error('no master');
}

/** In good order, as on SIGTERM: resigns, leaves the group, and then the server. */
async function close({ server, peer, stop, standing }: Replica): Promise<void> {
  stop.abort();
  await standing;
  await peer.close();
  server.close();
  server.closeAllConnections();
}

try {
  let replicas = await Promise.all(ports.map((port, at) => start(port, at + 1)));
  const first = await master(replicas);
  console.log(`replica ${first.id} is the master, fence ${first.fence}`);
  const { status } = await fetch(`${replicas[0]?.url}/readyz`);
  console.log(`/readyz answers ${status}, on the port that the peers meet on`);
  const leaving = replicas.find(({ peer }) => peer.id === first.id);
  if (leaving === undefined) throw new Error('the master is one of them');
  const from = performance.now();
  await close(leaving);
  replicas = replicas.filter((replica) => replica !== leaving);
  const second = await master(replicas);
  const took = Math.round(performance.now() - from);
  console.log(
    `replica ${first.id} was stopped; after ${took} ms replica ${second.id} is the master`,
  );
  if (BigInt(second.fence ?? 0) <= BigInt(first.fence ?? 0)) throw new Error('fences rise');
  console.log(`its fence ${second.fence} is higher`);
  for (const replica of replicas) await close(replica);
} finally {
  await rm(directory, { recursive: true, force: true });
}
