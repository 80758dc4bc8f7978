import { assert } from './assert.ts';
import { Fifo } from './fifo.ts';

interface Place<T> {
  readonly ticket: number;
  /** Undefined once it was taken. */
  value: T | undefined;
}

/** Places that were taken and are still in the line, beside as many as wait there. */
const TAKEN_MAX = 32;

/**
 * What waits under tickets that rise, and is mostly taken in their order. A Map of what comes and goes so fast
 * grows and shrinks all the time, and its former tables, once they are old, keep alive what was in them.
 */
export class TicketLine<T extends object> {
  readonly #line = new Fifo<Place<T>>();
  #last = Number.NEGATIVE_INFINITY;
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Places in memory, those that were taken included: at most twice what waits, and a few. */
  get held(): number {
    return this.#line.size;
  }

  push(ticket: number, value: T): void {
    assert(ticket > this.#last, 'tickets rise');
    this.#last = ticket;
    this.#size += 1;
    this.#line.push({ ticket, value });
  }

  /** What waits under a ticket; it stays. */
  get(ticket: number): T | undefined {
    return this.#find(ticket)?.value;
  }

  /** What waits under a ticket leaves. */
  take(ticket: number): T | undefined {
    const place = this.#find(ticket);
    if (place?.value === undefined) return undefined;
    const { value } = place;
    place.value = undefined;
    this.#size -= 1;
    while (this.#line.size > 0 && this.#line.at(0)?.value === undefined) this.#line.shift();
    if (this.#line.size > 2 * this.#size + TAKEN_MAX) {
      this.#line.keep((one) => one.value !== undefined);
    }
    return value;
  }

  /** All that waits, in the order of the tickets. */
  values(): T[] {
    const waiting: T[] = [];
    for (const { value } of this.#line.toArray()) if (value !== undefined) waiting.push(value);
    return waiting;
  }

  clear(): void {
    this.#line.drain();
    this.#size = 0;
  }

  #find(ticket: number): Place<T> | undefined {
    const first = this.#line.at(0);
    if (first === undefined || first.ticket === ticket) return first;
    const place = this.#line.firstNot((one) => one.ticket < ticket);
    return place?.ticket === ticket ? place : undefined;
  }
}
