/**
 * ZAB, the ZooKeeper atomic broadcast protocol, as a machine of values: inputs are method calls,
 * outputs are {@link Ready} and {@link Batch}. No I/O, no clock, no randomness: the same inputs give
 * the same outputs. This file hands each input to the room it belongs to; the phases live in their
 * own files: election, discovery, synchronization, broadcast.
 */
import { assert } from '../base/assert.ts';
import { CHAIN_START } from '../base/hash.ts';
import type { Meter } from '../base/meter.ts';
import { lesser, makeZxid, ZERO, type Zxid } from '../base/zxid.ts';
import { awaitedVoters, genesisOf } from './bootstrap.ts';
import { acknowledge, flush, propose, raiseCommit } from './broadcast.ts';
import { leaveIfFlooded, measureQueues } from './caps.ts';
import type { Configuration } from './configuration.ts';
import { Core } from './core.ts';
import { cutLaggingLearners, judgeDeadlines } from './deadlines.ts';
import { epochChosen, receiveFollowerInfo, sendAckEpoch } from './discovery.ts';
import { fromLeader, fromLearner } from './dispatch.ts';
import { Door } from './door.ts';
import { clusterName } from './handshake.ts';
import { History } from './history.ts';
import { isRemote, keyOf, type Remote } from './links.ts';
import type { Entry, EntryKind } from './log-entry.ts';
import type { FollowerInfo, Notification, ZabMessage } from './messages.ts';
import type { ZabOptions } from './options.ts';
import { PeerRole } from './peer-role.ts';
import type { Base, Batch, Durable, Epochs, LinkId, Phase, Ready, Role } from './ready.ts';
import { dueRecord, isAllRecorded } from './record-starts.ts';
import { dueReplacement } from './replace-store.ts';
import { resign, standsDown } from './resignation.ts';
import type { FollowingStage, Leading } from './roles.ts';
import { beginRound, confirm, doubt } from './round.ts';
import {
  announce,
  isHeldUp,
  ownHistoryTaken,
  sendChunk,
  sendHeld,
  synchronizeAll,
} from './synchronization.ts';
import type { Continuation } from './write-queue.ts';

/** The paper's phase of each step of following. */
const PHASE_OF: Readonly<Record<FollowingStage, Phase>> = {
  connecting: 'discovery',
  discovery: 'discovery',
  promising: 'discovery',
  promised: 'synchronization',
  history: 'synchronization',
  taking: 'synchronization',
  taken: 'synchronization',
  serving: 'broadcast',
};

/** A stall of the event loop is what exceeds this many heartbeats between two ticks. */
const STALL_HEARTBEATS = 2;

export class Zab {
  readonly #core: Core;
  readonly #role: PeerRole;
  readonly #door: Door;
  #lastTick = 0;
  /** How much of the driver's time the own clock has not counted. */
  #stalled = 0;
  /** The last stall: when it began on the own clock, what was not counted before it, and the contact by then. */
  #stall: {
    readonly began: number;
    readonly stalled: number;
    readonly mark: number | undefined;
    readonly contact: number | undefined;
  } = { began: Number.NEGATIVE_INFINITY, stalled: 0, mark: undefined, contact: undefined };

  /** @param history of `durable`, if it was made already: that of a long log takes a while. */
  constructor(options: ZabOptions, durable: Durable, history?: History) {
    this.#core = new Core(options, durable, history);
    this.#role = new PeerRole(this.#core);
    this.#door = new Door(this.#core, this.#role);
    this.#role.look();
    this.#door.growUp();
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────

  get role(): Role {
    return this.#role.role;
  }

  get phase(): Phase {
    const { leading, following } = this.#role;
    if (leading !== undefined) return leading.stage;
    return following === undefined ? 'election' : PHASE_OF[following.stage];
  }

  /** Who leads, as far as this peer takes part. */
  get leader(): number | undefined {
    return this.#role.leading === undefined ? this.#role.following?.leader : this.#core.options.id;
  }

  /** The link to the leader that this peer follows. */
  get leaderLink(): LinkId | undefined {
    return this.#role.following?.link;
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
    return this.#role.leading?.established ?? false;
  }

  /** Leading, and the epoch's first entry is committed: requests may be proposed (rule G12). */
  get broadcasting(): boolean {
    const leading = this.#role.leading;
    if (leading === undefined || !leading.established || leading.resigning !== undefined)
      return false;
    return this.#core.commit >= makeZxid(leading.epoch, 1);
  }

  /** Whether EPOCH_START may still be proposed, or requests behind it. */
  get proposing(): boolean {
    return this.#role.leading?.established === true && this.#role.leading.resigning === undefined;
  }

  /** Following or observing an established leader. */
  get serving(): boolean {
    return this.#role.following?.stage === 'serving' || this.broadcasting;
  }

  get lastZxid(): Zxid {
    return this.#core.lastZxid;
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

  /** The id of the group; empty before it is born. */
  get cluster(): string {
    return clusterName(this.#core);
  }

  /** The voters whose first start this peer waits for, while the group is not born. */
  get awaited(): readonly number[] | undefined {
    const { born, options, store, birth, links } = this.#core;
    return born ? undefined : awaitedVoters(options, store, birth, links);
  }

  /** Where the log begins. */
  get logBase(): Zxid {
    return this.#core.born ? this.#core.history.base.zxid : ZERO;
  }

  /** The place of an entry that is still in the log, for a checkpoint that begins there. */
  baseAt(zxid: Zxid): Base | undefined {
    const mark = this.#core.born ? this.#core.history.markAt(zxid) : undefined;
    if (mark === undefined) return undefined;
    const configuration = this.#core.history.configurationAt(zxid);
    return { zxid: mark.zxid, chain: mark.chain, configuration };
  }

  /** The zxid that the next proposal gets. */
  get nextZxid(): Zxid {
    const leading = this.#role.leading;
    assert(leading?.established === true, 'a leader has a next zxid');
    return makeZxid(leading.epoch, leading.counter + 1);
  }

  get round(): number {
    return this.#role.round;
  }

  get vote(): Notification['vote'] {
    return this.#role.vote;
  }

  /** Whether this peer's acknowledgements count. */
  get votes(): boolean {
    return this.#core.votes;
  }

  /**
   * When the round began that a quorum has answered last (leader), or the leader gave a sign, in the
   * driver's time: what this process has slept through counts, unlike for deadlines.
   */
  get contact(): number | undefined {
    const mark = this.#contactMark;
    if (mark === undefined) return undefined;
    const { began, stalled, mark: before, contact } = this.#stall;
    if (mark === before) return contact;
    return mark + (mark <= began ? stalled : this.#stalled);
  }

  get #contactMark(): number | undefined {
    return this.#role.leading?.confirmedAt ?? this.#role.following?.heardAt;
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
   * between two ticks is a stall of this process: its own clock stands still for that long, and it
   * judges by what it knew before, so no deadline passes while the answers wait in the socket buffers.
   */
  tick(now: number): void {
    const core = this.#core;
    const { heartbeat } = core.options;
    const gap = now - this.#lastTick;
    const stall = this.#lastTick > 0 && gap > STALL_HEARTBEATS * heartbeat ? gap - heartbeat : 0;
    this.#lastTick = now;
    if (stall > 0) this.#sleptFor(stall);
    core.now = Math.max(core.now, now - this.#stalled);
    if (this.#role.role === 'quarantined') return;
    if (stall === 0) judgeDeadlines(core, this.#role);
    this.#role.notifyIfDue();
    this.#door.growUp();
    this.#role.afterInput();
  }

  #sleptFor(stall: number): void {
    const core = this.#core;
    const { contact } = this;
    const mark = this.#contactMark;
    this.#stall = { began: core.now, stalled: this.#stalled, mark, contact };
    this.#stalled += stall;
    if (this.#role.role === 'quarantined') return;
    judgeDeadlines(core, this.#role);
    const { leading } = this.#role;
    if (stall > core.options.syncTimeout && leading !== undefined) doubt(leading);
  }

  /** When tick() must be called at the latest, in the driver's time. */
  deadline(): number {
    const { now, options } = this.#core;
    if (this.#role.role === 'quarantined') return Number.POSITIVE_INFINITY;
    const { leading } = this.#role;
    if (leading !== undefined && isHeldUp(this.#core, leading)) return now + this.#stalled;
    if (this.#deliverableThrough() > this.#core.applied) return now + this.#stalled;
    const heartbeat = leading?.nextHeartbeat ?? now + options.heartbeat;
    return Math.min(heartbeat, now + options.heartbeat, this.#role.deadline) + this.#stalled;
  }

  // ── Links and messages ──────────────────────────────────────────────────────────────────────────────────

  /** A connection stands; nobody has said anything on it yet. */
  linked(link: LinkId, dialer: 'self' | 'peer'): void {
    this.#door.linked(link, dialer);
  }

  /** A connection is gone; nothing more comes from it. */
  unlinked(link: LinkId): void {
    this.#door.unlinked(link);
  }

  /** Bytes that wait in the link's send queue: while they are many, the history for its learner waits. */
  backlog(link: LinkId, bytes: number): void {
    const known = this.#core.links.get(link);
    if (known !== undefined) known.backlog = bytes;
  }

  /** A message on a link. What does not belong there is dropped, or ends the link or the role. */
  step(id: LinkId, message: ZabMessage): void {
    const link = this.#core.links.get(id);
    if (link === undefined || this.#role.role === 'quarantined') return;
    link.heardAt = this.#core.now;
    if (isRemote(link)) this.#receive(link, message);
    else if (message.type === 'HELLO') this.#door.receiveHello(link, message);
    else this.#role.drop(link, 'no HELLO');
    this.#role.afterInput();
  }

  #receive(remote: Remote, message: ZabMessage): void {
    switch (message.type) {
      case 'HELLO':
        this.#role.drop(remote, 'HELLO twice');
        return;
      case 'BIRTH':
        this.#door.receiveBirth(remote, message);
        return;
      case 'NOTIFICATION':
        this.#role.receiveNotification(remote, message);
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
    const learner = this.#role.leading?.learners.get(id);
    if (this.#role.leading !== undefined && learner !== undefined) {
      fromLearner(this.#core, this.#role.leading, learner, message);
      return;
    }
    const following = this.#role.following;
    if (following === undefined || following.link !== id) return;
    following.heardAt = this.#core.now;
    if (message.type === 'HANDOVER' && following.stage === 'serving') {
      this.#role.heir = message.successor;
      this.#core.leave(`leader ${following.leader} hands over to ${message.successor}`);
    } else fromLeader(this.#core, following, keyOf(remote), message);
    leaveIfFlooded(this.#core, following);
  }

  #receiveFollowerInfo(remote: Remote, message: FollowerInfo): void {
    if (remote.attached !== 'no') {
      this.#role.drop(remote, 'FOLLOWERINFO twice');
      return;
    }
    if (this.#role.following !== undefined) {
      this.#role.drop(remote, 'not leading');
      return;
    }
    remote.attached = 'learner';
    if (this.#role.leading === undefined) remote.info = message;
    else receiveFollowerInfo(this.#core, this.#role.leading, remote, message);
  }

  /** The election's outcome; the simulator may say anything here, safety does not depend on it (step 7). */
  elected(leader: number): void {
    this.#role.elected(leader);
  }

  /** The store refused a write, or contradicts the group: take no part until it is verified (QUARANTINE). */
  failed(reason: string): void {
    this.#role.failed(reason);
  }

  // ── The store ─────────────────────────────────────────────────────────────────────────────────

  /** What to make durable next; ask only while the store is idle. */
  nextBatch(): Batch | undefined {
    if (this.#role.role === 'quarantined') return undefined;
    return this.#core.writes.take(this.#core.commit);
  }

  /** The batch is on the disk: everything that waited for it happens now (rule G8). */
  persisted(id: number): void {
    const core = this.#core;
    const { batch, steps } = core.writes.persisted(id);
    if (this.#role.role === 'quarantined') return;
    if (batch.epochs !== undefined) this.#role.durableEpochs = batch.epochs;
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
    if (this.#role.following !== undefined) acknowledge(core, this.#role.following);
    if (this.#role.leading !== undefined) raiseCommit(core, this.#role.leading);
    if (this.#role.settling && core.writes.idle) this.#role.look();
    this.#role.afterInput();
  }

  #beginLog(genesis: Configuration): void {
    const base = { zxid: ZERO, chain: CHAIN_START, configuration: genesisOf(genesis.voters) };
    this.#core.begin(new History(base, []));
    this.#core.amnesiac = false;
  }

  #continue(step: Continuation): void {
    const core = this.#core;
    switch (step.type) {
      case 'birth':
        this.#door.tellBirth();
        return;
      case 'renewed':
        core.store = core.options.spareStore;
        for (const link of [...core.links.all()]) this.#role.drop(link, 'another store');
        return;
      case 'epoch-chosen':
        if (this.#role.leading !== undefined) epochChosen(core, this.#role.leading);
        return;
      case 'epoch-promised':
        if (this.#role.following !== undefined)
          sendAckEpoch(core, this.#role.following, step.counted);
        return;
      case 'own-history':
        if (this.#role.leading !== undefined) ownHistoryTaken(core, this.#role.leading);
        return;
      case 'history-taken':
        this.#historyTaken(step);
    }
  }

  #historyTaken({ link, zxid, chain }: Extract<Continuation, { type: 'history-taken' }>): void {
    const following = this.#role.following;
    assert(following !== undefined && following.link === link, 'the history is for this leader');
    following.stage = 'taken';
    following.acked = zxid;
    this.#core.send(link, { type: 'ACKNEWLEADER', epoch: following.epoch, zxid, chain });
  }

  // ── Leading ───────────────────────────────────────────────────────────────────────────────────

  /** Appends an entry to the log and sends it to the followers; committed when it comes in Ready.deliver. */
  propose(kind: EntryKind, bytes: Uint8Array, configuration?: Configuration): Entry {
    const leading = this.#role.leading;
    assert(leading !== undefined && this.proposing, 'only a leader that serves proposes');
    assert(kind === 'epoch-start' || this.broadcasting, 'EPOCH_START is committed first (G12)');
    const entry = propose(this.#core, leading, kind, bytes, configuration);
    if (leading.counter >= this.#core.options.counterMax) resign(this.#core, leading, false);
    return entry;
  }

  /** A quorum round that begins after this call; the token comes back in Ready.confirmed. False: not leading. */
  confirm(token: number): boolean {
    if (this.#role.leading === undefined || !this.#role.leading.established) return false;
    confirm(this.#role.leading, token);
    return true;
  }

  /** The next piece of a checkpoint that Ready.snapshots asked for. */
  chunk(link: LinkId, bytes: Uint8Array, last: boolean): void {
    if (this.#role.leading !== undefined)
      sendChunk(this.#core, this.#role.leading, link, bytes, last);
  }

  /** Entries through `base` are in a checkpoint and need not be kept for DIFFs. */
  trim(base: Zxid): void {
    const { applied } = this.#core;
    if (this.#core.born) this.#core.history.trim(lesser(base, applied));
  }

  /** Gives leadership up for good: proposes nothing more, names the best follower, takes no further part in elections. */
  handOver(): void {
    if (this.#role.leading === undefined) {
      this.#core.retired = true;
      if (this.#role.looking) this.#role.startElection();
    } else resign(this.#core, this.#role.leading, true);
  }

  /** Every queue with its cap (S34). */
  measure(meter: Meter): void {
    measureQueues(this.#core, this.#role, meter);
  }

  // ── The end of a turn ─────────────────────────────────────────────────────────────────────────

  /**
   * Everything this turn asks of the world. The driver applies `deliver` before it calls anything else.
   * @param mayCopy whether it can begin a checkpoint for a learner now; if not, the learner waits.
   */
  ready(mayCopy: boolean = true): Ready {
    const core = this.#core;
    if (this.#role.leading !== undefined) {
      const { leading } = this.#role;
      flush(core, leading);
      if (standsDown(core, leading)) this.#role.leave('hands over');
    }
    const deliver = this.#deliverable();
    core.applied = deliver[deliver.length - 1]?.zxid ?? core.applied;
    if (deliver.length > 0) core.history.delivered(core.applied);
    if (this.#role.leading !== undefined) {
      announce(core, this.#role.leading);
      if (this.broadcasting) core.outbox.configure = this.#dueConfiguration(this.#role.leading);
      synchronizeAll(core, this.#role.leading, core.applied, mayCopy);
      sendHeld(core, this.#role.leading);
      beginRound(core, this.#role.leading);
      cutLaggingLearners(core, this.#role, this.#role.leading);
    }
    return core.outbox.take(deliver, core.applied);
  }

  /** Who lost its store gets its place back first; then it is recorded who is served. */
  #dueConfiguration(leading: Leading): Configuration | undefined {
    if (isAllRecorded(leading)) return undefined;
    return dueReplacement(this.#core, leading) ?? dueRecord(this.#core, leading);
  }

  /** The next entries to apply: no more than one turn may take. */
  #deliverable(): readonly Entry[] {
    const core = this.#core;
    const through = this.#deliverableThrough();
    if (through <= core.applied) return [];
    return core.history.page(core.applied, through, core.options.deliverBytesMax);
  }

  /** Committed and durable here: no peer, the leader included, applies beyond its own disk (step 23). */
  #deliverableThrough(): Zxid {
    const core = this.#core;
    if (!core.born || this.#role.role === 'quarantined') return core.applied;
    // A store without promises waits for a copy of no less than it said to have applied: its tree never moves back.
    if (core.amnesiac) return core.applied;
    return lesser(core.commit, core.history.durable);
  }
}
