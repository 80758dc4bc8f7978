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
  /** When it last left. */
  sentAt: number;
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

  ask(ticket: Ticket, operation: SessionOperation, purpose: Purpose): void {
    this.queue.write(ticket, operation);
    const takes = operation.type === 'move-session' ? operation.session : 0n;
    this.#purposes.set(ticket, { ...purpose, takes, sentAt: Number.NEGATIVE_INFINITY });
  }

  /** Whether this host has asked to take that session over, and does not know the answer. */
  takes(session: bigint): boolean {
    for (const purpose of this.#purposes.values()) {
      if (purpose.takes !== 0n && purpose.takes === session) return true;
    }
    return false;
  }

  /** False: it has left, and its fate must be awaited. */
  withdraw(ticket: Ticket): boolean {
    if (this.queue.abandon(ticket).type !== 'withdrawn') return false;
    this.#purposes.delete(ticket);
    return true;
  }

  /** It leaves now; the leader's clock for what it makes starts later. */
  sent(ticket: Ticket, now: number): void {
    const purpose = this.#purposes.get(ticket);
    if (purpose !== undefined) purpose.sentAt = now;
  }

  /** It is decided: what it was for, and when it last left. */
  decided(ticket: Ticket): Asked | undefined {
    const purpose = this.#purposes.get(ticket);
    this.#purposes.delete(ticket);
    return purpose;
  }
}
