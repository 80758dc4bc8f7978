/**
 * What a leader does for the group above ZAB, in one epoch: requests in, transactions out; it keeps
 * the clock over sessions, answers read indexes and touches, sweeps, and tells its digest. One object
 * for one epoch: nothing speculative outlives a role (S15).
 *
 * Its own host's messages come over {@link SELF} and take the same way as everybody's.
 */
import { assert } from '../base/assert.ts';
import type { Meter } from '../base/meter.ts';
import { makeZxid, type Zxid } from '../base/zxid.ts';
import { ExpiryQueue } from '../session/expiry-queue.ts';
import { TouchRounds } from '../session/touch-rounds.ts';
import { Prep, type Rejected } from '../tree/prep.ts';
import type { Owner, Request } from '../tree/request.ts';
import { sameOwner } from '../tree/session-table.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { Txn, TxnBody } from '../tree/txn.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import { encodeTxn } from '../wire/txn.ts';
import type { EntryKind } from '../zab/log-entry.ts';
import type { LinkId } from '../zab/ready.ts';
import type { Zab } from '../zab/zab.ts';
import { InFlight } from './in-flight.ts';
import { type Arrival, Inbox } from './inbox.ts';
import type { ReplicaOptions } from './options.ts';
import { type Outbox, SELF } from './outbox.ts';
import { QuorumRounds, ROUNDS_MAX } from './quorum-rounds.ts';
import { RefusedTails } from './refused-tails.ts';
import type { Gap } from './stall.ts';

/** Nodes removed in one sweep; the next sweep goes on. */
const REAP_MAX = 1000;

/** What the duties stand on. */
export interface LeaderParts {
  readonly zab: Zab;
  readonly machine: StateMachine;
  readonly outbox: Outbox;
  readonly options: ReplicaOptions;
  /** Who is at the other end of a link: the only owner whose requests may come over it. */
  readonly ownerOf: (link: LinkId) => Owner | undefined;
  /** The address of that end, for its sessions. */
  readonly addressOf: (link: LinkId) => string;
  /** To the host of this peer itself. */
  readonly tellSelf: (message: ServiceMessage) => void;
}

export class LeaderDuties {
  readonly epoch: number;
  readonly #parts: LeaderParts;
  readonly #prep: Prep;
  readonly #expiry: ExpiryQueue;
  readonly #touches: TouchRounds<LinkId>;
  readonly #rounds = new QuorumRounds();
  readonly #inbox = new Inbox();
  readonly #inFlight: InFlight;
  readonly #refused = new RefusedTails();
  #active = false;
  #now: number;
  #wall: number;
  /** Nobody is expired before a quorum was heard after this. */
  #stalledAt: number;
  #reapAt: number;
  #digestAt: number;

  constructor(epoch: number, parts: LeaderParts, now: number, wall: number) {
    const { options, machine } = parts;
    this.epoch = epoch;
    this.#parts = parts;
    this.#now = now;
    this.#wall = wall;
    this.#stalledAt = now;
    this.#reapAt = now + options.reapInterval;
    this.#digestAt = now + options.digestInterval;
    this.#inFlight = new InFlight(options.proposedBytesMax);
    const owner = parts.ownerOf(SELF);
    assert(owner !== undefined, 'this peer knows itself');
    this.#prep = new Prep(machine, {
      owner,
      schemes: options.schemes,
      maxTreeBytes: options.maxTreeBytes,
    });
    this.#expiry = new ExpiryQueue(options.heartbeat);
    this.#touches = new TouchRounds(this.#expiry);
  }

  /** EPOCH_START is committed and applied here: requests, reads and touches are taken (rule G12). */
  get active(): boolean {
    return this.#active;
  }

  /** ESTABLISHED: the first transaction of the epoch (step 18). */
  start(): void {
    const { zab, options } = this.#parts;
    const { clusterVersion } = options;
    const txn = this.#prep.epochStart(this.epoch, options.zab.id, clusterVersion, this.#wall);
    this.#propose('epoch-start', txn);
    assert(zab.lastZxid === makeZxid(this.epoch, 1), 'EPOCH_START is the first of its epoch');
  }

  tick(now: number, wall: number, { stall, slept }: Gap): void {
    this.#now = now;
    this.#wall = wall;
    if (stall > 0 || slept) this.#stalledAt = now;
    if (stall > 0) this.#expiry.extend(stall);
  }

  deadline(): number {
    const due = Math.min(this.#reapAt, this.#digestAt);
    return this.#active ? Math.min(due, this.#expiry.deadline()) : due;
  }

  /** Every queue with its cap (S34). */
  measure(meter: Meter): void {
    this.#inbox.measure(meter, this.#parts.zab.peers().size + 1);
    meter('quorum rounds', this.#rounds.size, ROUNDS_MAX);
    this.#inFlight.measure(meter);
  }

  /** A learner's message, or the own host's. */
  receive(link: LinkId, message: ServiceMessage): void {
    switch (message.type) {
      case 'REQUEST':
        this.#inbox.push(link, message.requests);
        return;
      case 'READINDEX': {
        if (!this.#active) return this.#inbox.keep(link, message);
        // What is committed now is the index: nothing later is needed (step 27).
        const { committed } = this.#parts.zab;
        this.#rounds.ask(link, { type: 'READINDEX_OK', id: message.id, zxid: committed });
        return;
      }
      case 'TOUCH': {
        if (!this.#active) return this.#inbox.keep(link, message);
        const source = this.#parts.ownerOf(link);
        this.#touches.received(link, message, this.#now, (session) => this.#owns(source, session));
        return;
      }
      case 'REJECT':
      case 'PROPOSED':
      case 'READINDEX_OK':
      case 'TOUCHED':
      case 'DIGEST':
        this.#parts.outbox.close(link, `a learner sends no ${message.type}`);
    }
  }

  #owns(source: Owner | undefined, id: bigint): boolean {
    const session = this.#parts.machine.sessions.get(id);
    return source !== undefined && session !== undefined && sameOwner(session.owner, source);
  }

  /** The link ended: what came over it and was not proposed is dropped, so that its host can send it again (step 26). */
  unlinked(link: LinkId): void {
    this.#inbox.unlinked(link);
    this.#rounds.unlinked(link);
    this.#touches.forget(link);
    this.#refused.unlinked(link);
  }

  /** An entry was applied to the tree. */
  applied(applied: Applied): void {
    this.#prep.applied(applied.zxid);
    this.#inFlight.applied(applied.zxid);
    if (!this.#active) return;
    const { result } = applied;
    if (result.type === 'create-session') this.#track(result.session);
    else if (result.type === 'move-session') this.#moved(result.session);
    for (const session of applied.ended) {
      this.#expiry.untrack(session);
      this.#refused.forget(session);
    }
  }

  /** Its new owner has its whole time-out, and may have been refused as one that was not. */
  #moved(session: bigint): void {
    this.#expiry.touch(session, this.#now);
    this.#refused.forget(session);
  }

  /** The zxid of an entry that is not for the tree. */
  skipped(zxid: Zxid): void {
    this.#prep.applied(zxid);
    this.#inFlight.applied(zxid);
  }

  /** A quorum round is complete (step 27). */
  confirmed(token: number): void {
    for (const [link, message] of this.#rounds.confirmed(token)) this.#answer(link, message);
    for (const { source, id, refused } of this.#touches.confirmed(token)) {
      this.#answer(source, { type: 'TOUCHED', id, refused });
    }
  }

  /** All that can be done now. True if ZAB was given something. */
  work(): boolean {
    const { zab, machine } = this.#parts;
    if (!zab.broadcasting) return false;
    if (!this.#active) {
      if (machine.zxid < makeZxid(this.epoch, 1)) return false;
      this.#activate();
    }
    const before = zab.lastZxid;
    this.#takeRequests();
    this.#expire();
    this.#reap();
    this.#tellDigest();
    const asked = this.#beginRound();
    return asked || zab.lastZxid !== before;
  }

  /** Deadlines of all sessions start anew (step 30), whichever way the sessions came (ZOOKEEPER-1367). */
  #activate(): void {
    this.#active = true;
    const sessions = [...this.#parts.machine.sessions.values()];
    this.#expiry.restart(
      sessions.map(({ id, timeout }) => ({ session: id, timeout })),
      this.#now,
    );
    for (const { link, message } of this.#inbox.takeEarly()) this.receive(link, message);
  }

  #track(id: bigint): void {
    const session = this.#parts.machine.sessions.get(id);
    if (session !== undefined) this.#expiry.track(id, session.timeout, this.#now);
  }

  #takeRequests(): void {
    while (this.#inFlight.hasRoom) {
      const arrival = this.#inbox.shift();
      if (arrival === undefined) return;
      if (this.#welcome(arrival)) this.#take(arrival);
      if (!this.#parts.zab.broadcasting) return;
    }
  }

  /** Whether the request is its sender's own, and not of a tail that was refused. */
  #welcome({ link, request }: Arrival): boolean {
    const sender = this.#parts.ownerOf(link);
    if (sender === undefined) return false;
    if (!sameOwner(request.owner, sender)) {
      this.#parts.outbox.close(link, 'a request in the name of another peer');
      return false;
    }
    return this.#refused.admits(link, request);
  }

  #take({ link, request }: Arrival): void {
    const { zab } = this.#parts;
    const { session, cxid } = request;
    const addressed = this.#withAddress(link, request);
    const verdict = this.#prep.prepare(addressed, zab.nextZxid, this.#wall);
    switch (verdict.type) {
      case 'txn':
        this.#propose('transaction', verdict.txn);
        this.#proposed(verdict.txn.body);
        return;
      case 'duplicate':
        this.#answer(link, { type: 'PROPOSED', session, cxid, zxid: verdict.zxid });
        return;
      case 'rejected':
        this.#reject(link, request, verdict);
    }
  }

  /**
   * From its proposal on a close is final for touches and expiry (step 29, ZOOKEEPER-1496). Who takes a
   * session over believes in it from the moment of asking, so it must not expire before the move is applied.
   */
  #proposed(body: TxnBody): void {
    if (body.type === 'move-session') this.#expiry.touch(body.session, this.#now);
    else if (body.type === 'close-session') this.#expiry.close(body.session);
    else if (body.type === 'create-session') for (const id of body.closes) this.#expiry.close(id);
  }

  /** The address in a session is what the leader sees of the link it came over, not what its host says. */
  #withAddress(link: LinkId, request: Request): Request {
    const { operation } = request;
    if (operation.type !== 'create-session' || operation.kind !== 'peer') return request;
    return { ...request, operation: { ...operation, address: this.#parts.addressOf(link) } };
  }

  /** Only for want of room or of an earlier number is it worth to send anything again. */
  #reject(link: LinkId, { session, cxid }: Request, rejected: Rejected): void {
    const { code } = rejected;
    const expected = code === 'OVERLOADED' ? rejected.expected : 0;
    // Of a session that has ended everything is refused anyway, and for ever: there is nothing to keep.
    if (code !== 'SESSION_EXPIRED') this.#refused.refuse(link, session, expected);
    this.#answer(link, { type: 'REJECT', session, cxid, code, expected });
  }

  #expire(): void {
    const { zab, outbox } = this.#parts;
    if (this.#rounds.contact < this.#stalledAt || !this.#inFlight.hasRoom) return;
    for (const session of this.#expiry.expire(this.#now)) {
      if (!zab.broadcasting) return;
      const txn = this.#prep.expire(session, zab.nextZxid, this.#wall);
      if (txn === undefined) continue;
      outbox.event({ type: 'expire', session });
      this.#propose('transaction', txn);
    }
  }

  #reap(): void {
    if (this.#now < this.#reapAt) return;
    const { zab, machine, outbox, options } = this.#parts;
    this.#reapAt = this.#now + options.reapInterval;
    for (const node of machine.reapable(Math.max(this.#wall, machine.time), REAP_MAX)) {
      if (!zab.broadcasting || !this.#inFlight.hasRoom) return;
      const txn = this.#prep.reap(node, zab.nextZxid, this.#wall);
      if (txn === undefined) continue;
      outbox.event({ type: 'reap', path: node.path });
      this.#propose('transaction', txn);
    }
  }

  #tellDigest(): void {
    if (this.#now < this.#digestAt) return;
    const { zab, machine, outbox, options } = this.#parts;
    this.#digestAt = this.#now + options.digestInterval;
    const digest = { type: 'DIGEST', zxid: machine.zxid, hash: machine.hash() } as const;
    outbox.broadcast([...zab.peers().keys()], digest);
  }

  /** One round for all that was asked, or to know after a stall that a quorum still follows. */
  #beginRound(): boolean {
    if (this.#rounds.size >= ROUNDS_MAX) return false;
    const doubted = this.#rounds.lastBegan < this.#stalledAt;
    if (!this.#rounds.wanted && !this.#touches.waiting && !doubted) return false;
    const token = this.#rounds.begin(this.#now, (round) => this.#parts.zab.confirm(round));
    if (token === undefined) return false;
    this.#touches.begin(token);
    return true;
  }

  #answer(link: LinkId, message: ServiceMessage): void {
    if (link === SELF) this.#parts.tellSelf(message);
    else this.#parts.outbox.send(link, message);
  }

  #propose(kind: EntryKind, txn: Txn): void {
    const zxid = this.#parts.zab.nextZxid;
    const bytes = encodeTxn(txn);
    const entry = this.#parts.zab.propose(kind, bytes);
    this.#inFlight.proposed(zxid, bytes.length);
    assert(entry.zxid === zxid, 'a transaction is proposed at the zxid it was prepared for');
  }
}
