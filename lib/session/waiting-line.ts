/**
 * Everything of one session that is not decided or run yet, in the order in which it was made. What was
 * given up keeps its place until it comes to the front, or until too much of that stands in the line.
 */
import { assert } from '../base/assert.ts';
import { Fifo } from '../base/fifo.ts';
import type { QueueTicket } from './session-line.ts';

export interface WriteItem<Write> {
  readonly type: 'write';
  readonly ticket: QueueTicket;
  readonly operation: Write;
  /** 0 until it leaves. */
  cxid: number;
  readonly weight: number;
  readonly bytes: number;
  abandoned: boolean;
  dropped: boolean;
}

export interface ReadItem<Read> {
  readonly type: 'read';
  readonly ticket: QueueTicket;
  readonly operation: Read;
  /** Whether it waits for more than its place in the line. */
  barrier: boolean;
  dropped: boolean;
}

export type Item<Write, Read> = WriteItem<Write> | ReadItem<Read>;

/** Items that were given up and are still in the line, beside as many as wait there. */
const GIVEN_UP_MAX = 32;

export class WaitingLine<Write, Read> {
  readonly #line = new Fifo<Item<Write, Read>>();
  /** Of the line: writes without a number. */
  readonly #unnumbered = new Fifo<WriteItem<Write>>();
  /** Of the line: barriers; those that were lifted or dropped are skipped when they come to the front. */
  readonly #barriers = new Fifo<ReadItem<Read>>();
  /** Items that are not dropped. */
  #waiting = 0;
  #writes = 0;
  /** Of all writes. */
  #bytes = 0;
  /** Dropped items that may still stand in the line. */
  #dropped = 0;

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#waiting === 0;
  }

  get writes(): number {
    return this.#writes;
  }

  get reads(): number {
    return this.#waiting - this.#writes;
  }

  /** Of the writes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Items in memory, those that were given up included. */
  get held(): number {
    return this.#line.size;
  }

  /** How many may be in memory: at most twice what waits, and a few. */
  get heldMax(): number {
    return 2 * this.#waiting + GIVEN_UP_MAX;
  }

  push(item: Item<Write, Read>): void {
    this.#line.push(item);
    this.#waiting += 1;
    if (item.type === 'read') {
      if (item.barrier) this.#barriers.push(item);
      return;
    }
    this.#unnumbered.push(item);
    this.#writes += 1;
    this.#bytes += item.bytes;
  }

  /** The first that was not dropped. */
  head(): Item<Write, Read> | undefined {
    while (this.#line.at(0)?.dropped === true) this.#line.shift();
    return this.#line.at(0);
  }

  /** The head leaves: it is decided, or it is run now. */
  leave(item: Item<Write, Read>): void {
    assert(this.head() === item, 'everything made before it is done when an item leaves');
    this.#line.shift();
    this.#remove(item);
  }

  /** The first write without a number. */
  unnumbered(): WriteItem<Write> | undefined {
    while (this.#unnumbered.at(0)?.dropped === true) this.#unnumbered.shift();
    return this.#unnumbered.at(0);
  }

  /** The first write without a number gets one now; it stays in the line. */
  shiftUnnumbered(): void {
    this.#unnumbered.shift();
  }

  /** Ticket of the first barrier that stands; Infinity if there is none. */
  barrier(): QueueTicket {
    for (let item = this.#barriers.at(0); item !== undefined; item = this.#barriers.at(0)) {
      if (item.barrier && !item.dropped) return item.ticket;
      this.#barriers.shift();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** What waits under a ticket: tickets rise along the line. */
  find(ticket: QueueTicket): Item<Write, Read> | undefined {
    const item = this.#line.firstNot((one) => one.ticket < ticket);
    return item?.ticket === ticket && !item.dropped ? item : undefined;
  }

  /** Its caller has given up, and it has no number. */
  drop(item: Item<Write, Read>): void {
    item.dropped = true;
    this.#remove(item);
    this.#compact();
  }

  /** Takes out all that waits. */
  drain(): Item<Write, Read>[] {
    const items = this.#line.drain().filter(({ dropped }) => !dropped);
    for (const item of items) this.#remove(item);
    this.#unnumbered.drain();
    this.#barriers.drain();
    return items;
  }

  #remove(item: Item<Write, Read>): void {
    this.#waiting -= 1;
    if (item.type === 'read') return;
    this.#writes -= 1;
    this.#bytes -= item.bytes;
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
}
