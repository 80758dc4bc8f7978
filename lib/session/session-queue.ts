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
import { assert, present } from '../base/assert.ts';
import { Fifo } from '../base/fifo.ts';
import type { Meter } from '../base/meter.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import type {
  Abandonment,
  Decision,
  DueRead,
  NumberedWrite,
  QueueTicket,
  Remains,
  SessionQueueOptions,
} from './session-line.ts';

export type {
  Abandonment,
  Decision,
  DueRead,
  NumberedWrite,
  QueueTicket,
  Remains,
  SessionQueueOptions,
} from './session-line.ts';

interface WriteItem<Write> {
  readonly type: 'write';
  readonly ticket: QueueTicket;
  readonly operation: Write;
  /** 0 until it leaves. */
  cxid: number;
  weight: number;
  bytes: number;
  abandoned: boolean;
  dropped: boolean;
}

interface ReadItem<Read> {
  readonly type: 'read';
  readonly ticket: QueueTicket;
  readonly operation: Read;
  /** Whether it waits for more than its place in the line. */
  barrier: boolean;
  dropped: boolean;
}

type Item<Write, Read> = WriteItem<Write> | ReadItem<Read>;

/** Entries that were given up and are still in the line, beside as many as wait there. */
const GIVEN_UP_MAX = 32;

export class SessionQueue<Write, Read> {
  readonly #pendingMax: number;
  readonly #inFlightMax: number;
  readonly #weightOf: (operation: Write) => number;
  readonly #weightMax: number;
  readonly #bytesOf: (operation: Write) => number;
  readonly #bytesMax: number;
  readonly #readsMax: number;
  /** Everything not yet decided or run, in the order it was made. Its head is never a read that may run. */
  readonly #line = new Fifo<Item<Write, Read>>();
  /** Writes without a number, in order. */
  readonly #unnumbered = new Fifo<WriteItem<Write>>();
  /** Numbered and undecided, in order: cxid resolved + 1, resolved + 2, ... */
  readonly #inFlight = new Fifo<WriteItem<Write>>();
  /** Barriers in the line, in order; those that were lifted or dropped are skipped when they come to the front. */
  readonly #barriers = new Fifo<ReadItem<Read>>();
  /** Items of the line that are not dropped. */
  #waiting = 0;
  #lastTicket: QueueTicket = Number.NEGATIVE_INFINITY;
  #writes = 0;
  /** Of all in flight. */
  #weight = 0;
  /** Of all writes. */
  #bytes = 0;
  /** Of those under way. */
  #sentBytes = 0;
  /** Dropped items that may still stand in the line. */
  #dropped = 0;
  /** Invariant: resolved <= sent <= lastCxid = resolved + in flight. */
  #resolved: number;
  #sent: number;
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
    this.#resolved = options.lastCxid ?? 0;
    this.#sent = this.#resolved;
  }

  /** All numbers up to here are decided, and their callers were told: the exactly-once table may forget them. */
  get resolved(): number {
    return this.#resolved;
  }

  /** The last number given. */
  get lastCxid(): number {
    return this.#resolved + this.#inFlight.size;
  }

  /** The newest state of which the session was told (S24). */
  get lastZxid(): Zxid {
    return this.#lastZxid;
  }

  /** Writes that wait or are under way. */
  get pendingWrites(): number {
    return this.#writes;
  }

  /** Reads that wait. */
  get pendingReads(): number {
    return this.#waiting - this.#writes;
  }

  /** Entries in memory, those that were given up included: at most twice what waits, and a few. */
  get held(): number {
    return this.#line.size;
  }

  /** Bytes of the writes that wait or are under way. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Writes that the present leader was sent and that are not decided. */
  get underWay(): number {
    return this.#sent - this.#resolved;
  }

  /** Bytes of those. */
  get bytesUnderWay(): number {
    return this.#sentBytes;
  }

  /** Each part of the line with its cap (S34). */
  measure(meter: Meter): void {
    meter('writes of a session', this.#writes, this.#pendingMax);
    meter('reads of a session', this.pendingReads, this.#readsMax);
    meter('writes of a session in flight', this.#inFlight.size, this.#inFlightMax);
    meter('entries of a line', this.#line.size, 2 * this.#waiting + GIVEN_UP_MAX);
    if (this.#writes > 1) meter('bytes of a session', this.#bytes, this.#bytesMax);
    if (this.#inFlight.size > 1)
      meter('bytes of answers of a session', this.#weight, this.#weightMax);
  }

  /** Whether nothing waits: the next read runs at once. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Gives a write its place. False: OVERLOADED, it has no place, no number and no effect. */
  write(ticket: QueueTicket, operation: Write): boolean {
    this.#enter(ticket);
    const bytes = this.#bytesOf(operation);
    if (this.#writes >= this.#pendingMax || !this.#hasRoom(bytes)) return false;
    const item: WriteItem<Write> = {
      type: 'write',
      ticket,
      operation,
      cxid: 0,
      weight: this.#weightOf(operation),
      bytes,
      abandoned: false,
      dropped: false,
    };
    this.#writes += 1;
    this.#bytes += bytes;
    this.#unnumbered.push(item);
    this.#append(item);
    return true;
  }

  /** `now`: nothing is ahead of it, run it. `later`: it comes back as a {@link DueRead}. */
  read(ticket: QueueTicket, operation: Read): 'now' | 'later' | 'overloaded' {
    this.#enter(ticket);
    if (this.idle) return 'now';
    if (this.pendingReads >= this.#readsMax) return 'overloaded';
    this.#append({ type: 'read', ticket, operation, barrier: false, dropped: false });
    return 'later';
  }

  /**
   * A read that waits for more than the writes before it (a read index, a transaction to be applied, the
   * session's own birth): its turn comes when these are decided and it was lifted. What was made after
   * it waits for it; writes among that do not leave. False: OVERLOADED.
   */
  barrier(ticket: QueueTicket, operation: Read): boolean {
    this.#enter(ticket);
    if (this.pendingReads >= this.#readsMax) return false;
    const item: ReadItem<Read> = { type: 'read', ticket, operation, barrier: true, dropped: false };
    this.#barriers.push(item);
    this.#append(item);
    return true;
  }

  /** What a barrier waited for has come. Unknown tickets are ignored: it was abandoned. */
  lift(ticket: QueueTicket): readonly DueRead<Read>[] {
    const item = this.#find(ticket);
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
    const enough = this.#sentBytes + bytesMax;
    for (; this.#sent < this.lastCxid && this.#sentBytes < enough; this.#sent += 1) {
      const item = present(this.#inFlight.at(this.#sent - this.#resolved), 'a write in flight');
      this.#sentBytes += item.bytes;
      out.push(numbered(item));
    }
    if (this.#sent < this.lastCxid) return out;
    const barrier = this.#firstBarrier();
    while (this.#inFlight.size < this.#inFlightMax && this.#sentBytes < enough) {
      const item = this.#firstUnnumbered();
      if (item === undefined || item.ticket > barrier) break;
      if (this.#inFlight.size > 0 && this.#weight + item.weight > this.#weightMax) break;
      this.#unnumbered.shift();
      this.#weight += item.weight;
      item.cxid = this.lastCxid + 1;
      this.#inFlight.push(item);
      this.#sent = item.cxid;
      this.#sentBytes += item.bytes;
      out.push(numbered(item));
    }
    return out;
  }

  /**
   * The leader has not got this number and any after it (REJECT), or may not have it (the link or the
   * leader is another): `take` gives them once more. Default: all that is undecided.
   */
  resend(from: number = this.#resolved + 1): void {
    const sent = Math.max(this.#resolved, Math.min(this.#sent, from - 1));
    for (; this.#sent > sent; this.#sent -= 1) {
      this.#sentBytes -= this.#inFlight.at(this.#sent - this.#resolved - 1)?.bytes ?? 0;
    }
  }

  /** All that is numbered and undecided, in order: what to look up in the exactly-once table after a SNAP. */
  inFlight(): readonly NumberedWrite<Write>[] {
    const out: NumberedWrite<Write>[] = [];
    for (let index = 0; index < this.#inFlight.size; index += 1)
      out.push(numbered(present(this.#inFlight.at(index), 'a write in flight')));
    return out;
  }

  /** The write of this number is applied here at `zxid`, or was found in the exactly-once table at the state of `zxid`. */
  decide(cxid: number, zxid: Zxid): Decision<Write, Read> {
    const item = present(this.#inFlight.shift(), 'a write in flight for the number decided');
    assert(item.cxid === cxid, 'writes of a session are decided in the order of their numbers');
    assert(this.#head() === item, 'everything made before a write is done when it is decided');
    this.#resolved = cxid;
    this.#weight -= item.weight;
    if (this.#sent >= cxid) this.#sentBytes -= item.bytes;
    this.#sent = Math.max(this.#sent, cxid);
    this.#remove(item);
    this.#line.shift();
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
    const item = this.#find(ticket);
    if (item === undefined) return { type: 'gone' };
    if (item.type === 'write' && item.cxid !== 0) {
      item.abandoned = true;
      return { type: 'under-way' };
    }
    item.dropped = true;
    this.#remove(item);
    this.#compact();
    return { type: 'withdrawn', reads: this.#release() };
  }

  /** The session has ended: takes everything out. Nothing is taken any more. */
  close(): Remains<Write, Read> {
    this.#closed = true;
    const underWay = this.inFlight();
    const withdrawn: DueRead<Write>[] = [];
    const reads: DueRead<Read>[] = [];
    for (const item of this.#line.drain()) {
      if (item.dropped) continue;
      this.#remove(item);
      if (item.type === 'read') reads.push({ ticket: item.ticket, operation: item.operation });
      else if (item.cxid === 0) withdrawn.push({ ticket: item.ticket, operation: item.operation });
    }
    this.#inFlight.drain();
    this.#unnumbered.drain();
    this.#barriers.drain();
    return { underWay, withdrawn, reads };
  }

  #enter(ticket: QueueTicket): void {
    assert(!this.#closed, 'a session that has ended takes nothing');
    assert(ticket > this.#lastTicket, 'tickets rise');
    this.#lastTicket = ticket;
  }

  /** Whether a write of so many bytes fits beside those that wait. */
  #hasRoom(bytes: number): boolean {
    return this.#writes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  #append(item: Item<Write, Read>): void {
    this.#line.push(item);
    this.#waiting += 1;
  }

  #remove(item: Item<Write, Read>): void {
    this.#waiting -= 1;
    if (item.type === 'read') return;
    this.#writes -= 1;
    this.#bytes -= item.bytes;
  }

  /** What waits under a ticket: tickets rise along the line. */
  #find(ticket: QueueTicket): Item<Write, Read> | undefined {
    let low = 0;
    let high = this.#line.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#line.at(middle)?.ticket ?? ticket) < ticket) low = middle + 1;
      else high = middle;
    }
    const item = this.#line.at(low);
    return item?.ticket === ticket && !item.dropped ? item : undefined;
  }

  /** While a write is stuck, callers may come and give up without end: what they leave behind is bounded. */
  #compact(): void {
    this.#dropped += 1;
    if (this.#dropped < GIVEN_UP_MAX + this.#waiting) return;
    this.#dropped = 0;
    this.#line.keep((item) => !item.dropped);
    this.#unnumbered.keep((item) => !item.dropped);
    this.#barriers.keep((item) => !item.dropped);
  }

  /** The first in the line that was not dropped. */
  #head(): Item<Write, Read> | undefined {
    while (this.#line.at(0)?.dropped === true) this.#line.shift();
    return this.#line.at(0);
  }

  #firstUnnumbered(): WriteItem<Write> | undefined {
    while (this.#unnumbered.at(0)?.dropped === true) this.#unnumbered.shift();
    return this.#unnumbered.at(0);
  }

  /** Ticket of the first barrier that stands; Infinity if there is none. */
  #firstBarrier(): QueueTicket {
    for (let item = this.#barriers.at(0); item !== undefined; item = this.#barriers.at(0)) {
      if (item.barrier && !item.dropped) return item.ticket;
      this.#barriers.shift();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes the reads out whose turn has come. */
  #release(): DueRead<Read>[] {
    const reads: DueRead<Read>[] = [];
    for (let item = this.#head(); item !== undefined; item = this.#head()) {
      if (item.type === 'write' || item.barrier) break;
      reads.push({ ticket: item.ticket, operation: item.operation });
      this.#line.shift();
      this.#remove(item);
    }
    return reads;
  }
}

function numbered<Write>(item: WriteItem<Write>): NumberedWrite<Write> {
  return {
    ticket: item.ticket,
    cxid: item.cxid,
    operation: item.operation,
    abandoned: item.abandoned,
  };
}
