/**
 * One whole peer as one pure, synchronous machine: ZAB, the replicated state machine, the sessions of
 * this peer and their watches. It has no clock and does no I/O; the real peer and the simulator
 * drive this same class.
 *
 * A driver's turn is: `tick`, then what came in (`linked`, `unlinked`, `receive`, `persisted`, calls
 * of the application), then `ready()` and what it says, then `nextBatch()` if the store is idle. While
 * that batch is written it may `prepare()` for the next.
 */
import { assert } from '../base/assert.ts';
import type { Meter } from '../base/meter.ts';
import { greater, type Zxid } from '../base/zxid.ts';
import type { Owner } from '../tree/request.ts';
import type { StateMachine } from '../tree/state-machine.ts';
import { encodeConfiguration } from '../wire/configuration.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Durable, LinkId, Ready } from '../zab/ready.ts';
import { Zab } from '../zab/zab.ts';
import { SnapshotFeeds } from './catch-up.ts';
import { Checkpointing } from './checkpointing.ts';
import { LocalSide } from './local-side.ts';
import type { ReplicaOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { PeerMessage, ReplicaReady, ReplicaStatus } from './ready.ts';
import type { Replay } from './replay.ts';
import { reportFailures } from './schemes.ts';
import { Service } from './service.ts';
import type { Sessions } from './sessions.ts';
import { StallDetector } from './stall.ts';
import { isSameStatus, statusOf } from './status.ts';
import { Tree } from './tree.ts';
import { TreeLimit } from './tree-limit.ts';

export class Replica {
  readonly #options: ReplicaOptions;
  readonly #boot: number;
  readonly #zab: Zab;
  readonly #outbox = new Outbox();
  readonly #tree: Tree;
  readonly #local: LocalSide;
  readonly #service: Service;
  readonly #feeds: SnapshotFeeds;
  readonly #checkpointing: Checkpointing;
  readonly #stalls: StallDetector;
  readonly #treeLimit: TreeLimit;
  #writing: StoreBatch | undefined;
  #lastBatch = 0;
  #now = 0;
  #closing = false;
  #handedOver = false;
  #failure: string | undefined;
  /** What a failure did to the role is still to be told. */
  #failing = false;
  /** When a quorum was last heard of; survives the roles. */
  #contact = Number.NEGATIVE_INFINITY;
  #status: ReplicaStatus;

  /**
   * @param stateMachine restored from the checkpoint.
   * @param replay what was done already with the log behind it: then the tree is ahead of `durable.applied`.
   */
  constructor(
    options: ReplicaOptions,
    durable: Durable,
    stateMachine: StateMachine,
    replay?: Replay,
  ) {
    const { zxid } = stateMachine;
    assert(replay !== undefined || zxid === durable.applied, 'the tree stands at the checkpoint');
    assert(
      zxid <= greater(durable.applied, durable.committed),
      'only what is committed is applied',
    );
    this.#options = { ...options, schemes: reportFailures(options.schemes, this.#outbox) };
    this.#boot = durable.boot;
    // The tree makes one exact copy at a time; learners that lag take turns.
    const zab = { ...options.zab, snapshotsMax: 1 };
    this.#zab = new Zab(zab, { ...durable, applied: zxid }, replay?.history);
    this.#feeds = new SnapshotFeeds(options.sliceBytes, options.zab.linkBacklogMax);
    this.#checkpointing = new Checkpointing(options, durable, replay, this.#outbox);
    this.#stalls = new StallDetector(options.heartbeat);
    this.#treeLimit = new TreeLimit(options.maxTreeBytes, this.#outbox);
    this.#tree = new Tree(stateMachine, this.#outbox);
    const machine = (): StateMachine => this.#tree.machine;
    this.#local = new LocalSide(this.#ownOwner(), this.#options, machine, this.#outbox);
    this.#service = new Service({
      options: this.#options,
      zab: this.#zab,
      tree: this.#tree,
      local: this.#local,
      outbox: this.#outbox,
    });
    this.#status = this.status;
  }

  #ownOwner(): Owner {
    return { peer: this.#options.zab.id, store: this.#zab.store, boot: this.#boot };
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Begins a turn. Both in ms: `now` never goes back and has no relation to any calendar; `wall` is
   * the calendar's, may jump, and is used for nothing but the times in transactions and to notice
   * that the machine slept.
   */
  tick(now: number, wall: number): void {
    const gap = this.#stalls.tick(now, wall);
    this.#now = now;
    if (Math.max(gap.stall, gap.sleep) > this.#options.zab.syncTimeout) {
      this.#local.doubt();
      this.#zab.doubt();
    }
    if (gap.stall > 0) this.#outbox.event({ type: 'stall', ms: gap.stall });
    if (gap.slept) this.#outbox.event({ type: 'sleep', ms: gap.sleep });
    this.#zab.tick(now);
    this.#service.tick(now, wall, gap);
    this.#local.tick(now, wall, gap);
  }

  /**
   * A call of the application comes between two ticks, perhaps after a long computation of its own. If
   * no quorum was heard of for the syncTimeout by now, reads wait until one has confirmed the leader.
   */
  look(now: number): void {
    const isLate = now - this.#contact > this.#options.zab.syncTimeout;
    if (isLate && this.#service.attached) this.#local.doubt();
  }

  /** When `tick` must be called at the latest; never later than a heartbeat after the last. */
  deadline(): number {
    if (this.#feeds.hungry) return this.#now;
    return Math.min(this.#zab.deadline(), this.#now + this.#options.heartbeat);
  }

  // ── Links ─────────────────────────────────────────────────────────────────────────────────────

  /** @param address of the other side, for the `ip` identity of its sessions; empty: none. */
  linked(link: LinkId, dialer: 'self' | 'peer', address = ''): void {
    this.#service.linked(link, address);
    this.#zab.linked(link, dialer);
  }

  unlinked(link: LinkId): void {
    this.#service.unlinked(link);
    this.#feeds.unlinked(link);
    this.#zab.unlinked(link);
  }

  /** All that one frame held. */
  receive(link: LinkId, messages: readonly PeerMessage[]): void {
    for (const message of messages) {
      switch (message.type) {
        case 'REQUEST':
        case 'READINDEX':
        case 'TOUCH':
        case 'REJECT':
        case 'PROPOSED':
        case 'READINDEX_OK':
        case 'TOUCHED':
          this.#service.receive(link, message);
          break;
        case 'DIGEST':
          if (this.#zab.leaderLink === link) this.#compare(message.zxid, message.hash);
          break;
        default:
          this.#zab.step(link, message);
      }
    }
  }

  /** Bytes that wait in the link's send queue; while it is long, no more of a SNAP is made for it. A driver that never calls this has endless queues. */
  backlog(link: LinkId, bytes: number): void {
    this.#feeds.backlog(link, bytes);
    this.#zab.backlog(link, bytes);
  }

  #compare(zxid: Zxid, hash: number): void {
    if (this.#tree.compare(zxid, hash)) this.failed('the tree differs from the leader’s');
  }

  // ── The store ─────────────────────────────────────────────────────────────────────────────────

  /** What to make durable. Ask when the store is idle; write it, synced; then `persisted` or `failed`, before asking again. */
  nextBatch(): StoreBatch | undefined {
    assert(this.#writing === undefined, 'one batch at a time (rule G4)');
    const log = this.#zab.nextBatch();
    if (log?.stage !== undefined || log?.install !== undefined) this.#checkpointing.giveUp();
    const isFree = !this.#feeds.active && !this.#tree.restoring && this.#zab.role !== 'quarantined';
    const checkpoint = isFree
      ? this.#checkpointing.slice(this.#tree.machine, (zxid) => this.#zab.baseAt(zxid))
      : undefined;
    if (log === undefined && checkpoint === undefined) return undefined;
    this.#lastBatch += 1;
    this.#writing = {
      id: this.#lastBatch,
      ...(log === undefined ? {} : { log }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    };
    return this.#writing;
  }

  /** A small piece of work for the next batch, while the store writes this one. True: there is more of it. */
  prepare(): boolean {
    return this.#checkpointing.prepare();
  }

  persisted(id: number): void {
    const written = this.#writing;
    assert(written?.id === id, 'what is persisted was handed out');
    this.#writing = undefined;
    if (written.log !== undefined) this.#zab.persisted(written.log.id);
    if (written.checkpoint === undefined) return;
    const base = this.#checkpointing.persisted(written.checkpoint);
    if (base !== undefined) this.#zab.trim(base);
  }

  /** The store refused: quarantine. Nothing can follow but a new replica on a verified store. */
  failed(reason: string): void {
    if (this.#zab.role === 'quarantined') return;
    this.#failure ??= reason;
    this.#zab.failed(reason);
    this.#failing = true;
  }

  // ── The turn ──────────────────────────────────────────────────────────────────────────────────

  /** Takes what is to be done now. */
  ready(): ReplicaReady {
    this.#feeds.feed((link, bytes, last) => this.#zab.chunk(link, bytes, last));
    do {
      this.#failing = false;
      this.#realise(this.#zab.ready(!this.#checkpointing.owed || this.#tree.restoring));
      this.#followRole();
      if (this.#local.forked) this.failed('the group has heard of another life of this store');
    } while (this.#service.pass() || this.#failing);
    this.#finishClosing();
    if (this.#service.attached) {
      this.#contact = Math.max(this.#contact, this.#zab.contact ?? this.#contact);
      this.#treeLimit.look(this.#tree.machine);
    }
    const { deliveries, send, close, events } = this.#outbox.take();
    return { send, close, deliveries, status: this.#changedStatus(), events };
  }

  /** In the order of the fields. */
  #realise(ready: Ready): void {
    if (ready.restore.length > 0) {
      this.#checkpointing.giveUp();
      this.#attempt('a copy of the tree cannot be read', () => this.#tree.restore(ready.restore));
    }
    const { installed } = ready;
    if (installed !== undefined) {
      this.#attempt('a copy of the tree is not whole', () => this.#install(installed));
    }
    for (const entry of ready.deliver) this.#apply(entry);
    if (this.#zab.role === 'leading') this.#lead(ready);
    this.#outbox.forward(ready.send);
    for (const { link, reason } of ready.close) {
      this.#service.closed(link);
      this.#outbox.close(link, reason);
    }
    for (const event of ready.events) this.#outbox.event(event);
  }

  /** What only a leader is asked. */
  #lead(ready: Ready): void {
    if (ready.snapshots.length > 0) {
      this.#checkpointing.giveWay();
      this.#feeds.begin(this.#tree.machine, ready.snapshots);
    }
    for (const token of ready.confirmed) this.#service.confirmed(token);
    if (ready.established !== undefined && this.#zab.proposing)
      this.#service.establish(ready.established);
    if (ready.configure !== undefined && this.#zab.broadcasting) {
      this.#zab.propose('configuration', encodeConfiguration(ready.configure), ready.configure);
    }
  }

  /** What cannot be understood is never skipped: the peer stops taking part. */
  #attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failed(`${what}: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  }

  #apply(entry: Ready['deliver'][number]): void {
    if (this.#zab.role === 'quarantined') return;
    this.#checkpointing.applied(entry);
    const step = this.#tree.apply(entry);
    switch (step.type) {
      case 'skipped':
        this.#service.skipped(entry.zxid);
        return;
      case 'unreadable':
      case 'diverged':
        this.failed(step.reason);
        return;
      case 'applied':
        this.#local.applied(step.applied);
        this.#service.applied(step.applied);
    }
  }

  #install(mark: NonNullable<Ready['installed']>): void {
    const before = this.#tree.machine;
    this.#tree.install(mark);
    this.#checkpointing.installed(mark.zxid);
    this.#outbox.event({ type: 'installed', zxid: mark.zxid });
    this.#local.jumped(before, this.#tree.machine);
  }

  #followRole(): void {
    // A leader synchronizes its learners before it is established.
    if (this.#zab.role !== 'leading') this.#feeds.giveUp();
    if (this.#zab.store !== this.#local.owner.store) this.#local.renew(this.#ownOwner());
    if (this.#service.follow()) this.#tree.anotherLeader();
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────

  /** As of now; {@link ReplicaReady.status} tells of changes. */
  get status(): ReplicaStatus {
    return statusOf(this.#zab, this.#service.attached, this.#failure);
  }

  #changedStatus(): ReplicaStatus | undefined {
    const { status } = this;
    if (isSameStatus(status, this.#status)) return undefined;
    this.#status = status;
    return status;
  }

  /** When a quorum was last heard of, on the clock of `now`; -Infinity: never. */
  get contact(): number {
    return this.#contact;
  }

  /** The id of the group; empty while it is not born. */
  get cluster(): string {
    return this.#zab.cluster;
  }

  /** All transactions through this one are in the tree. */
  get applied(): Zxid {
    return this.#tree.machine.zxid;
  }

  /** Watches of this peer's sessions. */
  get watches(): number {
    return this.#local.watches;
  }

  /** What the application asks: sessions, requests, reads. Its outcome comes in {@link ReplicaReady.deliveries}. */
  get sessions(): Sessions {
    return this.#local.sessions;
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────

  /** Ends the own sessions, then gives leadership away. {@link Replica.closed} tells when both are done. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#local.close();
  }

  /** Own sessions first, while there is a leader to close them. */
  #finishClosing(): void {
    if (!this.#closing || this.#handedOver || !this.#local.idle) return;
    this.#handedOver = true;
    this.#zab.handOver();
  }

  get closed(): boolean {
    if (this.#zab.role === 'quarantined') return this.#closing;
    return this.#handedOver && this.#zab.role !== 'leading' && this.#writing === undefined;
  }

  /** Every queue of this peer with its cap (S34). Cheap, but not for every turn. */
  measure(meter: Meter): void {
    this.#zab.measure(meter);
    this.#service.measure(meter);
    this.#local.measure(meter);
  }

  // ── For observation ───────────────────────────────────────────────────────────────────────────

  /** For the simulator and the status page; not to be called into. */
  get zab(): Zab {
    return this.#zab;
  }

  /** For the simulator and the status page; not to be called into. */
  get stateMachine(): StateMachine {
    return this.#tree.machine;
  }
}
