import { SessionQueue } from '../session/session-queue.ts';
import type { Operation, SessionOperation } from '../tree/request.ts';
import { type Channel, IN_FLIGHT_MAX } from './hosted-session.ts';
import type { ReadOperation } from './read.ts';
import type { Ticket } from './ready.ts';

/** What a request of the owner's own is for. */
export interface Purpose {
  /** To create or take over the session of that key, or to close one in which nobody here believes any more. */
  readonly type: 'birth' | 'release';
  readonly key: number;
}

/** A request of the owner's own until it is decided. */
interface Asked extends Purpose {
  /** The session that it takes over; 0 if it does not. */
  readonly takes: bigint;
  /** When it first left for a leader of `epoch`; never yet: -Infinity. */
  sentAt: number;
  epoch: number;
}

/** What a host asks through no session, in an order and under numbers of its own. */
export class OwnerRequests implements Channel {
  readonly session: bigint = 0n;
  blocked = false;
  readonly held: boolean = false;
  readonly queue: SessionQueue<Operation, ReadOperation> = new SessionQueue({
    pendingMax: Number.POSITIVE_INFINITY,
    inFlightMax: IN_FLIGHT_MAX,
  });
  readonly #purposes = new Map<Ticket, Asked>();
  /** How many of them take over each session; none is 0. */
  readonly #taking = new Map<bigint, number>();
  #epoch = 0;

  /** The epoch of the leader that is asked from now on. */
  follow(epoch: number): void {
    this.#epoch = epoch;
  }

  ask(ticket: Ticket, operation: SessionOperation, purpose: Purpose): void {
    this.queue.write(ticket, operation);
    const takes = operation.type === 'move-session' ? operation.session : 0n;
    const never = { sentAt: Number.NEGATIVE_INFINITY, epoch: 0 };
    this.#purposes.set(ticket, { ...purpose, takes, ...never });
    if (takes !== 0n) this.#taking.set(takes, (this.#taking.get(takes) ?? 0) + 1);
  }

  /** Whether this host has asked to take that session over, and does not know the answer. */
  takes(session: bigint): boolean {
    return this.#taking.has(session);
  }

  /** What it was for. Undefined: it has left, and its fate must be awaited. */
  withdraw(ticket: Ticket): Asked | undefined {
    return this.queue.abandon(ticket).type === 'withdrawn' ? this.decided(ticket) : undefined;
  }

  /**
   * It leaves now; the leader's clock for what it makes starts later. If it leaves once more, over
   * another link in the same epoch, the leader may have proposed it in between, and its clock runs.
   */
  sent(ticket: Ticket, now: number): void {
    const purpose = this.#purposes.get(ticket);
    if (purpose === undefined || purpose.epoch === this.#epoch) return;
    purpose.sentAt = now;
    purpose.epoch = this.#epoch;
  }

  /** The machine has slept: nobody knows how long ago anything left. */
  doubt(): void {
    for (const purpose of this.#purposes.values()) purpose.sentAt = Number.NEGATIVE_INFINITY;
  }

  /** It is decided: what it was for, and since when the leader's clock may run. */
  decided(ticket: Ticket): Asked | undefined {
    const purpose = this.#purposes.get(ticket);
    this.#purposes.delete(ticket);
    const takes = purpose?.takes ?? 0n;
    const left = (this.#taking.get(takes) ?? 0) - 1;
    if (left > 0) this.#taking.set(takes, left);
    else this.#taking.delete(takes);
    return purpose;
  }
}
