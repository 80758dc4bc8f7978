/**
 * ZAB, the ZooKeeper atomic broadcast protocol, as a machine of values: inputs are method calls,
 * outputs are {@link Ready} and {@link Batch}. No I/O, no clock, no randomness: the same inputs give
 * the same outputs. This file is what its driver sees; where a message belongs says dispatch.ts, and the
 * phases live in their own files: election, discovery, synchronization, broadcast.
 */
import { assert } from '../base/assert.ts';
import type { Meter } from '../base/meter.ts';
import { lesser, makeZxid, ZERO, type Zxid } from '../base/zxid.ts';
import { awaitedVoters } from './bootstrap.ts';
import { isBroadcasting, propose } from './broadcast.ts';
import { measureQueues } from './caps.ts';
import type { Configuration } from './configuration.ts';
import { Core } from './core.ts';
import { judgeDeadlines } from './deadlines.ts';
import { dispatch } from './dispatch.ts';
import { Door } from './door.ts';
import { clusterName } from './handshake.ts';
import type { History } from './history.ts';
import type { Entry, EntryKind } from './log-entry.ts';
import type { Notification, ZabMessage } from './messages.ts';
import type { ZabOptions } from './options.ts';
import { OwnClock } from './own-clock.ts';
import { PeerRole } from './peer-role.ts';
import type { Base, Batch, Durable, Epochs, LinkId, Phase, Ready, Role } from './ready.ts';
import { resign } from './resignation.ts';
import type { FollowingStage } from './roles.ts';
import { confirm, doubt } from './round.ts';
import { isHeldUp, keepHistories, sendChunk } from './synchronization.ts';
import { deliverableThrough, endTurn } from './turn.ts';
import { written } from './written.ts';

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

export class Zab {
  readonly #core: Core;
  readonly #role: PeerRole;
  readonly #door: Door;
  readonly #clock: OwnClock;

  /** @param history of `durable`, if it was made already: that of a long log takes a while. */
  constructor(options: ZabOptions, durable: Durable, history?: History) {
    this.#core = new Core(options, durable, history);
    this.#role = new PeerRole(this.#core);
    this.#door = new Door(this.#core, this.#role);
    this.#clock = new OwnClock(options.heartbeat);
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
    const { leading } = this.#role;
    return leading !== undefined && isBroadcasting(this.#core, leading);
  }

  /** Whether EPOCH_START may still be proposed, or requests behind it. */
  get proposing(): boolean {
    return this.#role.leading?.proposing ?? false;
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
    return this.#clock.contact(this.#contactMark);
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
   * Every turn begins with it. `now` is monotonic ms. After a stall of this process it judges by what it
   * knew before, on its own clock ({@link OwnClock}).
   */
  tick(now: number): void {
    const core = this.#core;
    const stall = this.#clock.tick(now);
    if (stall > 0) this.#sleptFor(stall);
    core.now = Math.max(core.now, this.#clock.own(now));
    if (this.#role.role === 'quarantined') return;
    if (stall === 0) judgeDeadlines(core, this.#role);
    this.#role.notifyIfDue();
    this.#door.growUp();
    this.#role.afterInput();
  }

  #sleptFor(stall: number): void {
    const core = this.#core;
    this.#clock.skip(stall, core.now, this.#contactMark);
    if (this.#role.role === 'quarantined') return;
    judgeDeadlines(core, this.#role);
    if (stall > core.options.syncTimeout) this.doubt();
  }

  /**
   * The machine may have slept without its clock counting it. A leader commits nothing before a quorum has
   * confirmed it again, as after a stall that `tick` has seen itself.
   */
  doubt(): void {
    const { leading } = this.#role;
    if (leading !== undefined) doubt(leading);
  }

  /** When tick() must be called at the latest, in the driver's time. */
  deadline(): number {
    const core = this.#core;
    if (this.#role.role === 'quarantined') return Number.POSITIVE_INFINITY;
    return this.#clock.driver(this.#ownDeadline(core.now, core.options.heartbeat));
  }

  #ownDeadline(now: number, heartbeat: number): number {
    const { leading, deadline } = this.#role;
    if (leading !== undefined && isHeldUp(this.#core, leading)) return now;
    if (deliverableThrough(this.#core, this.#role) > this.#core.applied) return now;
    return Math.min(leading?.nextHeartbeat ?? now + heartbeat, now + heartbeat, deadline);
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
    dispatch(this.#core, this.#role, this.#door, link, message);
    this.#role.afterInput();
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
    written(this.#core, this.#role, this.#door, id);
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
    if (!this.#core.born) return;
    const to = lesser(base, this.#core.applied);
    if (this.#role.leading !== undefined) keepHistories(this.#role.leading, to);
    this.#core.history.trim(to);
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
    return endTurn(this.#core, this.#role, mayCopy);
  }
}
