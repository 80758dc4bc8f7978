/** What an application may ask of its peer: sessions, their requests and their reads. */
import type { ErrorCode } from '../base/errors.ts';
import type { Operation } from '../tree/request.ts';
import { isTooLarge } from '../wire/admission.ts';
import type { ReadOperation, ReadOptions, ReadResult } from './read.ts';
import type { Reads } from './reads.ts';
import type { Ticket } from './ready.ts';
import type { SessionHandle, SessionState } from './session-handle.ts';
import type { SessionHost } from './session-host.ts';

/** Why a call was not taken: it has no number and no effect. */
export type NotTaken = Extract<
  ErrorCode,
  'OVERLOADED' | 'SESSION_EXPIRED' | 'CLOSED' | 'TOO_LARGE'
>;

/** A session to be created; the password and the address are a client's. */
export interface NewSession {
  /** Ms. */
  readonly timeout: number;
  /** @default 'peer' */
  readonly kind?: 'peer' | 'client';
  readonly password?: Uint8Array;
  readonly address?: string;
}

/** A client's session that another peer has had. */
export interface MovedSession {
  readonly session: bigint;
  readonly password: Uint8Array;
  /** Ms. */
  readonly timeout: number;
}

const LOCAL: ReadOptions = {};

export class Sessions {
  readonly #host: SessionHost;
  readonly #reads: Reads;

  constructor(host: SessionHost, reads: Reads) {
    this.#host = host;
    this.#reads = reads;
  }

  /** Opens a session owned by this peer; told by a `state` delivery. Waits for the group without end. */
  open(session: NewSession): SessionHandle {
    const { timeout, kind = 'peer', password = new Uint8Array(0), address = '' } = session;
    const birth = { type: 'create-session', kind, timeout, password, address } as const;
    return this.#host.open(kind, timeout, birth);
  }

  /**
   * Takes a client's session over from the peer that had it (ZooKeeper's REVALIDATE). If the session
   * has ended or the password does not fit, the handle becomes `expired`.
   */
  takeOver({ session, password, timeout }: MovedSession): SessionHandle {
    return this.#host.open('client', timeout, { type: 'move-session', session, password });
  }

  /** Ends the session after what was submitted before; told by a `state` delivery. */
  close(session: SessionHandle): void {
    const hosted = this.#host.find(session);
    if (hosted !== undefined) this.#host.close(hosted);
  }

  /** Whether a client's session is heard of: `false` lets its time-out run until it is `true` again. */
  setAlive(session: SessionHandle, alive: boolean): void {
    this.#host.setAlive(session, alive);
  }

  /** What may be believed of a session at this very moment: after a blocked turn its `state` is still the old one. */
  stateOf(session: SessionHandle, now: number, wall: number): SessionState {
    return this.#host.validity.stateOf(session, now, wall);
  }

  /**
   * How many ms the session stays connected if nothing more is heard, by the clock at this moment. 0:
   * whoever relies on it must stop.
   */
  validFor(session: SessionHandle, now: number, wall: number): number {
    return this.#host.validity.validFor(session, now, wall);
  }

  /** Gives a write its place in the session's order. Its fate is always delivered, in a `reply`. */
  submit(session: SessionHandle, operation: Operation): Ticket | NotTaken {
    const hosted = this.#host.find(session);
    if (hosted === undefined) return session.state === 'closed' ? 'CLOSED' : 'SESSION_EXPIRED';
    if (hosted.closing) return 'CLOSED';
    // With a number it would hold up everything behind it: no message could carry it to the leader.
    if (isTooLarge(operation)) return 'TOO_LARGE';
    return this.#host.submit(hosted, operation) ?? 'OVERLOADED';
  }

  /**
   * Reads at once when nothing of the session is ahead of it; else a ticket, and a `read` delivery
   * later. Watches belong to the session and end with it.
   */
  read(
    session: SessionHandle,
    operation: ReadOperation,
    options: ReadOptions = LOCAL,
  ): ReadResult | Ticket {
    const hosted = this.#host.find(session);
    if (hosted === undefined || hosted.closing) {
      const isClosed = hosted !== undefined || session.state === 'closed';
      return { type: 'error', code: isClosed ? 'CLOSED' : 'SESSION_EXPIRED' };
    }
    const ticket = this.#host.nextTicket();
    return this.#reads.read(hosted, ticket, operation, options) ?? ticket;
  }

  /**
   * The caller no longer waits. A read that is queued is dropped. A write that never left this peer
   * is withdrawn, and its reply says ABORTED, not applied; another keeps its number and is answered as ever.
   */
  abandon(session: SessionHandle, ticket: Ticket): void {
    const hosted = this.#host.find(session);
    if (hosted !== undefined) this.#host.abandon(hosted, ticket);
  }
}
