/**
 * Takes promises back: stores are wiped, exchanged, rolled back, cloned. No more than the group can
 * bear, and what only an attentive leader can tell is done in peace.
 */
import { hashText } from '../base/hash.ts';
import { COUNTER_MAX } from '../base/zxid.ts';
import { voterOf } from '../zab/configuration.ts';
import { flipBit } from './bit-flip.ts';
import type { Fault, Target } from './faults.ts';
import { Prng } from './prng.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { DiskImage } from './sim-disk.ts';
import type { SimPeer } from './sim-peer.ts';
import { STREAM } from './swarm.ts';

/** Ms without other faults before a promise is taken back, and for its detection. */
const QUIET_BEFORE = 6_000;
const QUIET_AFTER = 6_000;

/** What a robber needs of whoever carries faults out. */
export interface Accomplice {
  /** No more faults. */
  readonly stopped: boolean;
  find(target: Target): SimPeer;
  /** Undoes something after so many ms, or when all faults end. */
  later(duration: number, undo: () => void): void;
  /** Does something when all faults end. */
  atLast(undo: () => void): void;
  /** Ends what lasts, and starts who is down. */
  calm(): void;
}

export class Robber {
  readonly #cluster: SimCluster;
  readonly #accomplice: Accomplice;
  /** Nothing new goes wrong until then: somebody's promises are in doubt. */
  quietUntil = 0;
  #stores = 0;

  constructor(cluster: SimCluster, accomplice: Accomplice) {
    this.#cluster = cluster;
    this.#accomplice = accomplice;
  }

  rob(fault: Fault): void {
    switch (fault.type) {
      case 'wipe':
        return this.#wipe(fault.target, fault.downtime);
      case 'bit-flip':
        return this.#flip(fault);
      case 'rollback':
        return this.#rollBack(fault.target, fault.age);
      case 'old-copy':
        return this.#copy(fault);
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

  /** No two disks have one store, not even if a peer gets both in one life. */
  #newStore({ id }: SimPeer): string {
    this.#stores += 1;
    return this.#cluster.storeId(id, 10_000 + this.#stores);
  }

  #wipe(target: Target, downtime: number): void {
    const { statistics, trace } = this.#cluster;
    const peer = this.#accomplice.find(target);
    if (!this.#cluster.mayLose(peer)) {
      statistics.add('fault wipe put off');
      return;
    }
    peer.crash(true, false);
    this.#lose(peer);
    peer.store.wipe(this.#newStore(peer));
    trace.note(
      'fault',
      peer.place,
      () => `its disk is empty, store ${peer.store.store.slice(0, 8)}`,
    );
    this.#accomplice.later(downtime, () => peer.start());
  }

  /** Its place may be given to the store on the other disk; then its own comes back. */
  #swapDisk(target: Target, downtime: number, duration: number): void {
    const { statistics, trace, referee, lost } = this.#cluster;
    const peer = this.#accomplice.find(target);
    if (!this.#cluster.mayLose(peer)) {
      statistics.add('fault other-disk put off');
      return;
    }
    peer.crash(true, false);
    if (!peer.observer) lost.add(peer.id);
    const own = peer.store.image();
    peer.store.wipe(this.#newStore(peer));
    referee.tampered(peer, false);
    trace.note(
      'fault',
      peer.place,
      () => `it has another disk, store ${peer.store.store.slice(0, 8)}`,
    );
    this.#accomplice.later(downtime, () => peer.start());
    this.#accomplice.later(downtime + duration, () => {
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

  /** What is not the store that it was is given up when it is opened, with all its promises. */
  #flip({ target, part, order, downtime }: Extract<Fault, { type: 'bit-flip' }>): void {
    const { statistics, trace, referee, swarm } = this.#cluster;
    const peer = this.#accomplice.find(target);
    if (!this.#cluster.mayLose(peer)) {
      statistics.add('fault bit-flip put off');
      return;
    }
    peer.crash(true, false);
    const outcome = flipBit(peer.store, part, new Prng(swarm.seed, STREAM.fault, order));
    statistics.add(`flipped bit in the ${part} ${outcome}`);
    trace.note('fault', peer.place, () => `a bit of its ${part} flips: ${outcome}`);
    if (outcome === 'unnoticed') referee.escaped(peer, `a flipped bit in the ${part} is read`);
    if (outcome === 'found') {
      this.#lose(peer);
      peer.store.wipe(this.#newStore(peer));
    }
    this.#accomplice.later(downtime, () => peer.start());
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
    const peer = this.#accomplice.find(target);
    const old = peer.store.image();
    clock.after(age, () => this.#inPeace(() => this.#comeBack(peer, old), QUIET_AFTER));
  }

  /** Does something to a group that had time to settle, and has time to notice. */
  #inPeace(action: () => void, after: number): void {
    const { clock } = this.#cluster;
    if (this.#accomplice.stopped || clock.now < this.quietUntil) return;
    this.#accomplice.calm();
    this.quietUntil = clock.now + QUIET_BEFORE + after;
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
    return !this.#accomplice.stopped && steady && settled && this.#cluster.mayLose(peer);
  }

  /** Who runs out of counters or cannot write steps down, and what it remembers of the others is gone. */
  #isLeaderLasting(): boolean {
    const { swarm, peers } = this.#cluster;
    const isWriting = peers.every(({ store }) => !store.hung && store.extraLatency === 0);
    return swarm.counterMax === COUNTER_MAX && swarm.writeSpike === 0 && isWriting;
  }

  /** Two processes on one store's promises: both are in doubt until one is gone. */
  #clone(target: Target, duration: number): void {
    const { statistics, trace, clock } = this.#cluster;
    const peer = this.#accomplice.find(target);
    // To a peer that hears the clone before its original it is a restart like any other, unless a leader
    // knows better: no group can bear that (ARCHITECTURE, a copied store).
    if (!this.#isLeaderLasting() || !this.#isRobbable(peer)) {
      statistics.add('fault clone put off');
      return;
    }
    statistics.add('cloned');
    // Its own disk forgets nothing: the clone is to be told apart and refused.
    if (!peer.observer) this.#cluster.lost.add(peer.id);
    trace.note('fault', peer.place, () => 'a clone of it starts beside it');
    const twin = this.#cluster.clone(peer);
    const end = (): void => twin.crash(false, true);
    this.#accomplice.atLast(end);
    clock.after(duration, end);
  }

  /** The original starts once more after it was copied, and lives on until the log knows that start. */
  #copy({ target, age, opens, downtime }: Extract<Fault, { type: 'old-copy' }>): void {
    const { clock } = this.#cluster;
    const peer = this.#accomplice.find(target);
    const old = peer.store.image();
    peer.crash(false, true);
    this.#accomplice.later(downtime, () => peer.start());
    clock.after(age, () => this.#inPeace(() => this.#replaceBy(peer, old, opens), QUIET_AFTER));
  }

  /** Whoever remembered the original crashes: only the log can tell. */
  #replaceBy(peer: SimPeer, old: DiskImage, opens: number): void {
    const { statistics, trace, clock, peers } = this.#cluster;
    const same = old.state.meta.store === peer.store.store;
    if (!same || !this.#isRobbable(peer) || !this.#isKnownFrom(peer, old)) {
      statistics.add('fault old-copy put off');
      return;
    }
    statistics.add('old copies');
    for (const any of peers) any.crash(false, true);
    this.#lose(peer);
    peer.store.restore(old);
    for (let time = 0; time < opens; time += 1) peer.store.open(hashText(2, `${peer.id} ${time}`));
    trace.note(
      'fault',
      peer.place,
      () => `its disk is a copy of before, opened ${peer.store.boot} times`,
    );
    for (const any of peers) clock.after(any.prng.between(10, 200), () => any.start());
  }

  /** Whether every voter's log names a start of the store that the copy does not know. */
  #isKnownFrom(peer: SimPeer, { state }: DiskImage): boolean {
    return this.#cluster.voters.every(({ view }) => {
      const { configuration, committed } = view;
      if (configuration === undefined || configuration.version > committed) return false;
      const start = voterOf(configuration, peer.id)?.start ?? 0;
      return start !== 0 && !state.meta.starts.includes(start);
    });
  }

  #comeBack(peer: SimPeer, old: DiskImage): void {
    const { statistics, trace, clock } = this.#cluster;
    const same = old.state.meta.store === peer.store.store;
    // Only a leader that goes on can tell (ARCHITECTURE, a lost store).
    const isNoticed = this.#isLeaderLasting() && this.#isRobbable(peer);
    if (!same || !isOlder(old, peer) || !isNoticed) {
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
