/** Carries faults out. Each begins at its moment and ends by itself; the heal ends all of them. */
import { COUNTER_MAX } from '../base/zxid.ts';
import type { Fault, PartitionShape, Target } from './faults.ts';
import { Prng } from './prng.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { DiskImage } from './sim-disk.ts';
import type { SimPeer } from './sim-peer.ts';
import { STREAM } from './swarm.ts';

/** Ms without other faults before a promise is taken back, and for its detection. */
const QUIET_BEFORE = 6_000;
const QUIET_AFTER = 6_000;

export class Mischief {
  readonly #cluster: SimCluster;
  /** Nothing new goes wrong until then: somebody's promises are in doubt. */
  #quietUntil = 0;
  #stopped = false;
  /** What has to be undone, by the fault that did it. */
  readonly #undo = new Set<() => void>();

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  /** Puts all faults of the swarm on the clock. */
  plan(): void {
    const { clock, swarm } = this.#cluster;
    for (const fault of swarm.faults) clock.at(fault.at, () => this.#strike(fault));
  }

  /** The end of all faults: the network is whole, disks work, everybody is up. */
  heal(): void {
    this.#stopped = true;
    this.#calm();
    const { world, network, clock, trace } = this.#cluster;
    world.calm = true;
    network.heal();
    trace.note('heal', 0, () => 'all faults end');
    for (const peer of this.#cluster.peers) {
      if (!peer.alive) clock.after(1, () => peer.start());
    }
  }

  /** Ends what lasts, and starts who is down. */
  #calm(): void {
    for (const undo of [...this.#undo]) undo();
    this.#undo.clear();
    for (const peer of this.#cluster.peers) {
      peer.store.broken = false;
      peer.store.failOnce = false;
      peer.store.failCut = false;
      peer.store.extraLatency = 0;
      peer.relent();
    }
  }

  #strike(fault: Fault): void {
    const { clock, trace, statistics } = this.#cluster;
    if (this.#stopped) return;
    if (clock.now < this.#quietUntil) {
      statistics.add(`fault ${fault.type} put off`);
      return;
    }
    trace.note('fault', 0, () => JSON.stringify(fault), fault.at);
    statistics.add(`fault ${fault.type}`);
    this.#carryOut(fault);
  }

  #carryOut(fault: Fault): void {
    const { clock, network, peers } = this.#cluster;
    switch (fault.type) {
      case 'crash':
        return this.#crash(fault);
      case 'crash-all':
        for (const peer of peers) this.#down(peer, fault.silent, fault.keep, fault.downtime);
        return;
      case 'kill-room':
        for (const peer of this.#some(fault.order, fault.share))
          this.#down(peer, true, false, fault.downtime);
        return;
      case 'partition':
        return this.#block(this.#cuts(fault.shape, fault.order, fault.share), fault.duration);
      case 'clog':
        return this.#block(
          [[this.#find(fault.from).place, this.#find(fault.to).place]],
          fault.duration,
        );
      case 'slow': {
        const { place } = this.#find(fault.target);
        network.slow(place, fault.factor);
        this.#later(fault.duration, () => network.slow(place, 1));
        return;
      }
      case 'break':
        network.break(this.#find(fault.one).place, this.#find(fault.two).place, fault.halfOpen);
        return;
      case 'storm':
        for (let time = 0; time < fault.times; time += 1) {
          clock.after(time * fault.pause, () => this.#breakAll());
        }
        return;
      default:
        return this.#hurt(fault);
    }
  }

  #hurt(fault: Fault): void {
    const { clock } = this.#cluster;
    switch (fault.type) {
      case 'disk-slow': {
        const { store } = this.#find(fault.target);
        store.extraLatency = fault.latency;
        this.#later(fault.duration, () => {
          store.extraLatency = 0;
        });
        return;
      }
      case 'disk-error': {
        const { store } = this.#find(fault.target);
        if (fault.cut) store.failCut = true;
        else store.failOnce = true;
        store.broken = fault.duration > 0 && !fault.cut;
        this.#later(fault.duration, () => {
          store.broken = false;
        });
        return;
      }
      case 'stall':
        return this.#stall(fault.target, fault.duration, fault.timersFirst, fault.asleep);
      case 'clock-jump':
        this.#find(fault.target).clock.jump(fault.milliseconds);
        return;
      case 'drift':
        this.#find(fault.target).clock.drift(clock.now, fault.rate);
        return;
      case 'hand-over':
        return this.#handOver(fault.stop, fault.downtime);
      case 'oracle':
        return this.#prophesy(fault);
      default:
        return this.#rob(fault);
    }
  }

  /** Faults that take promises back. */
  #rob(fault: Fault): void {
    switch (fault.type) {
      case 'wipe':
        return this.#wipe(fault.target, fault.downtime);
      case 'rollback':
        return this.#rollBack(fault.target, fault.age);
      case 'clone':
        return this.#inPeace(
          () => this.#clone(fault.target, fault.duration),
          fault.duration + QUIET_AFTER,
        );
      case 'other-disk':
        return this.#swapDisk(fault.target, fault.downtime, fault.duration);
      default:
    }
  }

  #find(target: Target): SimPeer {
    const { peers, leader } = this.#cluster;
    if (target.role === 'leader' && leader !== undefined) return leader;
    const others = target.role === 'follower' ? peers.filter((peer) => peer !== leader) : peers;
    const from = others.length > 0 ? others : peers;
    return from[target.nth % from.length] as SimPeer;
  }

  /** At least one peer, in a random order of its own. */
  #some(order: number, share: number): SimPeer[] {
    const { peers, swarm } = this.#cluster;
    const shuffled = new Prng(swarm.seed, STREAM.fault, order).shuffled(peers);
    return shuffled.slice(0, 1 + Math.floor(share * (shuffled.length - 1)));
  }

  #later(duration: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#cluster.clock.after(duration, once);
  }

  #down(peer: SimPeer, silent: boolean, keep: boolean, downtime: number): void {
    peer.crash(silent, keep);
    this.#later(downtime, () => peer.start());
  }

  #crash(fault: Extract<Fault, { type: 'crash' }>): void {
    const peer = this.#find(fault.target);
    if (fault.point === undefined) {
      this.#down(peer, fault.silent, fault.keep, fault.downtime);
      return;
    }
    peer.setTrap(fault.point, fault.downtime);
    this.#later(fault.downtime, () => peer.start());
  }

  #block(cuts: readonly (readonly [number, number])[], duration: number): void {
    const { network } = this.#cluster;
    for (const [from, to] of cuts) network.block(from, to);
    this.#later(duration, () => {
      for (const [from, to] of cuts) network.unblock(from, to);
    });
  }

  /** Directions that a partition cuts. */
  #cuts(shape: PartitionShape, order: number, share: number): [number, number][] {
    const { peers, leader, swarm } = this.#cluster;
    const shuffled = new Prng(swarm.seed, STREAM.fault, order).shuffled(peers);
    const rank = new Map(shuffled.map((peer, index) => [peer, index]));
    const sideSize = shape === 'isolate' ? 1 : 1 + Math.floor(share * (peers.length - 1));
    const isCut = (from: SimPeer, to: SimPeer): boolean => {
      const one = rank.get(from) ?? 0;
      const two = rank.get(to) ?? 0;
      const apart = one < sideSize !== two < sideSize;
      const distance = Math.abs(one - two);
      switch (shape) {
        case 'split':
        case 'isolate':
          return apart;
        case 'asymmetric':
          return apart && one < sideSize;
        case 'ring':
          return distance > 1 && distance < peers.length - 1;
        case 'bridge':
          return apart && one !== 0 && two !== 0;
        case 'deaf-leader':
          return to === (leader ?? shuffled[0]);
        case 'mute-leader':
          return from === (leader ?? shuffled[0]);
      }
    };
    const cuts: [number, number][] = [];
    for (const from of peers) {
      for (const to of peers) if (from !== to && isCut(from, to)) cuts.push([from.place, to.place]);
    }
    return cuts;
  }

  #breakAll(): void {
    const { peers, network } = this.#cluster;
    for (const one of peers) for (const two of peers) network.break(one.place, two.place, false);
  }

  #stall(target: Target, duration: number, timersFirst: boolean, asleep: boolean): void {
    this.#find(target).stall(duration, timersFirst, asleep);
  }

  #handOver(stop: boolean, downtime: number): void {
    const { leader, clock } = this.#cluster;
    if (leader === undefined) return;
    leader.input((machine) => machine.handOver());
    // Who has retired takes no further part until it is started again.
    const { life } = leader;
    const again = (): void => {
      if (leader.life === life) leader.crash(false, true);
      leader.start();
    };
    if (stop) clock.after(500, () => leader.life === life && leader.crash(false, true));
    this.#later(500 + downtime, again);
  }

  #wipe(target: Target, downtime: number): void {
    const { statistics, trace } = this.#cluster;
    const peer = this.#find(target);
    if (!this.#cluster.mayLose(peer)) {
      statistics.add('fault wipe put off');
      return;
    }
    peer.crash(true, false);
    this.#lose(peer);
    peer.store.wipe(this.#cluster.storeId(peer.id, 1_000 + peer.life));
    trace.note(
      'fault',
      peer.place,
      () => `its disk is empty, store ${peer.store.store.slice(0, 8)}`,
    );
    this.#later(downtime, () => peer.start());
  }

  /** What an oracle says, one word after the other. */
  #prophesy({ votes, rounds, pause, restless }: Extract<Fault, { type: 'oracle' }>): void {
    const { clock, network, peers } = this.#cluster;
    for (let step = 0; step < rounds * votes.length; step += 1) {
      const vote = votes[step % votes.length];
      clock.after(step * pause, () => {
        if (vote === undefined || this.#stopped || clock.now < this.#quietUntil) return;
        const peer = this.#find(vote.target);
        const { id } = this.#find(vote.leader);
        const before = peers.find((other) => other.id === peer.view.leader);
        if (restless && before !== undefined) network.break(peer.place, before.place, false);
        clock.after(restless ? pause / 2 : 0, () => peer.input((machine) => machine.elected(id)));
      });
    }
  }

  /** Its place may be given to the store on the other disk; then its own comes back. */
  #swapDisk(target: Target, downtime: number, duration: number): void {
    const { statistics, trace, referee, lost } = this.#cluster;
    const peer = this.#find(target);
    if (!this.#cluster.mayLose(peer)) {
      statistics.add('fault other-disk put off');
      return;
    }
    peer.crash(true, false);
    if (!peer.observer) lost.add(peer.id);
    const own = peer.store.image();
    peer.store.wipe(this.#cluster.storeId(peer.id, 1_000 + peer.life));
    referee.tampered(peer, false);
    trace.note(
      'fault',
      peer.place,
      () => `it has another disk, store ${peer.store.store.slice(0, 8)}`,
    );
    this.#later(downtime, () => peer.start());
    this.#later(downtime + duration, () => {
      peer.crash(true, false);
      peer.store.restore(own);
      referee.tampered(peer, false);
      trace.note(
        'fault',
        peer.place,
        () => `it has its own disk again, store ${peer.store.store.slice(0, 8)}`,
      );
      peer.start();
    });
  }

  #lose(peer: SimPeer): void {
    if (!peer.observer) this.#cluster.lost.add(peer.id);
    this.#cluster.referee.tampered(peer, true);
  }

  /**
   * A store that comes back as it was some time ago has broken its promises, and only a leader that
   * remembers them can tell. So the group is left in peace before and after.
   */
  #rollBack(target: Target, age: number): void {
    const { clock } = this.#cluster;
    const peer = this.#find(target);
    const old = peer.store.image();
    clock.after(age, () => this.#inPeace(() => this.#comeBack(peer, old), QUIET_AFTER));
  }

  /** Does something to a group that had time to settle, and has time to notice. */
  #inPeace(action: () => void, after: number): void {
    const { clock } = this.#cluster;
    if (this.#stopped || clock.now < this.#quietUntil) return;
    this.#calm();
    this.#quietUntil = clock.now + QUIET_BEFORE + after;
    clock.after(QUIET_BEFORE, action);
  }

  /** Whether an established leader that everybody follows can be robbed of this follower's promises. */
  #isRobbable(peer: SimPeer): boolean {
    const { leader, peers } = this.#cluster;
    const steady = leader !== undefined && leader !== peer && leader.view.broadcasting;
    // Who serves was synchronized by this leader, which so has seen its promises.
    const settled = peers.every(({ alive, view }) => {
      return alive && view.phase === 'broadcast' && view.leader === leader?.id;
    });
    return !this.#stopped && steady && settled && this.#cluster.mayLose(peer);
  }

  /** Two processes on one store's promises: both are in doubt until one is gone. */
  #clone(target: Target, duration: number): void {
    const { statistics, trace, clock, swarm } = this.#cluster;
    const peer = this.#find(target);
    // Who runs out of counters steps down, and to a new leader the clone is a restart like any other.
    const lasting = swarm.counterMax === COUNTER_MAX;
    if (!lasting || !this.#isRobbable(peer)) {
      statistics.add('fault clone put off');
      return;
    }
    statistics.add('cloned');
    // Its own disk forgets nothing: the clone is to be told apart and refused.
    if (!peer.observer) this.#cluster.lost.add(peer.id);
    trace.note('fault', peer.place, () => 'a clone of it starts beside it');
    const twin = this.#cluster.clone(peer);
    const end = (): void => twin.crash(false, true);
    this.#undo.add(end);
    clock.after(duration, end);
  }

  #comeBack(peer: SimPeer, old: DiskImage): void {
    const { statistics, trace, clock } = this.#cluster;
    const same = old.state.meta.store === peer.store.store;
    if (!same || !isOlder(old, peer) || !this.#isRobbable(peer)) {
      statistics.add('fault rollback put off');
      return;
    }
    statistics.add('rolled back');
    peer.crash(false, true);
    this.#lose(peer);
    peer.store.restore(old);
    trace.note('fault', peer.place, () => 'its disk is an old copy');
    clock.after(50, () => peer.start());
  }
}

/** Whether the disk has promised, or stored, anything since. */
function isOlder({ state }: DiskImage, { store }: SimPeer): boolean {
  const { accepted, current } = state.meta.epochs;
  const { epochs, last } = store;
  return accepted < epochs.accepted || current < epochs.current || state.last < last.zxid;
}
