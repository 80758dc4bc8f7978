/** A whole group on one virtual network, and the hands that can hurt it. */
import { ZERO } from '../base/zxid.ts';
import { type Configuration, voterOf } from '../zab/configuration.ts';
import { holdsQuorum } from './ghost.ts';
import { LocalClock } from './local-clock.ts';
import type { Predicate } from './predicates/predicate.ts';
import { Prng } from './prng.ts';
import { Referee } from './referee.ts';
import { SimClock } from './sim-clock.ts';
import type { SimCodec } from './sim-codec.ts';
import { SimDisk } from './sim-disk.ts';
import { SimNetwork } from './sim-network.ts';
import { SimPeer } from './sim-peer.ts';
import { Statistics } from './statistics.ts';
import { STREAM, type Swarm } from './swarm.ts';
import { Trace } from './trace.ts';
import type { MachineFactory, World } from './world.ts';

/** Makes the machines of one run. */
export type FactoryOf = (swarm: Swarm) => MachineFactory;

export interface ClusterOptions {
  readonly swarm: Swarm;
  readonly factory: FactoryOf;
  readonly codec: SimCodec;
  readonly predicates: readonly Predicate[];
  readonly print?: (line: string) => void;
}

/** 2026-01-01; where every wall clock begins, more or less. */
const EPOCH = 1_767_225_600_000;

export class SimCluster {
  readonly swarm: Swarm;
  readonly clock: SimClock = new SimClock();
  readonly network: SimNetwork;
  readonly referee: Referee;
  readonly trace: Trace;
  readonly statistics: Statistics = new Statistics();
  /** The peers in their places, voters first. */
  readonly peers: SimPeer[] = [];
  /** Voters whose promises a fault took back, some time in this run. */
  readonly lost: Set<number> = new Set();
  #clones = 0;
  readonly #world: World;

  constructor(options: ClusterOptions) {
    const { swarm } = options;
    const now = (): number => this.clock.now;
    this.swarm = swarm;
    this.network = new SimNetwork(this.clock, new Prng(swarm.seed, STREAM.network), swarm.network);
    this.referee = new Referee(options.predicates, now);
    this.trace = new Trace(now, options.print);
    this.#world = {
      clock: this.clock,
      network: this.network,
      codec: options.codec,
      referee: this.referee,
      trace: this.trace,
      statistics: this.statistics,
      factory: options.factory(swarm),
      operator: (peer) => this.#repair(peer),
      calm: false,
    };
    const ids = [...swarm.voters.map(({ id }) => id), ...swarm.observers];
    ids.forEach((id, index) => {
      this.#addPeer(id, index + 1, index >= swarm.voters.length);
    });
    if (swarm.born) this.#found();
  }

  get world(): World {
    return this.#world;
  }

  get voters(): readonly SimPeer[] {
    return this.peers.filter(({ observer }) => !observer);
  }

  /** The established leader with the highest epoch, if there is one. */
  get leader(): SimPeer | undefined {
    let best: SimPeer | undefined;
    for (const peer of this.peers) {
      const { role, established, epoch } = peer.view;
      if (!peer.alive || role !== 'leading' || !established) continue;
      if (best === undefined || epoch > best.view.epoch) best = peer;
    }
    return best;
  }

  /** Whether the voters that were never robbed, and are not `without`, still make a quorum. */
  mayLose(without: SimPeer): boolean {
    if (without.observer) return true;
    if (this.lost.has(without.id)) return false;
    const { genesis } = this.referee.ghost;
    if (genesis === undefined) return false;
    const sound = genesis.voters.map((voter) => ({ ...voter, store: '' }));
    const force = [{ configuration: { ...genesis, voters: sound }, committed: true }];
    return holdsQuorum(force, (key) => {
      const id = Number.parseInt(key, 10);
      // Who was not there when the group was born has no vote before it is admitted.
      const founder = voterOf(genesis, id)?.store !== '';
      return id !== without.id && founder && !this.lost.has(id);
    });
  }

  /** Whether the voters without this one make a quorum by themselves. */
  isMinority(peer: SimPeer): boolean {
    if (peer.observer) return true;
    const { genesis } = this.referee.ghost;
    if (genesis === undefined) return false;
    const sound = genesis.voters.map((voter) => ({ ...voter, store: '' }));
    const force = [{ configuration: { ...genesis, voters: sound }, committed: true }];
    return holdsQuorum(force, (key) => Number.parseInt(key, 10) !== peer.id);
  }

  /** A new random store id. */
  storeId(peer: number, life: number): string {
    return new Prng(this.swarm.seed, STREAM.store, peer, life).hex(32);
  }

  startAll(): void {
    const prng = new Prng(this.swarm.seed, STREAM.peer);
    const late = new Prng(this.swarm.seed, STREAM.swarm, 2);
    const tardy = this.swarm.bootstrap && !this.swarm.born;
    for (const peer of this.peers) {
      const delay = tardy && late.chance(0.4) ? late.between(0, 30_000) : 0;
      this.clock.after(delay + prng.between(0, 300), () => peer.start());
    }
  }

  /** A store that a fault has robbed is given up for an empty one; any other has no reason to be quarantined. */
  #repair(peer: SimPeer): void {
    const { id, store, life } = peer;
    const robbed = this.referee.ghost.liars.has(store.store) || this.lost.has(id);
    if (!robbed) {
      this.referee.escaped(peer, `peer ${id} quarantines itself on a disk that never lied`);
    }
    this.statistics.add('stores given up');
    this.clock.after(1_000, () => {
      if (peer.life !== life) return;
      peer.crash(false, false);
      if (!this.peers.includes(peer)) return;
      store.wipe(this.storeId(id, 2_000 + life));
      this.referee.tampered(peer, true);
      peer.start();
    });
  }

  #addPeer(id: number, place: number, observer: boolean): void {
    const peer = this.#makePeer(id, place, observer);
    this.peers.push(peer);
    this.referee.peers.push(peer);
  }

  /** A second process on a copy of a peer's disk, as when somebody clones its machine. It dials; nobody dials it. */
  clone(peer: SimPeer): SimPeer {
    this.#clones += 1;
    const place = this.peers.length + this.#clones;
    const twin = this.#makePeer(peer.id, place, peer.observer);
    twin.store.restore(peer.store.image());
    twin.start();
    return twin;
  }

  #makePeer(id: number, place: number, observer: boolean): SimPeer {
    const { swarm } = this;
    const prng = new Prng(swarm.seed, STREAM.peer, place);
    const clock = new LocalClock(
      0,
      prng.between(1_000, 1_000_000),
      EPOCH + prng.between(-2_000, 2_000),
      prng.chance(0.3) ? prng.between(0.95, 1.05) : 1,
    );
    const dials = swarm.voters.map((_, index) => index + 1).filter((other) => other !== place);
    const { writeLatency, writeSpike, turnTime, messagesPerFrame } = swarm;
    const { syncTimeout, heartbeat } = swarm.timers;
    const pauses = { dialPauseMax: syncTimeout / 2, patience: syncTimeout + 2 * heartbeat };
    const times = { writeLatency, writeSpike, turnTime, messagesPerFrame, ...pauses };
    const options = { id, place, observer, dials, ...times };
    const disk = new SimDisk(id, this.storeId(id, 0));
    return new SimPeer(this.#world, options, clock, disk, prng);
  }

  /** The voters' stores as they are after the birth of the group. */
  #found(): void {
    const voters = this.swarm.voters.map(({ id, weight, group }) => {
      return { id, weight, group, store: this.storeId(id, 0), start: 0 };
    });
    const genesis: Configuration = { version: ZERO, voters, origin: { type: 'genesis' } };
    this.referee.ghost.genesis = genesis;
    for (const peer of this.voters) {
      peer.store.begin({
        id: 0,
        log: { id: 0, birth: { state: 'born' }, genesis, entries: [], committed: ZERO },
      });
      peer.store.complete();
    }
  }
}
