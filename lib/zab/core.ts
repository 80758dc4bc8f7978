/**
 * What the phases share: the promises, the log, the marks, the links and the two ways out (messages
 * and writes). A phase changes these and its own state, and nothing else.
 */
import { assert } from '../base/assert.ts';
import { CHAIN_START } from '../base/hash.ts';
import { greater, lesser, ZERO, type Zxid } from '../base/zxid.ts';
import { type Configuration, type VoterKey, voterKey } from './configuration.ts';
import { History } from './history.ts';
import { Links } from './links.ts';
import type { Birth, ZabMessage } from './messages.ts';
import type { ZabOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { type Active, hasVote, isActiveQuorum } from './quorum.ts';
import type { Base, Durable, Epochs, LinkId } from './ready.ts';
import { WriteQueue } from './write-queue.ts';

/** What a leader has seen a store promise; a store that comes back with less is rolled back. */
export interface Remembered {
  accepted: number;
  current: number;
  /** A store that was opened fewer times is a copy of it that went another way. */
  boot: number;
  /** Of that opening: as often opened, and not the same start, is a copy too. */
  start: number;
  /** The highest acknowledgement, and the epoch in which it was given. */
  acked: Zxid;
  ackedEpoch: number;
}

export class Core {
  readonly options: ZabOptions;
  readonly boot: number;
  /** The last is this one. */
  readonly starts: readonly number[];
  readonly outbox: Outbox = new Outbox();
  readonly links: Links = new Links();
  readonly writes: WriteQueue;
  readonly remembered: Map<VoterKey, Remembered> = new Map();
  /** Monotonic ms without the stalls of the event loop: every deadline is measured with it. */
  now = 0;
  store: string;
  /** As queued: the disk may still lag behind. */
  epochs: Epochs;
  /** Everything through here is committed; never falls, never beyond what this peer was told of. */
  commit: Zxid;
  /** Everything through here was delivered: applied <= commit and applied <= durable (rule G2). */
  applied: Zxid;
  /** Set by a phase that cannot go on: the role ends after this input. */
  leaving: string | undefined;
  birth: Birth;
  /** Who founded the group, once this peer knows. */
  genesis: Configuration | undefined;
  /** This peer is leaving for good: it neither votes nor leads any more. */
  retired = false;
  /** Set when this store has lost promises: it renews its id and comes back without a vote. */
  forgotten = false;
  /** That the disk takes long with what it has now was said. */
  slowDiskTold = false;
  /** Set when what is committed here contradicts the leader: this peer stops (QUARANTINE). */
  broken: string | undefined;
  /** The store must not be trusted: only a SNAP will do. Set until one is installed. */
  amnesiac: boolean;
  #history: History | undefined;
  #dropped: { readonly link: LinkId; readonly reason: string }[] = [];

  /** @param history of `durable`, if it was made already. */
  constructor(options: ZabOptions, durable: Durable, history?: History) {
    this.options = options;
    this.boot = durable.boot;
    this.starts = durable.starts;
    this.store = durable.store;
    this.epochs = durable.epochs;
    this.birth = durable.birth;
    this.genesis = durable.genesis;
    this.applied = durable.applied;
    const { base, entries } = durable;
    this.#history = history ?? (base === undefined ? undefined : new History(base, entries));
    const last = this.#history?.last.zxid ?? durable.applied;
    this.commit = greater(lesser(durable.committed, last), this.applied);
    this.amnesiac = base === undefined;
    this.writes = new WriteQueue(() => this.#history, options.batchBytesMax);
    assert(durable.epochs.current <= durable.epochs.accepted, 'currentEpoch <= acceptedEpoch');
  }

  /** The group is born and this peer has a log. */
  get born(): boolean {
    return this.#history !== undefined;
  }

  get history(): History {
    assert(this.#history !== undefined, 'a log exists');
    return this.#history;
  }

  /** The last queued entry, or the log's base. */
  get lastZxid(): Zxid {
    return this.#history?.last.zxid ?? ZERO;
  }

  /** The log of a group that is born, or of a peer that has just been told of it. */
  begin(history: History): void {
    assert(this.#history === undefined, 'a log begins once');
    this.#history = history;
  }

  /** With an idle, empty writer: the log is what the disk has, and that is none before the birth is written. */
  settle(): void {
    if (this.birth.state !== 'born') this.#history = undefined;
    else this.history.durable = this.history.last.zxid;
  }

  /** Queues the flip to a received checkpoint; a peer that had no log has one from now on. */
  install(base: Base): void {
    // An empty log first: nothing of the checkpoint is durable yet, and a discard goes back to here.
    const { configuration } = base;
    this.#history ??= new History({ zxid: ZERO, chain: CHAIN_START, configuration });
    if (this.birth.state !== 'born') this.writes.birth({ state: 'born' }, this.genesis);
    this.writes.install(base);
  }

  get key(): VoterKey {
    return voterKey(this.options.id, this.store);
  }

  /** The configurations in force (step 37). */
  get active(): readonly Active[] {
    return this.#history === undefined ? [] : this.#history.active(this.commit);
  }

  /**
   * Whether others count what this store acknowledges, so that its promises bind it. That a peer is
   * leaving for good changes nothing in it: a leader of an older epoch would count it all the same.
   */
  get bound(): boolean {
    if (this.options.role === 'observer' || this.amnesiac) return false;
    return hasVote(this.active, this.options.id, this.store);
  }

  /** Whether this peer votes, and may lead. */
  get votes(): boolean {
    return this.bound && !this.retired;
  }

  isQuorum(keys: ReadonlySet<VoterKey>): boolean {
    const { active } = this;
    return active.length > 0 && isActiveQuorum(active, keys);
  }

  /** The keys that count, this peer's own among them if it has a vote. */
  withSelf(keys: Iterable<VoterKey>): Set<VoterKey> {
    const all = new Set(keys);
    if (this.votes) all.add(this.key);
    return all;
  }

  send(link: LinkId, message: ZabMessage): void {
    this.outbox.send(link, message);
  }

  /** Ends this role after the present input. The first reason counts. */
  leave(reason: string): void {
    this.leaving ??= reason;
  }

  /** Ends a link after the present input: the other side did what it must not. */
  drop(link: LinkId, reason: string): void {
    this.#dropped.push({ link, reason });
  }

  takeDropped(): readonly { readonly link: LinkId; readonly reason: string }[] {
    if (this.#dropped.length === 0) return this.#dropped;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** A sign of a broken promise somewhere: told, never repaired in silence. */
  alarm(detail: string): void {
    this.outbox.event({ type: 'alarm', detail });
  }

  setEpochs(epochs: Epochs): void {
    assert(epochs.accepted >= this.epochs.accepted, 'acceptedEpoch never falls');
    assert(epochs.current >= this.epochs.current, 'currentEpoch never falls');
    assert(epochs.current <= epochs.accepted, 'currentEpoch <= acceptedEpoch');
    this.epochs = epochs;
    this.writes.epochs(epochs);
  }
}
