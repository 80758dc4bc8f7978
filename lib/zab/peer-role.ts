/**
 * Which role this peer has, how it comes to it (the election) and how it ends. A role ends in three
 * steps: the attached links close, what was not handed to the store is thrown away, and LOOKING begins
 * only when the store is idle (steps 1 and 33).
 */

import { voterKey, voterOf } from './configuration.ts';
import type { Core } from './core.ts';
import { chooseEpoch, present, receiveFollowerInfo } from './discovery.ts';
import { type Decision, Election, type Electorate } from './election.ts';
import type { Link, Remote } from './links.ts';
import type { Notification, PeerState } from './messages.ts';
import { isQuorum } from './quorum.ts';
import type { Epochs, Role } from './ready.ts';
import { Following, Leading } from './roles.ts';

export class PeerRole {
  readonly #core: Core;
  readonly #election: Election;
  role: Role = 'looking';
  leading: Leading | undefined;
  following: Following | undefined;
  /** A role has ended, and the store still writes for it: no vote before it is idle (rule G8). */
  settling = false;
  /** The promises on the disk: what a role change goes back to. */
  durableEpochs: Epochs;
  /** Named by a leader that stepped down for it. */
  heir: number | undefined;
  /** The election this peer last came out of: what it tells those that look for a leader. */
  #elected: Decision | undefined;
  #spareUsed = false;
  #notifyAt = 0;
  #notifyWait = 0;

  constructor(core: Core) {
    this.#core = core;
    this.durableEpochs = core.epochs;
    const { id, finalizeWait, notificationMax, syncTimeout } = core.options;
    this.#election = new Election(id, electorate(core), {
      finalizeWait,
      sightingAge: 2 * notificationMax,
      patience: syncTimeout,
    });
  }

  /** The election's round. */
  get round(): number {
    return this.#election.round;
  }

  get vote(): Notification['vote'] {
    return this.#election.vote;
  }

  /** Leads an established epoch, or follows one. */
  get #established(): boolean {
    return this.leading?.established === true || this.following?.stage === 'serving';
  }

  /** In an election, with an idle store. */
  get looking(): boolean {
    return this.role === 'looking' && !this.settling;
  }

  /** When time alone may change something, in the peer's own clock. */
  get deadline(): number {
    return this.role === 'looking'
      ? Math.min(this.#notifyAt, this.#election.deadline)
      : this.#notifyAt;
  }

  /** A vote, or what a peer outside an election says of its leader. */
  receiveNotification(remote: Remote, message: Notification): void {
    const core = this.#core;
    // A leader that has no epoch yet has no PING either.
    if (this.following?.link === remote.id && message.state === 'leading')
      this.following.heardAt = core.now;
    if (!this.looking) {
      // A looking peer never disturbs a leader: it gets an answer, and nothing else changes (step 6).
      if (message.state === 'looking') core.send(remote.id, this.notification());
      return;
    }
    const { id, role } = remote.hello;
    const voter = role === 'participant' && mayLead(core, id);
    const answer = this.#election.receive(id, voter, message, core.now);
    if (answer.type === 'broadcast') this.notifyAll();
    if (answer.type === 'reply') core.send(remote.id, this.notification());
  }

  /** What this peer votes, or whom it follows. */
  notification(): Notification {
    const core = this.#core;
    const state = peerState(this.role);
    if (state === 'looking') {
      const vote = this.settling ? undefined : this.#election.told;
      return { type: 'NOTIFICATION', round: this.#election.round, state, vote };
    }
    const leader = this.leading === undefined ? this.following?.leader : core.options.id;
    const epoch = this.#established ? core.epochs.current : (this.#elected?.epoch ?? 0);
    const vote = leader === undefined ? undefined : { leader, epoch, zxid: core.lastZxid };
    return { type: 'NOTIFICATION', round: this.#election.round, state, vote };
  }

  /** Tells every peer. */
  notifyAll(): void {
    if (this.settling) return;
    this.#core.outbox.broadcast(this.#core.links.remoteIds(), this.notification());
  }

  /** Enters LOOKING with an idle writer: the queued view is the disk's (steps 1, 33). */
  look(): void {
    const core = this.#core;
    this.settling = false;
    core.epochs = this.durableEpochs;
    core.settle();
    if (core.forgotten) this.#renew();
    if (core.broken !== undefined) return this.failed(core.broken);
    this.startElection();
    const heir = this.heir;
    this.heir = undefined;
    if (heir !== undefined) this.elected(heir);
  }

  /** A new round with the own vote. */
  startElection(): void {
    const core = this.#core;
    const { id } = core.options;
    const own = { leader: id, epoch: core.epochs.current, zxid: core.lastZxid };
    this.#election.start(this.#election.round, core.votes ? own : undefined);
    this.#notifyWait = 0;
    this.#notifyAt = core.now;
    this.notifyIfDue();
  }

  /** Another store id, so that nobody counts what this one has forgotten; a SNAP makes it whole. */
  #renew(): void {
    const core = this.#core;
    core.forgotten = false;
    if (this.#spareUsed) {
      core.broken = 'the store has lost promises twice';
      return;
    }
    this.#spareUsed = true;
    core.amnesiac = true;
    core.writes.renew(core.options.spareStore);
    core.writes.whenDurable({ type: 'renewed' });
  }

  /** The election's outcome; the simulator may say anything here, safety does not depend on it (step 7). */
  elected(leader: number, epoch: number = this.#core.epochs.current): void {
    const core = this.#core;
    if (!this.looking || core.broken !== undefined) return;
    // A birth or another store id is on its way to the disk: what the new role needs to know of itself.
    if (!core.writes.idle || !core.writes.empty) return;
    if (leader === core.options.id) {
      if (core.votes) this.#lead({ leader, epoch });
    } else this.#follow({ leader, epoch });
    this.afterInput();
  }

  #lead(decision: Decision): void {
    const core = this.#core;
    const leading = new Leading(core.now);
    this.leading = leading;
    this.#take('leading', decision, 'elected');
    for (const remote of [...core.links.remotes()]) {
      const { info } = remote;
      remote.info = undefined;
      if (info !== undefined) receiveFollowerInfo(core, leading, remote, info);
    }
    chooseEpoch(core, leading);
  }

  #follow(decision: Decision): void {
    const core = this.#core;
    const following = new Following(decision.leader, core.now);
    this.following = following;
    const observer = core.options.role === 'observer';
    this.#take(observer ? 'observing' : 'following', decision, 'elected');
    for (const link of [...core.links.all()]) {
      if (link.attached === 'learner') this.drop(link, 'not leading');
    }
    this.attach(following);
  }

  /** Presents this peer to its leader, once there is a link to it. */
  attach(following: Following): void {
    const remote = this.#core.links.to(following.leader);
    if (remote === undefined) return;
    remote.attached = 'leader';
    following.heardAt = this.#core.now;
    present(this.#core, following, remote.id);
  }

  #take(role: Role, decision: Decision, reason: string): void {
    const core = this.#core;
    this.role = role;
    this.#elected = decision;
    core.outbox.event({ type: 'role', role, leader: decision.leader, reason });
    core.outbox.event({ type: 'phase', phase: 'discovery' });
    this.notifyAll();
  }

  /** Ends what a phase could not go on with; called after every input. */
  afterInput(): void {
    const core = this.#core;
    for (const { link, reason } of core.takeDropped()) {
      const dropped = core.links.get(link);
      if (dropped !== undefined) this.drop(dropped, reason);
    }
    if (core.broken !== undefined) this.failed(core.broken);
    if (core.forgotten) core.leave('promises are lost');
    if (core.leaving !== undefined) this.leave(core.leaving);
    if (!this.looking) return;
    if (this.#election.judgeCandidacy(core.now)) this.notifyAll();
    const decision = this.#election.decision(core.now);
    if (decision !== undefined) this.elected(decision.leader, decision.epoch);
  }

  /** Stop proposing, drop what was not handed to the store, close the attached links, then LOOKING (step 33). */
  leave(reason: string): void {
    const core = this.#core;
    core.leaving = undefined;
    if (this.role === 'quarantined') return;
    if (this.leading === undefined && this.following === undefined && !core.forgotten) return;
    const attached = [...core.links.all()].filter((link) => link.attached !== 'no');
    // However its leadership ends: who wanted to retire is not elected again.
    if (this.leading?.resigning?.retire === true) core.retired = true;
    this.leading = undefined;
    this.following = undefined;
    for (const link of attached) this.drop(link, reason);
    core.leaving = undefined;
    core.writes.incarnation += 1;
    core.writes.discard();
    core.outbox.forgetConfirmed();
    this.role = 'looking';
    this.settling = true;
    core.outbox.event({ type: 'role', role: 'looking', leader: undefined, reason });
    core.outbox.event({ type: 'phase', phase: 'election' });
    if (core.writes.idle) this.look();
  }

  /** The store refused a write, or contradicts the group: take no part until it is verified (QUARANTINE). */
  failed(reason: string): void {
    const core = this.#core;
    if (this.role === 'quarantined') return;
    core.leaving = undefined;
    core.outbox.forgetConfirmed();
    this.leading = undefined;
    this.following = undefined;
    this.role = 'quarantined';
    for (const link of [...core.links.all()]) this.drop(link, 'quarantined');
    core.alarm(reason);
    core.outbox.event({ type: 'role', role: 'quarantined', leader: undefined, reason });
  }

  /** Closes a link, with all that hangs on it. */
  drop(link: Link, reason: string): void {
    this.#core.outbox.close(link.id, reason);
    this.#core.links.remove(link.id);
    this.forget(link);
  }

  /** What a link's end means for the role. */
  forget(link: Link): void {
    this.leading?.learners.delete(link.id);
    const following = this.following;
    if (following !== undefined && following.link === link.id) {
      this.#core.leave(`the link to leader ${following.leader} is gone`);
    }
    if (link.hello === undefined) return;
    const { id } = link.hello;
    this.#election.forget(id);
    if (this.looking && this.#election.vote?.leader === id) this.startElection();
  }

  /** Votes while looking, with back-off; otherwise the sign of life of every link. */
  notifyIfDue(): void {
    const { now, options } = this.#core;
    if (now < this.#notifyAt) return;
    const wait = this.looking
      ? Math.min(Math.max(2 * this.#notifyWait, 100), options.notificationMax)
      : 2 * options.heartbeat;
    // It is the sign of life of the link too: slower than its deadline, peers would cut each other off.
    this.#notifyWait = Math.min(wait, options.syncTimeout / 2);
    this.#notifyAt = now + this.#notifyWait;
    this.notifyAll();
  }
}

/** Who may vote and lead, by the configurations in force. */
function electorate(core: Core): Electorate {
  return {
    isQuorum: (ids) => isElecting(core, ids),
    isEverybody: (ids) =>
      core.active.every(({ configuration }) =>
        configuration.voters.every(
          ({ id, weight }) => weight === 0 || ids.has(id) || core.links.isGone(id),
        ),
      ),
    mayLead: (id) => mayLead(core, id),
    isReachable: (id) => id === core.options.id || core.links.to(id) !== undefined,
    reachesQuorum: () => {
      const ids = new Set([core.options.id]);
      for (const { hello } of core.links.remotes())
        if (hello.role === 'participant') ids.add(hello.id);
      return isElecting(core, ids);
    },
  };
}

/** Votes are counted by id, whatever the store. */
function isElecting(core: Core, ids: ReadonlySet<number>): boolean {
  return (
    core.born &&
    core.active.every(({ configuration }) => {
      const voters = configuration.voters.filter(({ id }) => ids.has(id));
      return isQuorum(configuration, new Set(voters.map(({ id, store }) => voterKey(id, store))));
    })
  );
}

function mayLead(core: Core, id: number): boolean {
  return core.active.some(({ configuration }) => (voterOf(configuration, id)?.weight ?? 0) > 0);
}

function peerState(role: Role): PeerState {
  return role === 'quarantined' ? 'looking' : role;
}
