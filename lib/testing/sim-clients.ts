/** Clients in the processes of the peers: they open sessions, pipeline writes, read, watch, move, fall silent and leave. */
import type { ReadOptions, ReadResult } from '../replica/read.ts';
import type { Delivery, Ticket } from '../replica/ready.ts';
import type { Replica } from '../replica/replica.ts';
import type { SessionHandle } from '../replica/session-handle.ts';
import type { Asked } from './predicates/predicate.ts';
import { Prng } from './prng.ts';
import { ReplicaMachine } from './replica-machine.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimPeer } from './sim-peer.ts';
import { STREAM } from './swarm.ts';
import { drawRead, drawWrite, HIDDEN_PARENT } from './workload.ts';

/** A client's session that any peer may take over. */
interface Portable {
  readonly session: bigint;
  readonly password: Uint8Array;
  readonly timeout: number;
}

/** Reads that wait, by the life of the process and the ticket. */
interface Reads {
  readonly life: number;
  readonly reads: Map<Ticket, Asked>;
  /** Of those, what need not be answered any more. It may be, and what it left counts. */
  readonly abandoned: Set<Ticket>;
}

type Waiting = Map<SimPeer, Reads>;

/** The time-outs of sessions, in units of the peers' own. */
const TIMEOUTS = [1, 2, 4] as const;
export const TIMEOUT_MAX = 4;

const FINAL: ReadonlySet<string> = new Set(['expired', 'closed']);

class Client {
  readonly #clients: SimClients;
  readonly #prng: Prng;
  #peer: SimPeer;
  #life = 0;
  #session: SessionHandle | undefined;
  #password: Uint8Array | undefined;
  #tickets: Ticket[] = [];

  constructor(clients: SimClients, prng: Prng, peer: SimPeer) {
    this.#clients = clients;
    this.#prng = prng;
    this.#peer = peer;
  }

  /** The next thing that it does. */
  act(): void {
    const prng = this.#prng;
    const peer = this.#peer;
    const gone = !peer.alive || this.#life !== peer.life;
    const over = this.#session !== undefined && FINAL.has(this.#session.state);
    if (gone || over) this.#session = undefined;
    if (this.#session === undefined) {
      if (gone || prng.chance(0.1)) this.#peer = this.#clients.anyPeer(prng);
      this.#at((replica) => this.#open(replica));
      return;
    }
    this.#at((replica) => this.#use(replica));
  }

  #at(action: (replica: Replica) => void): void {
    const peer = this.#peer;
    const life = peer.life;
    peer.input((machine) => {
      if (peer !== this.#peer || life !== peer.life) return;
      if (machine instanceof ReplicaMachine) action(machine.replica);
    });
  }

  #open(replica: Replica): void {
    const prng = this.#prng;
    const timeout = this.#clients.drawTimeout(prng);
    this.#life = this.#peer.life;
    this.#tickets = [];
    const portable = prng.chance(0.3) ? this.#clients.anyPortable(prng) : undefined;
    if (portable !== undefined) {
      this.#session = replica.sessions.takeOver(portable);
      this.#password = portable.password;
    } else if (prng.chance(0.5)) {
      this.#password = new TextEncoder().encode(prng.hex(16));
      this.#session = replica.sessions.open({
        timeout,
        kind: 'client',
        password: this.#password,
        address: '10.0.0.9',
      });
    } else {
      this.#password = undefined;
      this.#session = replica.sessions.open({ timeout });
    }
    this.#clients.opened(this.#peer, this.#session);
  }

  #use(replica: Replica): void {
    const session = this.#session;
    const prng = this.#prng;
    if (session === undefined || FINAL.has(session.state)) return;
    if (this.#password !== undefined && session.id !== 0n) {
      this.#clients.remember({
        session: session.id,
        password: this.#password,
        timeout: session.timeout,
      });
    }
    const what = prng.float();
    if (what < 0.45) this.#write(replica, session);
    else if (what < 0.9) this.#read(replica, session);
    else if (what < 0.93) replica.sessions.close(session);
    else if (what < 0.96 && this.#tickets.length > 0)
      replica.sessions.abandon(session, prng.pick(this.#tickets));
    else if (what < 0.98 && session.kind === 'client')
      replica.sessions.setAlive(session, prng.chance(0.6));
    else {
      this.#write(replica, session);
      replica.sessions.close(session);
      this.#write(replica, session);
    }
  }

  #write(replica: Replica, session: SessionHandle): void {
    const prng = this.#prng;
    for (let count = prng.pick([1, 1, 1, 2, 8]); count > 0; count -= 1) {
      const operation = drawWrite(prng);
      const ticket = replica.sessions.submit(session, operation);
      if (typeof ticket !== 'number') return;
      this.#tickets.push(ticket);
      if (this.#tickets.length > 20) this.#tickets.shift();
      this.#clients.submitted(this.#peer, session, ticket, operation);
    }
  }

  #read(replica: Replica, session: SessionHandle): void {
    const prng = this.#prng;
    const operation = drawRead(prng);
    const consistency = prng.pick(['local', 'unordered', 'linearizable', 'stale'] as const);
    const options: ReadOptions = consistency === 'local' ? {} : { consistency };
    this.#clients.read(this.#peer, replica, session, operation, options);
  }
}

export class SimClients {
  readonly #cluster: SimCluster;
  readonly #clients: Client[] = [];
  readonly #waiting: Waiting = new Map();
  readonly #portables = new Map<bigint, Portable>();
  /** Writes that were not answered yet, by the life of their process. */
  readonly #pending = new Map<SimPeer, { readonly life: number; readonly tickets: Set<Ticket> }>();
  #stopped = false;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    const { swarm, peers } = cluster;
    for (const peer of peers) {
      peer.hear = (deliveries) => this.#hear(peer, deliveries);
    }
    for (let index = 0; index < swarm.clients; index += 1) {
      const prng = new Prng(swarm.seed, STREAM.client, index);
      this.#clients.push(new Client(this, prng, prng.pick(peers)));
      this.#schedule(index, prng);
    }
  }

  /** From now on nobody asks for anything. */
  stop(): void {
    this.#stopped = true;
  }

  /** Requests of living processes that nobody has answered. */
  get unanswered(): readonly string[] {
    const names: string[] = [];
    for (const [peer, { life, tickets }] of this.#pending) {
      if (!peer.alive || peer.life !== life) continue;
      for (const ticket of tickets) names.push(`write ${ticket} of peer ${peer.id}`);
    }
    for (const [peer, { life, reads, abandoned }] of this.#waiting) {
      if (!peer.alive || peer.life !== life) continue;
      for (const ticket of reads.keys())
        if (!abandoned.has(ticket)) names.push(`read ${ticket} of peer ${peer.id}`);
    }
    return names;
  }

  anyPeer(prng: Prng): SimPeer {
    return prng.pick(this.#cluster.peers);
  }

  anyPortable(prng: Prng): Portable | undefined {
    const all = [...this.#portables.values()];
    return all.length === 0 ? undefined : prng.pick(all.slice(-4));
  }

  remember(portable: Portable): void {
    this.#portables.set(portable.session, portable);
  }

  drawTimeout(prng: Prng): number {
    return this.#cluster.swarm.timers.syncTimeout * prng.pick(TIMEOUTS);
  }

  opened(peer: SimPeer, session: SessionHandle): void {
    this.#cluster.statistics.add('sessions opened');
    this.#cluster.referee.opened(peer, session);
  }

  submitted(
    peer: SimPeer,
    session: SessionHandle,
    ticket: Ticket,
    operation: Parameters<Replica['sessions']['submit']>[1],
  ): void {
    const { statistics, referee, trace } = this.#cluster;
    statistics.add(`write ${operation.type}`);
    if (operation.type === 'create' && operation.path.startsWith(`${HIDDEN_PARENT}/`))
      statistics.add('node hidden');
    if (operation.type === 'set-acl' && operation.acl.some(({ scheme }) => scheme === 'team'))
      statistics.add('node guarded');
    trace.note(
      'client',
      peer.place,
      () => `session ${session.key} writes ${ticket}: ${describe(operation)}`,
      ticket,
    );
    ofLife(this.#pending, peer, () => ({ life: peer.life, tickets: new Set() })).tickets.add(
      ticket,
    );
    referee.submitted(peer, session, ticket, operation);
  }

  read(
    peer: SimPeer,
    replica: Replica,
    session: SessionHandle,
    operation: Asked['operation'],
    options: ReadOptions,
  ): ReadResult | Ticket {
    const { statistics, referee, trace } = this.#cluster;
    statistics.add(`read ${operation.type}`);
    const asked = referee.asked(peer, session, operation, options);
    const result = replica.sessions.read(session, operation, options);
    const text = (): string =>
      `session ${session.key} reads ${describe(operation)} ${options.consistency ?? 'local'}`;
    if (typeof result === 'number') {
      trace.note('client', peer.place, () => `${text()} as ${result}`, result);
      const { reads } = ofLife(this.#waiting, peer, () => noReads(peer.life));
      reads.set(result, asked);
      return result;
    }
    trace.note(
      'client',
      peer.place,
      () => `${text()}: ${result.type === 'error' ? result.code : result.type}`,
      result.type.length,
    );
    const zxid = replica.applied;
    referee.told(peer, { type: 'read', session, ticket: 0, zxid, result }, asked);
    return result;
  }

  /** Nobody waits for that answer any more: of a read there may be none. */
  abandoned(peer: SimPeer, ticket: Ticket): void {
    const waiting = this.#waiting.get(peer);
    if (waiting?.reads.has(ticket) === true) waiting.abandoned.add(ticket);
  }

  #schedule(index: number, prng: Prng): void {
    const { clock, swarm } = this.#cluster;
    clock.after(prng.exponential(swarm.clientInterval), () => {
      if (this.#stopped) return;
      this.#clients[index]?.act();
      this.#schedule(index, prng);
    });
  }

  #hear(peer: SimPeer, deliveries: readonly Delivery[]): void {
    const { statistics, trace, referee } = this.#cluster;
    for (const delivery of deliveries) {
      statistics.add(
        `told ${delivery.type}${delivery.type === 'reply' ? ` ${delivery.outcome}` : ''}`,
      );
      trace.note(
        'client',
        peer.place,
        () => `session ${delivery.session.key} is told ${describe(delivery)}`,
        Number(delivery.zxid & 0xffff_ffffn),
      );
      let asked: Asked | undefined;
      if (delivery.type === 'read') {
        const reads = this.#waiting.get(peer)?.reads;
        asked = reads?.get(delivery.ticket);
        reads?.delete(delivery.ticket);
      } else if (delivery.type === 'reply') {
        this.#pending.get(peer)?.tickets.delete(delivery.ticket);
      }
      referee.told(peer, delivery, asked);
    }
  }
}

function noReads(life: number): Reads {
  return { life, reads: new Map(), abandoned: new Set() };
}

function ofLife<T extends { readonly life: number }>(
  map: Map<SimPeer, T>,
  peer: SimPeer,
  fresh: () => T,
): T {
  let known = map.get(peer);
  if (known?.life !== peer.life) {
    known = fresh();
    map.set(peer, known);
  }
  return known;
}

function describe(value: object): string {
  return JSON.stringify(value, (key, part) => {
    if (key === 'session' && typeof part === 'object') return undefined;
    if (typeof part === 'bigint') return `0x${part.toString(16)}`;
    return part instanceof Uint8Array ? `${part.length} bytes` : part;
  });
}
