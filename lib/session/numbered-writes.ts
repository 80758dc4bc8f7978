/**
 * The writes of one session that have a number and no fate yet, and how far the present leader was sent
 * them. From its number on a write goes to every new leader until it is decided (step 26).
 */
import { assert, present } from '../base/assert.ts';
import { Fifo } from '../base/fifo.ts';
import type { NumberedWrite } from './session-line.ts';
import type { WriteItem } from './waiting-line.ts';

export class NumberedWrites<Write> {
  readonly #countMax: number;
  readonly #weightMax: number;
  /** In order: cxid resolved + 1, resolved + 2, ... */
  readonly #items = new Fifo<WriteItem<Write>>();
  /** Of all. */
  #weight = 0;
  /** Of those under way. */
  #sentBytes = 0;
  /** Invariant: resolved <= sent <= last = resolved + size. */
  #resolved: number;
  #sent: number;

  /**
   * @param resolved the last number of a former owner.
   * @param weightMax of all together; one alone may weigh more.
   */
  constructor(resolved: number, countMax: number, weightMax: number) {
    this.#resolved = resolved;
    this.#sent = resolved;
    this.#countMax = countMax;
    this.#weightMax = weightMax;
  }

  /** All numbers up to here are decided. */
  get resolved(): number {
    return this.#resolved;
  }

  /** The last number given. */
  get last(): number {
    return this.#resolved + this.#items.size;
  }

  get size(): number {
    return this.#items.size;
  }

  get weight(): number {
    return this.#weight;
  }

  /** Those that the present leader was sent. */
  get underWay(): number {
    return this.#sent - this.#resolved;
  }

  /** Bytes of those. */
  get bytesUnderWay(): number {
    return this.#sentBytes;
  }

  /** In order. */
  all(): NumberedWrite<Write>[] {
    return this.#items.toArray().map(numbered);
  }

  /** The next that the present leader was not sent, as one that it is sent now. */
  sendAgain(): NumberedWrite<Write> | undefined {
    if (this.#sent >= this.last) return undefined;
    const item = present(this.#items.at(this.#sent - this.#resolved), 'a write in flight');
    this.#sent += 1;
    this.#sentBytes += item.bytes;
    return numbered(item);
  }

  /** Whether there is a number for this one now. */
  hasRoom({ weight }: WriteItem<Write>): boolean {
    if (this.#items.size >= this.#countMax) return false;
    return this.#items.size === 0 || this.#weight + weight <= this.#weightMax;
  }

  /** Gives the next number to a write, and sends it. */
  number(item: WriteItem<Write>): NumberedWrite<Write> {
    assert(this.#sent === this.last, 'numbers leave in their order');
    item.cxid = this.last + 1;
    this.#items.push(item);
    this.#weight += item.weight;
    this.#sent = item.cxid;
    this.#sentBytes += item.bytes;
    return numbered(item);
  }

  /** Those from this number on were not sent to the present leader. */
  resend(from: number): void {
    const sent = Math.max(this.#resolved, Math.min(this.#sent, from - 1));
    for (; this.#sent > sent; this.#sent -= 1) {
      this.#sentBytes -= this.#items.at(this.#sent - this.#resolved - 1)?.bytes ?? 0;
    }
  }

  /** The fate of this number is known. */
  decide(cxid: number): WriteItem<Write> {
    const item = present(this.#items.shift(), 'a write in flight for the number decided');
    assert(item.cxid === cxid, 'writes of a session are decided in the order of their numbers');
    this.#resolved = cxid;
    this.#weight -= item.weight;
    if (this.#sent >= cxid) this.#sentBytes -= item.bytes;
    this.#sent = Math.max(this.#sent, cxid);
    return item;
  }

  /** Takes out all that have no fate. */
  drain(): NumberedWrite<Write>[] {
    return this.#items.drain().map(numbered);
  }
}

/** A write as others see it. */
export function numbered<Write>({
  ticket,
  cxid,
  operation,
  abandoned,
}: WriteItem<Write>): NumberedWrite<Write> {
  return { ticket, cxid, operation, abandoned };
}
