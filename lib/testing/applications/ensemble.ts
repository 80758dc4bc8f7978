/** All applications of a run, in every process of a simulated group. */
import type { PeerClient } from '../../client/peer-client.ts';
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
import type { Actor } from './actor.ts';
import type { Application, Life, Stage } from './application.ts';

/** How long everything may take when nothing fails any more, in virtual ms. */
const PATIENCE = 90_000;

/** One process, and how its applications are told to come to an end. */
interface Begun {
  readonly process: SimProcess;
  readonly stop: AbortController;
}

export class Ensemble implements Company, Applications, Stage {
  readonly #cluster: SimCluster;
  readonly #applications: readonly Application[];
  #actors: Actor[] = [];
  #begun: Begun[] = [];
  #isStopping = false;
  #isTouched = false;
  #failure: unknown;

  constructor(cluster: SimCluster, applications: readonly Application[]) {
    this.#cluster = cluster;
    this.#applications = applications;
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

  /** Whoever waits now is served, and all that is owed is done. */
  *served(): Waits {
    const { clock } = this.#cluster;
    const before = new Map(this.#actors.map((one) => [one, one.served]));
    const isHungry = (one: Actor): boolean => {
      return one.process.alive && one.waits && one.served === (before.get(one) ?? 0);
    };
    const debts = this.#applications.map((one) => [one.predicate.name, one.owed()] as const);
    const isOver = (): boolean => {
      return !this.#actors.some(isHungry) && debts.every(([, owed]) => owed().length === 0);
    };
    yield { until: clock.now + PATIENCE, stop: isOver };
    for (const [name, owed] of debts) {
      demand(owed().length === 0, name, () => `never done after the heal: ${owed().join(', ')}`);
    }
    const hungry = this.#actors.filter(isHungry);
    demand(hungry.length === 0, hungry[0]?.judge ?? '', () => {
      return `never served after the heal: ${hungry.map(nameOf).join(', ')}`;
    });
  }

  /** They come to their end, and leave nothing behind. */
  *finished(): Waits {
    const { clock, trace } = this.#cluster;
    this.#isStopping = true;
    for (const { process, stop } of this.#begun) process.soon(() => stop.abort());
    const isBusy = ({ process, isDone }: Actor): boolean => process.alive && !isDone;
    const isOver = (): boolean => {
      return !this.#actors.some(isBusy) && this.#applications.every((one) => isEmpty(one.left()));
    };
    yield { until: clock.now + PATIENCE, stop: isOver };
    const busy = this.#actors.filter(isBusy);
    demand(busy.length === 0, busy[0]?.judge ?? '', () => {
      return `never ended: ${busy.map(nameOf).join(', ')}`;
    });
    for (const { predicate, left } of this.#applications.map(leftOf)) {
      demand(isEmpty(left), predicate, () => `left when all have ended: ${left.join(', ')}`);
    }
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

  // For applications.

  get seed(): number {
    return this.#cluster.swarm.seed;
  }

  get places(): number {
    return this.#cluster.peers.length;
  }

  join(actor: Actor): void {
    this.#actors.push(actor);
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
    this.#actors = this.#actors.filter(({ process }) => process.alive);
    this.#begun = this.#begun.filter(({ process }) => process.alive);
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
    const stop = new AbortController();
    // Nobody begins anything any more.
    if (this.#isStopping) stop.abort();
    this.#begun.push({ process, stop });
    const life: Life = { stage: this, process, client, stop: stop.signal };
    for (const application of this.#applications) application.begin(life);
  }
}

function isEmpty(list: readonly string[]): boolean {
  return list.length === 0;
}

function leftOf(application: Application): { predicate: string; left: readonly string[] } {
  return { predicate: application.predicate.name, left: application.left() };
}

function nameOf({ name, process }: Actor): string {
  return `${name} of peer ${process.peer.id}`;
}
