/**
 * ZAB, the ZooKeeper atomic broadcast protocol, as a machine of values: inputs are method calls,
 * outputs are {@link Ready} and {@link Batch}. No I/O, no clock, no randomness: the same inputs give
 * the same outputs. The phases live in their own files: election, discovery, synchronization,
 * broadcast; this file holds the role and hands each message to its phase.
 */
import { assert } from '../base/assert.ts';
import { makeZxid, type Zxid, ZERO } from '../base/zxid.ts';
import { birthStep, genesisOf, isBornBy } from './bootstrap.ts';
import { acknowledge, flush, propose, raiseCommit } from './broadcast.ts';
import { type Configuration, isVoter, voterKey, withStore } from './configuration.ts';
import { Core } from './core.ts';
import { chooseEpoch, epochChosen, present, receiveFollowerInfo, sendAckEpoch } from './discovery.ts';
import { fromLeader, fromLearner } from './dispatch.ts';
import { Election, type Decision } from './election.ts';
import { judge, ownBirthNotice, ownHello } from './handshake.ts';
import { History } from './history.ts';
import { isRemote, keyOf, type Link, type Remote } from './links.ts';
import type { Entry, EntryKind } from './log-entry.ts';
import type { BirthNotice, FollowerInfo, Hello, Notification, PeerState, ZabMessage } from './messages.ts';
import type { ZabOptions } from './options.ts';
import { hasVote } from './quorum.ts';
import type { Batch, Durable, Epochs, LinkId, Phase, Ready, Role } from './ready.ts';
import { handOverTo, isRedundancyLost, successor } from './resignation.ts';
import { Following, Leading } from './roles.ts';
import { beginRound, confirm } from './round.ts';
import { ownHistoryTaken, sendChunk, synchronizeAll } from './synchronization.ts';
import type { Continuation } from './write-queue.ts';

/** A stall of the event loop is what exceeds this many heartbeats between two ticks. */
const STALL_HEARTBEATS = 2;

export class Zab {
  readonly #core: Core;
  readonly #election: Election;
  #role: Role = 'looking';
  #leading: Leading | undefined;
  #following: Following | undefined;
  /** A role has ended, and the store still writes for it: no vote before it is idle (rule G8). */
  #settling = false;
  #durableEpochs: Epochs;
  /** The election this peer last came out of: what it tells those that look for a leader. */
  #elected: Decision | undefined;
  /** Named by a leader that stepped down for it. */
  #heir: number | undefined;
  #spareUsed = false;
  #lastTick = 0;
  #stalled = 0;
  #notifyAt = 0;
  #notifyWait = 0;

  constructor(options: ZabOptions, durable: Durable) {
    const core = new Core(options, durable);
    this.#core = core;
    this.#durableEpochs = durable.epochs;
    this.#election = new Election(
      { id: options.id, key: () => core.key },
      {
        isQuorum: (keys) => core.isQuorum(keys),
        isEverybody: (keys) =>
          core.active.every(({ configuration }) =>
            configuration.voters.every(
              ({ id, store, weight }) => weight === 0 || keys.has(voterKey(id, store)),
            ),
          ),
        mayLead: (id) =>
          core.active.some(({ configuration }) =>
            configuration.voters.some((voter) => voter.id === id && voter.weight > 0),
          ),
      },
      { finalizeWait: options.finalizeWait, sightingAge: 2 * options.notificationMax },
    );
    this.#look();
    this.#growUp();
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────

  get role(): Role {
    return this.#role;
  }

  get phase(): Phase {
    if (this.#leading !== undefined) return this.#leading.stage;
    switch (this.#following?.stage) {
      case undefined:
        return 'election';
      case 'connecting':
      case 'discovery':
      case 'promising':
        return 'discovery';
      case 'promised':
      case 'history':
      case 'taking':
      case 'taken':
        return 'synchronization';
      case 'serving':
        return 'broadcast';
    }
  }

  /** Who leads, as far as this peer takes part. */
  get leader(): number | undefined {
    return this.#leading === undefined ? this.#following?.leader : this.#core.options.id;
  }

  /** The link to the leader that this peer follows. */
  get leaderLink(): LinkId | undefined {
    return this.#following?.link;
  }

  /** currentEpoch. */
  get epoch(): number {
    return this.#core.epochs.current;
  }

  get epochs(): Epochs {
    return this.#core.epochs;
  }

  get store(): string {
    return this.#core.store;
  }

  /** Leading, with a quorum that holds the history (step 18). */
  get established(): boolean {
    return this.#leading?.established ?? false;
  }

  /** Leading, and the epoch's first entry is committed: requests may be proposed (rule G12). */
  get broadcasting(): boolean {
    const leading = this.#leading;
    if (leading === undefined || !leading.established || leading.resigning !== undefined) return false;
    return this.#core.commit >= makeZxid(leading.epoch, 1);
  }

  /** Whether EPOCH_START may still be proposed, or requests behind it. */
  get proposing(): boolean {
    return this.#leading?.established === true && this.#leading.resigning === undefined;
  }

  /** Following or observing an established leader. */
  get serving(): boolean {
    return this.#following?.stage === 'serving' || this.broadcasting;
  }

  get lastZxid(): Zxid {
    return this.#core.born ? this.#core.history.last.zxid : ZERO;
  }

  get durableZxid(): Zxid {
    return this.#core.born ? this.#core.history.durable : ZERO;
  }

  get committed(): Zxid {
    return this.#core.commit;
  }

  get applied(): Zxid {
    return this.#core.applied;
  }

  /** The last configuration of the log; undefined before the group is born. */
  get configuration(): Configuration | undefined {
    return this.#core.born ? this.#core.history.configuration : undefined;
  }

  /** Where the log begins. */
  get logBase(): Zxid {
    return this.#core.born ? this.#core.history.base.zxid : ZERO;
  }

  /** The place of an entry that is still in the log, for a checkpoint that begins there. */
  baseAt(zxid: Zxid): { zxid: Zxid; chain: number; configuration: Configuration } | undefined {
    const mark = this.#core.born ? this.#core.history.markAt(zxid) : undefined;
    if (mark === undefined) return undefined;
    const configuration = this.#core.history.configurationAt(zxid);
    return { zxid: mark.zxid, chain: mark.chain, configuration };
  }

  /** The zxid that the next proposal gets. */
  get nextZxid(): Zxid {
    const leading = this.#leading;
    assert(leading !== undefined && leading.established, 'a leader has a next zxid');
    return makeZxid(leading.epoch, leading.counter + 1);
  }

  get round(): number {
    return this.#election.round;
  }

  get vote(): { readonly leader: number; readonly epoch: number; readonly zxid: Zxid } | undefined {
    return this.#election.vote;
  }

  /** Whether this peer's acknowledgements count. */
  get votes(): boolean {
    return this.#core.votes;
  }

  /** Ms since a quorum is known to have answered (leader) or the leader gave a sign. */
  get contactAge(): number {
    const { now } = this.#core;
    const since = this.#leading?.confirmedAt ?? this.#following?.heardAt;
    return since === undefined ? Number.POSITIVE_INFINITY : now - since;
  }

  /** Who is at the other end of each link that has said HELLO. */
  peers(): Map<LinkId, { readonly id: number; readonly store: string; readonly boot: number }> {
    const peers = new Map<LinkId, { id: number; store: string; boot: number }>();
    for (const { id, hello } of this.#core.links.remotes()) {
      peers.set(id, { id: hello.id, store: hello.store, boot: hello.boot });
    }
    return peers;
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Every turn begins with it. `now` is monotonic ms. What goes beyond {@link STALL_HEARTBEATS}
   * between two ticks is a stall of this process: its own clock stands still for that long, so no
   * deadline passes while the answers wait in the socket buffers.
   */
  tick(now: number): void {
    const core = this.#core;
    const { heartbeat } = core.options;
    const gap = now - this.#lastTick;
    if (this.#lastTick > 0 && gap > STALL_HEARTBEATS * heartbeat) this.#stalled += gap - heartbeat;
    this.#lastTick = now;
    core.now = Math.max(core.now, now - this.#stalled);
    if (this.#role === 'quarantined') return;
    this.#cutSilentLinks();
    this.#notifyIfDue();
    if (this.#leading !== undefined) this.#leadFor(this.#leading);
    if (this.#following !== undefined) this.#followFor(this.#following);
    this.#afterInput();
  }

  /** When tick() must be called at the latest, in the driver's time. */
  deadline(): number {
    const { now, options } = this.#core;
    if (this.#role === 'quarantined') return Number.POSITIVE_INFINITY;
    let at = Math.min(now + options.heartbeat, this.#notifyAt);
    if (this.#role === 'looking') at = Math.min(at, this.#election.deadline);
    if (this.#leading !== undefined) at = Math.min(at, this.#leading.nextHeartbeat);
    return at + this.#stalled;
  }

  #cutSilentLinks(): void {
    const { now, options, links } = this.#core;
    for (const link of [...links.all()]) {
      if (now - link.heardAt > options.syncTimeout) this.#drop(link, 'silent');
    }
  }

  /** Votes while looking, with back-off; otherwise the sign of life of every link. */
  #notifyIfDue(): void {
    const { now, options } = this.#core;
    if (now < this.#notifyAt) return;
    const looking = this.#role === 'looking' && !this.#settling;
    this.#notifyWait = looking
      ? Math.min(Math.max(2 * this.#notifyWait, 100), options.notificationMax)
      : 2 * options.heartbeat;
    this.#notifyAt = now + this.#notifyWait;
    this.#notifyAll();
  }

  #leadFor(leading: Leading): void {
    const core = this.#core;
    const { syncTimeout, initTimeout, reelectionDelay } = core.options;
    if (leading.established) {
      if (core.now - leading.confirmedAt > syncTimeout) core.leave('no quorum answers');
    } else if (leading.stage === 'discovery') {
      if (core.now - leading.startedAt > syncTimeout) core.leave('no quorum presented itself');
    } else if (core.now - this.#lastProgress(leading) > initTimeout) {
      core.leave('no quorum synchronized');
    }
    this.#cutLaggingLearners(leading);
    const { outpacedAt } = leading;
    if (outpacedAt !== undefined && core.now - outpacedAt > reelectionDelay) {
      leading.outpacedAt = undefined;
      if (isRedundancyLost(core, leading)) this.#resign(leading, false);
    }
  }

  #lastProgress(leading: Leading): number {
    let last = leading.startedAt;
    for (const { progressAt } of leading.learners.values()) last = Math.max(last, progressAt);
    return last;
  }

  #cutLaggingLearners(leading: Leading): void {
    const core = this.#core;
    const { initTimeout, lagMax } = core.options;
    for (const learner of [...leading.learners.values()]) {
      const waits = learner.stage === 'syncing' && core.now - learner.progressAt > initTimeout;
      const lags =
        learner.stage === 'serving' &&
        !learner.observer &&
        core.history.countAbove(learner.acked) > lagMax;
      const link = core.links.get(learner.link);
      if ((waits || lags) && link !== undefined) this.#drop(link, waits ? 'no progress' : 'lags');
    }
  }

  #followFor(following: Following): void {
    const core = this.#core;
    if (core.now - following.heardAt <= core.options.syncTimeout) return;
    core.leave(`leader ${following.leader} is silent`);
  }

  // ── Links ─────────────────────────────────────────────────────────────────────────────────────

  /** A connection stands; nobody has said anything on it yet. */
  linked(id: LinkId, dialer: 'self' | 'peer'): void {
    if (this.#role === 'quarantined') {
      this.#core.outbox.close(id, 'quarantined');
      return;
    }
    this.#core.links.add(id, dialer, this.#core.now);
    this.#core.send(id, ownHello(this.#core));
  }

  /** A connection is gone; nothing more comes from it. */
  unlinked(id: LinkId): void {
    const link = this.#core.links.remove(id);
    if (link === undefined) return;
    this.#forget(link);
    this.#afterInput();
  }

  #drop(link: Link, reason: string): void {
    this.#core.outbox.close(link.id, reason);
    this.#core.links.remove(link.id);
    this.#forget(link);
  }

  #forget(link: Link): void {
    this.#leading?.learners.delete(link.id);
    const following = this.#following;
    if (following !== undefined && following.link === link.id) {
      this.#core.leave(`the link to leader ${following.leader} is gone`);
    }
    if (link.hello === undefined) return;
    const { id, store } = link.hello;
    this.#election.forget(id, voterKey(id, store));
    const lost = this.#role === 'looking' && !this.#settling && this.#election.vote?.leader === id;
    if (lost) this.#startElection();
  }

  #receiveHello(link: Link, hello: Hello): void {
    const core = this.#core;
    const verdict = judge(core, link, hello);
    switch (verdict.type) {
      case 'surplus':
        this.#drop(link, 'another link stays');
        return;
      case 'refuse': {
        const { reason, detail } = verdict;
        core.outbox.event({ type: 'refused', link: link.id, reason, detail });
        this.#drop(link, reason);
        return;
      }
      case 'accept':
        this.#greet(link, hello, verdict.replaces);
    }
  }

  #greet(link: Link, hello: Hello, replaces: LinkId | undefined): void {
    const core = this.#core;
    const replaced = replaces === undefined ? undefined : core.links.get(replaces);
    if (replaced !== undefined) this.#drop(replaced, 'another link stays');
    link.hello = hello;
    link.birth = hello.birth;
    const promised = this.#leading?.promisedBy.get(hello.id);
    const key = voterKey(hello.id, hello.store);
    if (promised !== undefined && promised !== key && !this.established) {
      core.leave(`peer ${hello.id} has forgotten its promise`);
    }
    if (core.birth.state === 'born') core.send(link.id, ownBirthNotice(core));
    core.send(link.id, this.#notification());
    this.#growUp();
    const following = this.#following;
    if (following?.leader === hello.id && following.stage === 'connecting') this.#attach(following);
  }

  // ── Birth ─────────────────────────────────────────────────────────────────────────────────────

  #receiveBirth(remote: Remote, message: BirthNotice): void {
    const core = this.#core;
    remote.birth = message.birth;
    const { genesis } = message;
    if (genesis !== undefined && core.genesis === undefined) {
      if (core.options.role === 'participant' && isBornBy(genesis, core.options.id, core.store)) {
        this.#born(genesis);
      } else core.genesis = genesis;
    }
    this.#growUp();
  }

  #growUp(): void {
    const core = this.#core;
    if (core.birth.state === 'born' || !core.writes.empty || !core.writes.idle) return;
    if (core.born || core.genesis !== undefined) return;
    const step = birthStep(core.options, core.store, core.birth, core.links);
    if (step === undefined) return;
    if (step.type === 'born') this.#born(step.genesis);
    else {
      core.writes.birth(step.birth, undefined);
      core.writes.whenDurable({ type: 'birth' });
    }
  }

  #born(genesis: Configuration): void {
    const core = this.#core;
    if (core.birth.state === 'born' || core.genesis !== undefined) return;
    core.genesis = genesis;
    core.writes.birth({ state: 'born' }, genesis);
    core.writes.whenDurable({ type: 'birth' });
  }

  /** A birth is durable: say it to everyone; a born voter may now vote. */
  #tellBirth(): void {
    const core = this.#core;
    core.outbox.broadcast(core.links.remoteIds(), ownBirthNotice(core));
    if (core.birth.state === 'born' && this.#role === 'looking' && !this.#settling) {
      this.#startElection();
    }
    this.#growUp();
  }

  // ── Messages ──────────────────────────────────────────────────────────────────────────────────

  /** A message on a link. What does not belong there is dropped, or ends the link or the role. */
  step(id: LinkId, message: ZabMessage): void {
    const link = this.#core.links.get(id);
    if (link === undefined || this.#role === 'quarantined') return;
    link.heardAt = this.#core.now;
    if (isRemote(link)) this.#receive(link, message);
    else if (message.type === 'HELLO') this.#receiveHello(link, message);
    else this.#drop(link, 'no HELLO');
    this.#afterInput();
  }

  #receive(remote: Remote, message: ZabMessage): void {
    switch (message.type) {
      case 'HELLO':
        this.#drop(remote, 'HELLO twice');
        return;
      case 'BIRTH':
        this.#receiveBirth(remote, message);
        return;
      case 'NOTIFICATION':
        this.#receiveNotification(remote, message);
        return;
      case 'FOLLOWERINFO':
        this.#receiveFollowerInfo(remote, message);
        return;
      default:
        this.#route(remote, message);
    }
  }

  /** To the role's half of the phases; from anyone else it is late, and dropped. */
  #route(remote: Remote, message: ZabMessage): void {
    const { id } = remote;
    const learner = this.#leading?.learners.get(id);
    if (this.#leading !== undefined && learner !== undefined) {
      fromLearner(this.#core, this.#leading, learner, message);
      return;
    }
    const following = this.#following;
    if (following === undefined || following.link !== id) return;
    following.heardAt = this.#core.now;
    if (message.type === 'HANDOVER' && following.stage === 'serving') {
      this.#heir = message.successor;
      this.#core.leave(`leader ${following.leader} hands over to ${message.successor}`);
    } else fromLeader(this.#core, following, keyOf(remote), message);
  }

  #receiveFollowerInfo(remote: Remote, message: FollowerInfo): void {
    if (remote.attached !== 'no') {
      this.#drop(remote, 'FOLLOWERINFO twice');
      return;
    }
    if (this.#following !== undefined) {
      this.#drop(remote, 'not leading');
      return;
    }
    remote.attached = 'learner';
    if (this.#leading === undefined) remote.info = message;
    else receiveFollowerInfo(this.#core, this.#leading, remote, message);
  }

  // ── Election ──────────────────────────────────────────────────────────────────────────────────

  #receiveNotification(remote: Remote, message: Notification): void {
    const core = this.#core;
    if (this.#role !== 'looking' || this.#settling) {
      // A looking peer never disturbs a leader: it gets an answer, and nothing else changes (step 6).
      if (message.state === 'looking') core.send(remote.id, this.#notification());
      return;
    }
    const { id, store } = remote.hello;
    const key = hasVote(core.active, id, store) ? keyOf(remote) : undefined;
    const answer = this.#election.receive(id, key, message, core.now);
    if (answer.type === 'broadcast') this.#notifyAll();
    if (answer.type === 'reply') core.send(remote.id, this.#notification());
  }

  #notification(): Notification {
    const state = peerState(this.#role);
    if (state === 'looking') {
      const vote = this.#settling ? undefined : this.#election.vote;
      return { type: 'NOTIFICATION', round: this.#election.round, state, vote };
    }
    const { leader } = this;
    const epoch = this.phase === 'broadcast' ? this.epoch : (this.#elected?.epoch ?? 0);
    const vote = leader === undefined ? undefined : { leader, epoch, zxid: this.lastZxid };
    return { type: 'NOTIFICATION', round: this.#election.round, state, vote };
  }

  #notifyAll(): void {
    if (this.#settling) return;
    this.#core.outbox.broadcast(this.#core.links.remoteIds(), this.#notification());
  }

  /** Enters LOOKING with an idle writer: the queued view is the disk's (steps 1, 33). */
  #look(): void {
    const core = this.#core;
    this.#settling = false;
    core.epochs = this.#durableEpochs;
    if (core.born) core.history.durable = core.history.last.zxid;
    if (core.forgotten) this.#renew();
    this.#startElection();
    const heir = this.#heir;
    this.#heir = undefined;
    if (heir !== undefined) this.elected(heir);
  }

  #startElection(): void {
    const core = this.#core;
    const { id } = core.options;
    const own = { leader: id, epoch: core.epochs.current, zxid: this.lastZxid };
    this.#election.start(this.#election.round, core.votes ? own : undefined);
    this.#notifyWait = 0;
    this.#notifyAt = core.now;
    this.#notifyIfDue();
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
  elected(leader: number, epoch: number = this.epoch): void {
    if (this.#role !== 'looking' || this.#settling || this.#core.broken !== undefined) return;
    const core = this.#core;
    if (leader === core.options.id) {
      if (core.votes) this.#lead({ leader, epoch });
    } else this.#follow({ leader, epoch });
    this.#afterInput();
  }

  // ── Roles ─────────────────────────────────────────────────────────────────────────────────────

  #lead(decision: Decision): void {
    const core = this.#core;
    const leading = new Leading(core.now);
    this.#leading = leading;
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
    this.#following = following;
    const observer = core.options.role === 'observer';
    this.#take(observer ? 'observing' : 'following', decision, 'elected');
    for (const link of [...core.links.all()]) {
      if (link.attached === 'learner') this.#drop(link, 'not leading');
    }
    this.#attach(following);
  }

  #attach(following: Following): void {
    const remote = this.#core.links.to(following.leader);
    if (remote === undefined) return;
    remote.attached = 'leader';
    following.heardAt = this.#core.now;
    present(this.#core, following, remote.id);
  }

  #take(role: Role, decision: Decision, reason: string): void {
    const core = this.#core;
    this.#role = role;
    this.#elected = decision;
    core.outbox.event({ type: 'role', role, leader: decision.leader, reason });
    core.outbox.event({ type: 'phase', phase: 'discovery' });
    this.#notifyAll();
  }

  /** Ends what a phase could not go on with; called after every input. */
  #afterInput(): void {
    const core = this.#core;
    for (const { link, reason } of core.takeDropped()) {
      const dropped = core.links.get(link);
      if (dropped !== undefined) this.#drop(dropped, reason);
    }
    if (core.broken !== undefined) this.failed(core.broken);
    if (core.forgotten) core.leave('promises are lost');
    if (core.leaving !== undefined) this.#leave(core.leaving);
    if (this.#role !== 'looking' || this.#settling) return;
    const decision = this.#election.decision(core.now);
    if (decision !== undefined) this.elected(decision.leader, decision.epoch);
  }

  /** Stop proposing, drop what was not handed to the store, close the attached links, then LOOKING (step 33). */
  #leave(reason: string): void {
    const core = this.#core;
    core.leaving = undefined;
    if (this.#role === 'quarantined') return;
    if (this.#leading === undefined && this.#following === undefined && !core.forgotten) return;
    const attached = [...core.links.all()].filter((link) => link.attached !== 'no');
    this.#leading = undefined;
    this.#following = undefined;
    for (const link of attached) this.#drop(link, reason);
    core.leaving = undefined;
    core.writes.incarnation += 1;
    core.writes.discard();
    core.outbox.forgetConfirmed();
    this.#role = 'looking';
    this.#settling = true;
    core.outbox.event({ type: 'role', role: 'looking', leader: undefined, reason });
    core.outbox.event({ type: 'phase', phase: 'election' });
    if (core.writes.idle) this.#look();
  }

  /** The store refused a write, or contradicts the group: take no part until it is verified (QUARANTINE). */
  failed(reason: string): void {
    const core = this.#core;
    if (this.#role === 'quarantined') return;
    core.leaving = undefined;
    core.outbox.forgetConfirmed();
    this.#leading = undefined;
    this.#following = undefined;
    this.#role = 'quarantined';
    for (const link of [...core.links.all()]) this.#drop(link, 'quarantined');
    core.alarm(reason);
    core.outbox.event({ type: 'role', role: 'quarantined', leader: undefined, reason });
  }

  // ── The store ─────────────────────────────────────────────────────────────────────────────────

  /** What to make durable next; ask only while the store is idle. */
  nextBatch(): Batch | undefined {
    if (this.#role === 'quarantined') return undefined;
    return this.#core.writes.take(this.#core.commit);
  }

  /** The batch is on the disk: everything that waited for it happens now (rule G8). */
  persisted(id: number): void {
    const core = this.#core;
    const { batch, steps } = core.writes.persisted(id);
    if (this.#role === 'quarantined') return;
    if (batch.epochs !== undefined) this.#durableEpochs = batch.epochs;
    if (batch.birth !== undefined) core.birth = batch.birth;
    if (batch.genesis !== undefined && batch.install === undefined) this.#beginLog(batch.genesis);
    if (batch.install !== undefined) {
      const { zxid, chain } = batch.install;
      core.amnesiac = false;
      core.applied = zxid;
      if (core.commit < zxid) core.commit = zxid;
      core.outbox.installed = { zxid, chain };
    }
    for (const step of steps) this.#continue(step);
    if (this.#following !== undefined) acknowledge(core, this.#following);
    if (this.#leading !== undefined) raiseCommit(core, this.#leading);
    if (this.#settling && core.writes.idle) this.#look();
    this.#afterInput();
  }

  #beginLog(genesis: Configuration): void {
    const base = { zxid: ZERO, chain: 0, configuration: genesisOf(genesis.voters) };
    this.#core.begin(new History(base, []));
    this.#core.amnesiac = false;
  }

  #continue(step: Continuation): void {
    const core = this.#core;
    switch (step.type) {
      case 'birth':
        this.#tellBirth();
        return;
      case 'renewed':
        core.store = core.options.spareStore;
        for (const link of [...core.links.all()]) this.#drop(link, 'another store');
        return;
      case 'epoch-chosen':
        if (this.#leading !== undefined) epochChosen(core, this.#leading);
        return;
      case 'epoch-promised':
        if (this.#following !== undefined) sendAckEpoch(core, this.#following, step.counted);
        return;
      case 'own-history':
        if (this.#leading !== undefined) ownHistoryTaken(core, this.#leading);
        return;
      case 'history-taken':
        this.#historyTaken(step);
    }
  }

  #historyTaken({ link, zxid, chain }: Extract<Continuation, { type: 'history-taken' }>): void {
    const following = this.#following;
    assert(following !== undefined && following.link === link, 'the history is for this leader');
    following.stage = 'taken';
    following.acked = zxid;
    this.#core.send(link, { type: 'ACKNEWLEADER', epoch: following.epoch, zxid, chain });
  }

  // ── Leading ───────────────────────────────────────────────────────────────────────────────────

  /** Appends an entry to the log and sends it to the followers; committed when it comes in Ready.deliver. */
  propose(kind: EntryKind, bytes: Uint8Array, configuration?: Configuration): Entry {
    const leading = this.#leading;
    assert(leading !== undefined && this.proposing, 'only a leader that serves proposes');
    assert(kind === 'epoch-start' || this.broadcasting, 'EPOCH_START is committed first (G12)');
    const entry = propose(this.#core, leading, kind, bytes, configuration);
    if (leading.counter >= this.#core.options.counterMax) this.#resign(leading, false);
    return entry;
  }

  /** A quorum round that begins after this call; the token comes back in Ready.confirmed. False: not leading. */
  confirm(token: number): boolean {
    if (this.#leading === undefined || !this.#leading.established) return false;
    confirm(this.#leading, token);
    return true;
  }

  /** The next piece of a checkpoint that Ready.snapshots asked for. */
  chunk(link: LinkId, bytes: Uint8Array, last: boolean): void {
    if (this.#leading !== undefined) sendChunk(this.#core, this.#leading, link, bytes, last);
  }

  /** Entries through `base` are in a checkpoint and need not be kept for DIFFs. */
  trim(base: Zxid): void {
    const { applied } = this.#core;
    if (this.#core.born) this.#core.history.trim(base < applied ? base : applied);
  }

  /** Gives leadership up for good: proposes nothing more, names the best follower, takes no further part in elections. */
  handOver(): void {
    if (this.#leading === undefined) {
      this.#core.retired = true;
      if (this.#role === 'looking' && !this.#settling) this.#startElection();
    } else this.#resign(this.#leading, true);
  }

  #resign(leading: Leading, retire: boolean): void {
    leading.resigning ??= { since: this.#core.now, retire };
  }

  /** Stands down once everything proposed is committed, or has had its time. */
  #standDown(leading: Leading): void {
    const core = this.#core;
    const { resigning } = leading;
    if (resigning === undefined) return;
    const settled = leading.established && core.commit === core.history.last.zxid;
    if (!settled && core.now - resigning.since <= core.options.syncTimeout) return;
    if (resigning.retire) core.retired = true;
    const heir = settled ? successor(core, leading) : undefined;
    if (heir !== undefined) handOverTo(core, leading, heir);
    this.#leave(resigning.retire ? 'hands over for good' : 'hands over');
  }

  // ── The end of a turn ─────────────────────────────────────────────────────────────────────────

  /** Everything this turn asks of the world. The driver applies `deliver` before it calls anything else. */
  ready(): Ready {
    const core = this.#core;
    if (this.#leading !== undefined) {
      flush(core, this.#leading);
      this.#standDown(this.#leading);
    }
    const deliver = this.#deliverable();
    core.applied = deliver[deliver.length - 1]?.zxid ?? core.applied;
    if (this.#leading !== undefined) {
      this.#replaceStores(this.#leading);
      synchronizeAll(core, this.#leading, core.applied);
      beginRound(core, this.#leading);
    }
    return core.outbox.take(deliver, core.applied);
  }

  /** Committed and durable here: no peer, the leader included, applies beyond its own disk (step 23). */
  #deliverable(): readonly Entry[] {
    const core = this.#core;
    if (!core.born || this.#role === 'quarantined') return [];
    const { durable } = core.history;
    const through = core.commit < durable ? core.commit : durable;
    return through > core.applied ? core.history.slice(core.applied, through) : [];
  }

  /** A voter that is back under another store and in step: its place in the configuration moves (replaceStore). */
  #replaceStores(leading: Leading): void {
    const core = this.#core;
    if (!this.broadcasting) return;
    const { configuration } = core.history;
    if (configuration.version > core.commit) return;
    for (const { id, key, observer, stage } of leading.learners.values()) {
      const store = key.slice(key.indexOf(':') + 1);
      const known = configuration.voters.some((voter) => voter.id === id);
      if (observer || stage !== 'serving' || !known || isVoter(configuration, id, store)) continue;
      core.outbox.configure = withStore(configuration, ZERO, id, store);
      return;
    }
  }
}

function peerState(role: Role): PeerState {
  return role === 'quarantined' ? 'looking' : role;
}

