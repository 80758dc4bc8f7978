/** Applications that contend for grants in every process of a simulated group. */
import { unreachable } from '../../base/assert.ts';
import { onAbort } from '../../client/abort.ts';
import type { PeerClient } from '../../client/peer-client.ts';
import {
  LeaderElection,
  type Lock,
  MultiLock,
  Mutex,
  ReadWriteLock,
  Semaphore,
} from '../../recipes/index.ts';
import { demand } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { ClientProgram } from '../programs/client-program.ts';
import type { ClientTimes } from '../programs/sim-client-peer.ts';
import { type Applications, SimProcess } from '../programs/sim-process.ts';
import { drained } from '../programs/virtual-node.ts';
import type { Company, Waits } from '../schedule.ts';
import type { SimClients } from '../sim-clients.ts';
import type { SimCluster } from '../sim-cluster.ts';
import type { SimPeer } from '../sim-peer.ts';
import { STREAM } from '../swarm.ts';
import { Violation } from '../violation.ts';
import { type Arena, Contender } from './contender.ts';
import { FencedResource } from './fenced-resource.ts';
import type { GrantBook, Line } from './grant-book.ts';

/** Below here are the lines. */
export const FOLDER = '/locks/';
const READERS = 1_000;
const LEASES = 2;

const MUTEX: Line = { name: 'mutex', room: 1, log: '/log/mutex' };
const X: Line = { name: 'x', room: 1, log: '/log/x' };
const Y: Line = { name: 'y', room: 1 };
const LEADER: Line = { name: 'leader', room: 1, log: '/log/leader' };
const CATALOGUE: Line = { name: 'catalogue', room: READERS, log: '/log/catalogue' };
const LIMIT: Line = { name: 'limit', room: LEASES };

/** What they contend for, as statistics call it. */
export const CONTENDERS = [
  'mutex',
  'impatient',
  'session',
  'both',
  'first',
  'reader',
  'writer',
  'leases',
  'leader',
] as const;
type Kind = (typeof CONTENDERS)[number];

/** How long everything may take when nothing fails any more, in virtual ms. */
const PATIENCE = 90_000;
const MEAN_TERM = 600;

export class Contention implements Company, Applications, Arena {
  readonly book: GrantBook;
  readonly #cluster: SimCluster;
  readonly #resources = new Map<string, FencedResource>();
  #contenders: Contender[] = [];
  readonly #stop = new AbortController();
  #isTouched = false;
  #failure: unknown;

  constructor(cluster: SimCluster, book: GrantBook) {
    this.#cluster = cluster;
    this.book = book;
  }

  // For the run.

  enter(clients: SimClients): void {
    const host = {
      clients,
      process: (peer: SimPeer) => this.#process(peer),
      times: ({ prng }: SimProcess) => this.#times(prng),
      main: (process: SimProcess, client: PeerClient) => this.#main(process, client),
    };
    for (const peer of this.#cluster.peers) peer.program = new ClientProgram(peer, host);
  }

  /** Whoever waits now is served, and everybody else who asks. */
  *served(): Waits {
    const { clock } = this.#cluster;
    const before = new Map(this.#contenders.map((one) => [one, one.grants]));
    const isHungry = (one: Contender): boolean => {
      return one.process.alive && one.waits && one.grants === (before.get(one) ?? 0);
    };
    yield { until: clock.now + PATIENCE, stop: () => !this.#contenders.some(isHungry) };
    const hungry = this.#contenders.filter(isHungry);
    demand(hungry.length === 0, 'S33', () => {
      return `never served after the heal: ${hungry.map(nameOf).join(', ')}`;
    });
  }

  /** They come to their end, and leave nothing behind. */
  *finished(): Waits {
    const { clock, trace } = this.#cluster;
    this.#stop.abort();
    this.#isTouched = true;
    const { standing } = this.book;
    const isBusy = ({ process, isDone }: Contender): boolean => process.alive && !isDone;
    const isOver = (): boolean => standing.size === 0 && !this.#contenders.some(isBusy);
    yield { until: clock.now + PATIENCE, stop: isOver };
    demand(isOver(), 'S33', () => {
      const left = [...this.#contenders.filter(isBusy).map(nameOf), ...standing];
      return `left when all have ended: ${left.join(', ')}`;
    });
    trace.note('check', 0, () => 'everybody was served, and nothing is left');
  }

  /** Whether code of an application was called since it was given time last. */
  get isTouched(): boolean {
    return this.#isTouched;
  }

  /** Lets the applications do what they can do at this moment. */
  async settle(): Promise<void> {
    await drained();
    this.#isTouched = false;
    if (this.#failure !== undefined) throw this.#failure;
  }

  // For processes.

  touched(): void {
    this.#isTouched = true;
  }

  failed(error: unknown): void {
    if (error instanceof Violation) this.#failure ??= error;
    else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#failure ??= new Violation('S34', `an application was told ${text}`);
    }
  }

  // For contenders.

  get stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  resource(line: Line): FencedResource {
    let resource = this.#resources.get(line.name);
    if (resource === undefined) {
      resource = new FencedResource(line.name);
      this.#resources.set(line.name, resource);
    }
    return resource;
  }

  count(what: string): void {
    this.#cluster.statistics.add(what);
  }

  note(process: SimProcess, text: () => string, ...numbers: readonly number[]): void {
    this.#cluster.trace.note('client', process.peer.place, text, ...numbers);
  }

  outside(milliseconds: number, arrive: () => void): void {
    this.#cluster.clock.after(milliseconds, arrive);
  }

  #process(peer: SimPeer): SimProcess {
    const { clock, swarm } = this.#cluster;
    this.#contenders = this.#contenders.filter(({ process }) => process.alive);
    const prng = new Prng(swarm.seed, STREAM.program, peer.place, peer.life);
    return new SimProcess(peer, clock, prng, this);
  }

  #times(prng: Prng): ClientTimes {
    const { syncTimeout } = this.#cluster.swarm.timers;
    return {
      sessionTimeout: syncTimeout * prng.pick([1, 2, 4]),
      requestTimeout: prng.pick([1_000, 5_000, 30_000]),
    };
  }

  #main(process: SimProcess, client: PeerClient): void {
    const { swarm } = this.#cluster;
    const drawn = new Prng(swarm.seed, STREAM.program);
    const kinds = CONTENDERS.filter(() => drawn.chance(0.4));
    for (const kind of kinds.length > 0 ? kinds : CONTENDERS) {
      for (let count = process.prng.pick([0, 1, 1, 1, 2]); count > 0; count -= 1) {
        this.#contend(kind, process, client);
      }
    }
  }

  #contend(kind: Kind, process: SimProcess, client: PeerClient): void {
    const owner = `${process.peer.id}/${process.peer.life}`;
    const enter = (lines: readonly Line[], weight: number): Contender => {
      const options = { name: kind, lines, weight };
      const contender = new Contender(process, client, this, options);
      this.#contenders.push(contender);
      return contender;
    };
    const loop = (contender: Contender, attempt: (one: Contender) => Promise<unknown>): void => {
      contender.repeat(() => attempt(contender)).catch((error) => process.fail(error));
    };
    const run = (contender: Contender, lock: Lock): void => loop(contender, (one) => one.run(lock));
    switch (kind) {
      case 'mutex':
        return run(enter([MUTEX], 1), new Mutex(client, pathOf(MUTEX), { owner }));
      case 'impatient': {
        const lock = new Mutex(client, pathOf(MUTEX), { owner });
        return loop(enter([MUTEX], 1), (one) => one.ask(lock));
      }
      case 'session':
        return loop(enter([MUTEX], 1), (one) => this.#inSession(one, owner));
      case 'both': {
        const paths = process.prng.shuffled([pathOf(X), pathOf(Y)]);
        return run(enter([X, Y], 1), new MultiLock(client, paths, { owner }));
      }
      case 'first':
        return run(enter([X], 1), new Mutex(client, pathOf(X), { owner }));
      case 'reader':
        return run(
          enter([CATALOGUE], 1),
          new ReadWriteLock(client, pathOf(CATALOGUE), { owner }).read,
        );
      case 'writer':
        return run(
          enter([CATALOGUE], READERS),
          new ReadWriteLock(client, pathOf(CATALOGUE), { owner }).write,
        );
      case 'leases': {
        const lock = new Semaphore(client, pathOf(LIMIT), { leases: LEASES, owner });
        const weight = process.prng.pick([1, 1, LEASES]);
        const one = enter([LIMIT], weight);
        if (process.prng.chance(0.5)) return loop(one, () => one.ask(lock));
        return run(one, { ...lock, run: (work) => lock.run(work, { weight }) } as Lock);
      }
      case 'leader':
        return loop(enter([LEADER], 1), (one) => this.#stand(one));
      default:
        unreachable(kind);
    }
  }

  /** On a session of its own, which may be closed in the middle of the work. */
  async #inSession(contender: Contender, owner: string): Promise<void> {
    const { client, process } = contender;
    const session = await client.openSession();
    try {
      if (process.prng.chance(0.5))
        setTimeout(() => void session.close(), process.prng.exponential(400));
      await contender.run(new Mutex(session, pathOf(MUTEX), { owner }));
    } finally {
      await session.close();
    }
  }

  /** Stands until it has led for a while, or is stopped. */
  async #stand(contender: Contender): Promise<void> {
    const { client, process } = contender;
    const stop = new AbortController();
    onAbort(this.#stop.signal, () => process.alive && stop.abort());
    const election = new LeaderElection(client, pathOf(LEADER), { data: `${process.peer.id}` });
    const isImpatient = process.prng.chance(0.3);
    if (isImpatient) setTimeout(() => stop.abort(), process.prng.exponential(MEAN_TERM));
    else contender.waits = true;
    await election.run(
      async (term) => {
        contender.waits = false;
        await contender.work(term);
      },
      { signal: stop.signal },
    );
  }
}

function pathOf({ name }: Line): string {
  return `${FOLDER}${name}`;
}

function nameOf({ name, process }: Contender): string {
  return `${name} of peer ${process.peer.id}`;
}
