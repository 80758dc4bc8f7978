/**
 * One run: a safety phase in which everything fails and nothing may lie, a heal after which the group
 * must converge (S35), and a phase in which a minority misbehaves and must not unseat the leader (S36).
 */
import { COUNTER_MAX, formatZxid } from '../base/zxid.ts';
import { Mischief } from './mischief.ts';
import type { Predicate } from './predicates/predicate.ts';
import { Prng } from './prng.ts';
import { SimClients, TIMEOUT_MAX } from './sim-clients.ts';
import { type FactoryOf, SimCluster } from './sim-cluster.ts';
import type { SimCodec } from './sim-codec.ts';
import type { SimPeer } from './sim-peer.ts';
import { drawSwarm, STREAM, type Swarm, type SwarmOverrides } from './swarm.ts';
import { Violation } from './violation.ts';

/** Virtual time is to pass: through that moment, or until it is so. */
export interface Wait {
  readonly until: number;
  readonly stop?: () => boolean;
}

/** What some runs do beside: applications in the processes of the peers. */
export interface Company {
  /** The processes begin. */
  enter(clients: SimClients): void;
  /** The group has converged after the heal: everybody must be served. */
  served(): Waits;
  /** Nobody begins anything any more: everything must come to its end. */
  finished(): Waits;
}

/** Something that takes virtual time. */
export type Waits = Generator<Wait, void, void>;

export interface ScheduleOptions {
  readonly seed: number;
  readonly factory: FactoryOf;
  readonly codec: SimCodec;
  readonly predicates: readonly Predicate[];
  readonly overrides?: SwarmOverrides;
  readonly print?: (line: string) => void;
}

export interface Outcome {
  readonly seed: number;
  readonly swarm: Swarm;
  /** Absent if all went well. */
  readonly violation: { readonly predicate: string; readonly detail: string } | undefined;
  readonly traceHash: string;
  /** Virtual ms. */
  readonly simulated: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Runs the schedule of a seed to its end, or to the first violation. */
export function runSchedule(options: ScheduleOptions): Outcome {
  const cluster = clusterOf(options);
  const { clock } = cluster;
  try {
    for (const { until, stop } of new Schedule(cluster).run()) clock.runUntil(until, stop);
    return outcomeOf(cluster);
  } catch (error) {
    return outcomeOf(cluster, error);
  }
}

/** The group of a schedule, before anything happens. */
export function clusterOf(options: ScheduleOptions): SimCluster {
  const swarm = drawSwarm(options.seed, options.overrides);
  const { factory, codec, predicates, print } = options;
  return new SimCluster({ swarm, factory, codec, predicates, ...(print && { print }) });
}

/** @param error what has ended the run; what is no violation is thrown on */
export function outcomeOf(cluster: SimCluster, error?: unknown): Outcome {
  let violation: Outcome['violation'];
  if (error instanceof Violation) {
    violation = { predicate: error.predicate, detail: error.message };
    cluster.trace.note('check', 0, () => error.message);
  } else if (error !== undefined) throw error;
  const { swarm } = cluster;
  const { genesis } = cluster.referee.ghost;
  if (genesis?.voters.some(({ store }) => store === '')) cluster.statistics.add('founded by word');
  cluster.statistics.add('frames', cluster.network.frames);
  cluster.statistics.add('entries committed', cluster.referee.ghost.committed.depth);
  return {
    seed: swarm.seed,
    swarm,
    violation,
    traceHash: cluster.trace.hash,
    simulated: cluster.clock.now,
    counts: cluster.statistics.counts,
  };
}

/** What happens in a run, whoever lets the time pass in which it does. */
export class Schedule {
  readonly #cluster: SimCluster;
  readonly #mischief: Mischief;
  readonly #company: Company | undefined;
  #clients: SimClients | undefined;

  constructor(cluster: SimCluster, company?: Company) {
    this.#cluster = cluster;
    this.#company = company;
    this.#mischief = new Mischief(cluster);
  }

  *run(): Waits {
    const cluster = this.#cluster;
    const { swarm } = cluster;
    cluster.startAll();
    if (cluster.referee.replicas) {
      this.#clients = new SimClients(cluster);
      this.#company?.enter(this.#clients);
    }
    this.#work(new Prng(swarm.seed, STREAM.client));
    this.#mischief.plan();
    yield { until: swarm.duration };
    this.#mischief.heal();
    yield* this.#establish();
    yield* this.#converge();
    if (this.#company !== undefined) yield* this.#company.served();
    yield* this.#disturb(new Prng(swarm.seed, STREAM.heal));
    if (this.#company !== undefined) yield* this.#company.finished();
    yield* this.#settle();
  }

  /** Client work, for as long as the run lasts. */
  #work(prng: Prng): void {
    const { clock, peers, swarm } = this.#cluster;
    const next = (): void => {
      clock.after(prng.exponential(swarm.workInterval), () => {
        const leader = this.#cluster.leader;
        const anyone = prng.pick(peers);
        const peer = leader !== undefined && prng.chance(0.7) ? leader : anyone;
        const own = new Prng(prng.uint32());
        if (own.chance(0.15)) peer.confirm();
        peer.input((machine) => machine.work(own));
        next();
      });
    };
    next();
  }

  /** S35: an established leader in time. */
  *#establish(): Waits {
    const { clock, swarm } = this.#cluster;
    const { finalizeWait, initTimeout, reelectionDelay } = swarm.timers;
    const limit = 2 * (finalizeWait + initTimeout) + reelectionDelay;
    const begun = clock.now;
    const stop = (): boolean => this.#cluster.leader?.view.broadcasting === true;
    yield { until: begun + limit, stop };
    const { leader } = this.#cluster;
    this.#demand(leader !== undefined, 'S35', () => `no leader ${limit} ms after the faults ended`);
    this.#cluster.statistics.add('ms to establish after heal', Math.round(clock.now - begun));
  }

  /** S35: everybody serves the same state. */
  *#converge(): Waits {
    const { clock, swarm, trace } = this.#cluster;
    const { initTimeout, reelectionDelay } = swarm.timers;
    const begun = clock.now;
    const limit = 4 * initTimeout + 3 * reelectionDelay;
    yield { until: begun + limit, stop: () => this.#isConverged() };
    this.#demand(this.#isConverged(), 'S35', () => `not converged: ${this.#describe()}`);
    this.#cluster.statistics.add('ms to converge after heal', Math.round(clock.now - begun));
    trace.note(
      'check',
      0,
      () => `converged at ${formatZxid(this.#cluster.referee.ghost.committed.zxid)}`,
    );
  }

  #isConverged(): boolean {
    const { leader, peers, referee } = this.#cluster;
    if (leader === undefined || !leader.view.broadcasting) return false;
    const { configuration } = leader.view;
    return peers.every((peer) => {
      const { role, phase, committed, applied } = peer.view;
      if (!peer.alive || phase !== 'broadcast') return false;
      if (role !== 'leading' && role !== 'following' && role !== 'observing') return false;
      if (applied !== committed || applied < referee.ghost.committed.zxid - 64n) return false;
      if (peer.observer) return true;
      return (
        configuration?.voters.some(
          ({ id, store }) => id === peer.id && store === peer.store.store,
        ) === true
      );
    });
  }

  /** S36: whatever one peer of a minority does, the leader stays. */
  *#disturb(prng: Prng): Waits {
    const { clock, peers, statistics, swarm } = this.#cluster;
    // A leader that runs out of counters, or was outpaced, steps down of its own will.
    if (swarm.counterMax !== COUNTER_MAX) return;
    yield { until: clock.now + swarm.timers.reelectionDelay + 500 };
    const { leader } = this.#cluster;
    if (leader === undefined) return;
    const victims = peers.filter((peer) => peer !== leader && this.#cluster.isMinority(peer));
    if (victims.length === 0) return;
    const { epoch } = leader.view;
    const victim = prng.pick(victims);
    statistics.add('minority phases');
    for (let round = prng.integer(2, 5); round > 0; round -= 1) yield* this.#annoy(prng, victim);
    yield { until: clock.now + 200 };
    const { view, alive } = leader;
    this.#demand(alive && view.established && view.epoch === epoch, 'S36', () => {
      return `peer ${victim.id} unseated the leader of epoch ${epoch}: ${this.#describe()}`;
    });
  }

  /** S35: when nobody asks for anything any more, everything is answered, and nothing outlives its session. */
  *#settle(): Waits {
    const clients = this.#clients;
    if (clients === undefined) return;
    const { clock, swarm, trace } = this.#cluster;
    clients.stop();
    const { syncTimeout, initTimeout, reelectionDelay } = swarm.timers;
    const begun = clock.now;
    // The longest time-out, twice, for a leader that has just begun; and an election in between.
    const limit = 2 * TIMEOUT_MAX * syncTimeout + 2 * initTimeout + reelectionDelay;
    const stop = (): boolean => clients.unanswered.length === 0 && this.#orphans().length === 0;
    yield { until: begun + limit, stop };
    this.#demand(clients.unanswered.length === 0, 'S35', () => {
      return `never answered: ${clients.unanswered.join(', ')}; ${this.#describe()}`;
    });
    const orphans = this.#orphans();
    this.#demand(orphans.length === 0, 'S35', () => {
      return `sessions of processes that are gone live on: ${orphans.map(formatZxid).join(' ')}`;
    });
    trace.note('check', 0, () => 'everything is answered');
  }

  /** Sessions in the committed state whose owner is no living process. */
  #orphans(): bigint[] {
    const { peers, referee } = this.#cluster;
    const living = new Set(
      peers
        .filter(({ alive }) => alive)
        .map(({ id, store }) => `${id} ${store.store} ${store.boot}`),
    );
    const orphans: bigint[] = [];
    for (const { id, owner } of referee.model.machine.sessions.values()) {
      if (!living.has(`${owner.peer} ${owner.store} ${owner.boot}`)) orphans.push(id);
    }
    return orphans;
  }

  *#annoy(prng: Prng, victim: SimPeer): Waits {
    const { clock, peers, network, swarm, trace } = this.#cluster;
    const duration = prng.between(0.1, 2.5) * swarm.timers.syncTimeout;
    const kind = prng.pick(['isolate', 'deaf', 'mute', 'crash', 'slow', 'break']);
    trace.note(
      'fault',
      victim.place,
      () => `${kind} for ${Math.round(duration)} ms, of no consequence`,
    );
    const others = peers.filter((peer) => peer !== victim).map(({ place }) => place);
    for (const place of others) {
      if (kind === 'isolate' || kind === 'mute') network.block(victim.place, place);
      if (kind === 'isolate' || kind === 'deaf') network.block(place, victim.place);
      if (kind === 'break') network.break(victim.place, place, prng.chance(0.5));
    }
    if (kind === 'slow') network.slow(victim.place, 50);
    if (kind === 'crash') victim.crash(prng.chance(0.5), prng.chance(0.5));
    yield { until: clock.now + duration };
    for (const place of others) {
      if (kind === 'isolate' || kind === 'mute') network.unblock(victim.place, place);
      if (kind === 'isolate' || kind === 'deaf') network.unblock(place, victim.place);
    }
    network.slow(victim.place, 1);
    victim.start();
    yield { until: clock.now + duration };
  }

  #demand(condition: boolean, predicate: string, detail: () => string): void {
    if (!condition) throw new Violation(predicate, detail());
  }

  #describe(): string {
    return this.#cluster.peers
      .map((peer) => {
        const { role, phase, epoch, leader, committed, applied } = peer.view;
        const at = `${formatZxid(applied)}/${formatZxid(committed)}`;
        const life = peer.alive ? '' : ' DOWN';
        return `peer ${peer.id}${life} ${role} ${leader ?? ''} ${phase} ${epoch} ${at} (${JSON.stringify(peer.disk.epochs)})`;
      })
      .join('; ');
  }
}
