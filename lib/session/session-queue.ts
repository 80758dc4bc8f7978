/**
 * The order of one session on the peer that owns it: first in, first out over reads and writes. What
 * ZooKeeper's CommitProcessor demands, as it is asserted here:
 *
 * 1. Requests of a session take effect in the order in which they were made: a read waits for the
 *    writes before it and for no others; without any it runs at once.
 * 2. Writes are decided in the order of their zxids, which for one session is that of their numbers.
 * 3. A read and the watch it sets see one state: reads that a write held back are released in the
 *    same step that applies the write, before the next transaction.
 *
 * Numbers (cxid 1, 2, 3, ...) are given when a write first leaves for the leader. From then on a write
 * keeps its number and goes to every new leader under it until it is decided, even if its caller has
 * given up (step 26).
 */
import { assert } from '../base/assert.ts';
import type { Meter } from '../base/meter.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import { NumberedWrites, numbered } from './numbered-writes.ts';
import type {
  Abandonment,
  Decision,
  DueRead,
  NumberedWrite,
  QueueTicket,
  Remains,
  SessionQueueOptions,
} from './session-line.ts';
import { WaitingLine } from './waiting-line.ts';

export class SessionQueue<Write, Read> {
  readonly #pendingMax: number;
  readonly #inFlightMax: number;
  readonly #weightOf: (operation: Write) => number;
  readonly #weightMax: number;
  readonly #bytesOf: (operation: Write) => number;
  readonly #bytesMax: number;
  readonly #readsMax: number;
  /** Its head is never a read that may run. */
  readonly #line = new WaitingLine<Write, Read>();
  /** They stand in the line, too, until they are decided. */
  readonly #inFlight: NumberedWrites<Write>;
  #lastTicket: QueueTicket = Number.NEGATIVE_INFINITY;
  #lastZxid: Zxid = ZERO;
  #closed = false;

  constructor(options: SessionQueueOptions<Write>) {
    this.#pendingMax = options.pendingMax;
    this.#inFlightMax = options.inFlightMax ?? options.pendingMax;
    this.#weightOf = options.weightOf ?? (() => 0);
    this.#weightMax = options.weightMax ?? Number.POSITIVE_INFINITY;
    this.#bytesOf = options.bytesOf ?? (() => 0);
    this.#bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
    this.#readsMax = options.readsMax ?? Number.POSITIVE_INFINITY;
    assert(this.#inFlightMax > 0 && this.#pendingMax > 0, 'room for a write');
    this.#inFlight = new NumberedWrites(options.lastCxid ?? 0, this.#inFlightMax, this.#weightMax);
  }

  /** All numbers up to here are decided, and their callers were told: the exactly-once table may forget them. */
  get resolved(): number {
    return this.#inFlight.resolved;
  }

  /** The last number given. */
  get lastCxid(): number {
    return this.#inFlight.last;
  }

  /** The newest state of which the session was told (S24). */
  get lastZxid(): Zxid {
    return this.#lastZxid;
  }

  /** Writes that wait or are under way. */
  get pendingWrites(): number {
    return this.#line.writes;
  }

  /** Reads that wait. */
  get pendingReads(): number {
    return this.#line.reads;
  }

  /** Entries in memory, those that were given up included: at most twice what waits, and a few. */
  get held(): number {
    return this.#line.held;
  }

  /** Bytes of the writes that wait or are under way. */
  get pendingBytes(): number {
    return this.#line.bytes;
  }

  /** Writes that the present leader was sent and that are not decided. */
  get underWay(): number {
    return this.#inFlight.underWay;
  }

  /** Bytes of those. */
  get bytesUnderWay(): number {
    return this.#inFlight.bytesUnderWay;
  }

  /** Each part of the line with its cap (S34). */
  measure(meter: Meter): void {
    const line = this.#line;
    const inFlight = this.#inFlight;
    meter('writes of a session', line.writes, this.#pendingMax);
    meter('reads of a session', line.reads, this.#readsMax);
    meter('writes of a session in flight', inFlight.size, this.#inFlightMax);
    meter('entries of a line', line.held, line.heldMax);
    if (line.writes > 1) meter('bytes of a session', line.bytes, this.#bytesMax);
    if (inFlight.size > 1) meter('bytes of answers of a session', inFlight.weight, this.#weightMax);
  }

  /** Whether nothing waits: the next read runs at once. */
  get idle(): boolean {
    return this.#line.empty;
  }

  /** Gives a write its place. False: OVERLOADED, it has no place, no number and no effect. */
  write(ticket: QueueTicket, operation: Write): boolean {
    this.#enter(ticket);
    const bytes = this.#bytesOf(operation);
    if (this.#line.writes >= this.#pendingMax || !this.#hasRoom(bytes)) return false;
    this.#line.push({
      type: 'write',
      ticket,
      operation,
      cxid: 0,
      weight: this.#weightOf(operation),
      bytes,
      abandoned: false,
      dropped: false,
    });
    return true;
  }

  /** `now`: nothing is ahead of it, run it. `later`: it comes back as a {@link DueRead}. */
  read(ticket: QueueTicket, operation: Read): 'now' | 'later' | 'overloaded' {
    this.#enter(ticket);
    if (this.idle) return 'now';
    if (this.#line.reads >= this.#readsMax) return 'overloaded';
    this.#line.push({ type: 'read', ticket, operation, barrier: false, dropped: false });
    return 'later';
  }

  /**
   * A read that waits for more than the writes before it (a read index, a transaction to be applied, the
   * session's own birth): its turn comes when these are decided and it was lifted. What was made after
   * it waits for it; writes among that do not leave. False: OVERLOADED.
   */
  barrier(ticket: QueueTicket, operation: Read): boolean {
    this.#enter(ticket);
    if (this.#line.reads >= this.#readsMax) return false;
    this.#line.push({ type: 'read', ticket, operation, barrier: true, dropped: false });
    return true;
  }

  /** What a barrier waited for has come. Unknown tickets are ignored: it was abandoned. */
  lift(ticket: QueueTicket): readonly DueRead<Read>[] {
    const item = this.#line.find(ticket);
    if (item === undefined) return [];
    assert(item.type === 'read', 'only a barrier is lifted');
    item.barrier = false;
    return this.#release();
  }

  /**
   * Writes to send to the leader now, in order: those not yet sent to this leader, numbered as they
   * leave. Ask again after each change.
   * @param bytesMax no more are given once these have so many bytes.
   */
  take(bytesMax: number = Number.POSITIVE_INFINITY): readonly NumberedWrite<Write>[] {
    const out: NumberedWrite<Write>[] = [];
    const inFlight = this.#inFlight;
    const enough = inFlight.bytesUnderWay + bytesMax;
    while (inFlight.bytesUnderWay < enough) {
      const again = inFlight.sendAgain();
      if (again === undefined) break;
      out.push(again);
    }
    const barrier = this.#line.barrier();
    while (inFlight.bytesUnderWay < enough) {
      const item = this.#line.unnumbered();
      if (item === undefined || item.ticket > barrier || !inFlight.hasRoom(item)) break;
      this.#line.shiftUnnumbered();
      out.push(inFlight.number(item));
    }
    return out;
  }

  /**
   * The leader has not got this number and any after it (REJECT), or may not have it (the link or the
   * leader is another): `take` gives them once more. Default: all that is undecided.
   */
  resend(from: number = this.#inFlight.resolved + 1): void {
    this.#inFlight.resend(from);
  }

  /** All that is numbered and undecided, in order: what to look up in the exactly-once table after a SNAP. */
  inFlight(): readonly NumberedWrite<Write>[] {
    return this.#inFlight.all();
  }

  /** The write of this number is applied here at `zxid`, or was found in the exactly-once table at the state of `zxid`. */
  decide(cxid: number, zxid: Zxid): Decision<Write, Read> {
    const item = this.#inFlight.decide(cxid);
    this.#line.leave(item);
    this.told(zxid);
    return { write: numbered(item), reads: this.#release() };
  }

  /** A reply or watch event that reflects this state leaves for the session. Asserts the order of S24. */
  told(zxid: Zxid): void {
    assert(zxid >= this.#lastZxid, 'a session never goes back in time');
    this.#lastZxid = zxid;
  }

  /** The caller no longer waits. */
  abandon(ticket: QueueTicket): Abandonment<Read> {
    const item = this.#line.find(ticket);
    if (item === undefined) return { type: 'gone' };
    if (item.type === 'write' && item.cxid !== 0) {
      item.abandoned = true;
      return { type: 'under-way' };
    }
    this.#line.drop(item);
    return { type: 'withdrawn', reads: this.#release() };
  }

  /** The session has ended: takes everything out. Nothing is taken any more. */
  close(): Remains<Write, Read> {
    this.#closed = true;
    const underWay = this.#inFlight.drain();
    const withdrawn: DueRead<Write>[] = [];
    const reads: DueRead<Read>[] = [];
    for (const item of this.#line.drain()) {
      const { ticket } = item;
      if (item.type === 'read') reads.push({ ticket, operation: item.operation });
      else if (item.cxid === 0) withdrawn.push({ ticket, operation: item.operation });
    }
    return { underWay, withdrawn, reads };
  }

  #enter(ticket: QueueTicket): void {
    assert(!this.#closed, 'a session that has ended takes nothing');
    assert(ticket > this.#lastTicket, 'tickets rise');
    this.#lastTicket = ticket;
  }

  /** Whether a write of so many bytes fits beside those that wait. */
  #hasRoom(bytes: number): boolean {
    const line = this.#line;
    return line.writes === 0 || line.bytes + bytes <= this.#bytesMax;
  }

  /** Takes the reads out whose turn has come. */
  #release(): DueRead<Read>[] {
    const reads: DueRead<Read>[] = [];
    for (let item = this.#line.head(); item !== undefined; item = this.#line.head()) {
      if (item.type === 'write' || item.barrier) break;
      this.#line.leave(item);
      reads.push({ ticket: item.ticket, operation: item.operation });
    }
    return reads;
  }
}
