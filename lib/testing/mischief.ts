/** Carries faults out. Each begins at its moment and ends by itself; the heal ends all of them. */
import type { Fault, Target } from './faults.ts';
import { cutsOf } from './partitions.ts';
import { Prng } from './prng.ts';
import { Robber } from './robber.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimPeer } from './sim-peer.ts';
import { STREAM } from './swarm.ts';

export class Mischief {
  readonly #cluster: SimCluster;
  readonly #robber: Robber;
  #stopped = false;
  /** What has to be undone, by the fault that did it. */
  readonly #undo = new Set<() => void>();

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    const stopped = (): boolean => this.#stopped;
    this.#robber = new Robber(cluster, {
      get stopped() {
        return stopped();
      },
      find: (target) => this.#find(target),
      later: (duration, undo) => this.#later(duration, undo),
      atLast: (undo) => this.#undo.add(undo),
      calm: () => this.#calm(),
    });
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
      peer.store.hung = false;
      peer.store.failOnce = false;
      peer.store.failCut = false;
      peer.store.extraLatency = 0;
      peer.relent();
    }
  }

  #strike(fault: Fault): void {
    const { clock, trace, statistics } = this.#cluster;
    if (this.#stopped) return;
    if (clock.now < this.#robber.quietUntil) {
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
        return this.#block(
          cutsOf(this.#cluster, fault.shape, fault.order, fault.share),
          fault.duration,
        );
      case 'clog':
        return this.#block(
          [[this.#find(fault.from).place, this.#find(fault.to).place]],
          fault.duration,
        );
      case 'swizzle':
        return this.#swizzle(fault.order, fault.share, fault.pause);
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
      case 'disk-hang': {
        const peer = this.#find(fault.target);
        peer.store.hung = true;
        this.#later(fault.duration, () => {
          peer.store.hung = false;
          peer.relent();
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
        return this.#robber.rob(fault);
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

  /** Whoever is cut off hears nobody and is heard by nobody. */
  #swizzle(order: number, share: number, pause: number): void {
    const { clock, peers, swarm } = this.#cluster;
    const chosen = this.#some(order, share);
    const back = new Prng(swarm.seed, STREAM.fault, order, 1).shuffled(chosen);
    chosen.forEach((peer, index) => {
      const others = peers.filter((other) => other !== peer);
      const cuts = others.flatMap(({ place }) => [
        [peer.place, place] as const,
        [place, peer.place] as const,
      ]);
      const until = (chosen.length + back.indexOf(peer) + 1) * pause;
      clock.after(index * pause, () => {
        if (!this.#stopped) this.#block(cuts, until - index * pause);
      });
    });
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
    leader.handOver();
    // Who has retired takes no further part until it is started again.
    const { life } = leader;
    const again = (): void => {
      if (leader.life === life) leader.crash(false, true);
      leader.start();
    };
    if (stop) clock.after(500, () => leader.life === life && leader.crash(false, true));
    this.#later(500 + downtime, again);
  }

  /** What an oracle says, one word after the other. */
  #prophesy({ votes, rounds, pause, restless }: Extract<Fault, { type: 'oracle' }>): void {
    const { clock, network, peers } = this.#cluster;
    for (let step = 0; step < rounds * votes.length; step += 1) {
      const vote = votes[step % votes.length];
      clock.after(step * pause, () => {
        if (vote === undefined || this.#stopped || clock.now < this.#robber.quietUntil) return;
        const peer = this.#find(vote.target);
        const { id } = this.#find(vote.leader);
        const before = peers.find((other) => other.id === peer.view.leader);
        if (restless && before !== undefined) network.break(peer.place, before.place, false);
        clock.after(restless ? pause / 2 : 0, () => peer.input((machine) => machine.elected(id)));
      });
    }
  }
}
