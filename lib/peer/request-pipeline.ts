import type { QuorateError } from '../base/errors.ts';
import { TicketLine } from '../base/ticket-line.ts';
import { ZERO } from '../base/zxid.ts';
import type { ReadOperation, ReadOptions, ReadResult } from '../replica/read.ts';
import type { Delivery, Ticket } from '../replica/ready.ts';
import type { Replica } from '../replica/replica.ts';
import type { SessionHandle, SessionState } from '../replica/session-handle.ts';
import type { NotTaken, Sessions } from '../replica/sessions.ts';
import type { Operation } from '../tree/request.ts';
import type { Clock } from './clock.ts';

/** The deliveries of one kind. */
export type DeliveryOf<T extends Delivery['type']> = Extract<Delivery, { readonly type: T }>;

/** Who asked for a write: told once what became of it, and once more if that was not known. */
export interface WriteObserver {
  reply(delivery: DeliveryOf<'reply'>): void;
  settled(delivery: DeliveryOf<'settled'>): void;
  /** Neither will come: the peer has ended. */
  over(cause: QuorateError): void;
}

/** Who waits for a read that could not be answered at once. */
export interface ReadObserver {
  read(delivery: DeliveryOf<'read'>): void;
  over(cause: QuorateError): void;
}

/** The part of a replica that takes requests. */
export interface Requests extends Pick<Replica, 'look'> {
  readonly sessions: Pick<Sessions, 'open' | 'close' | 'submit' | 'read' | 'abandon' | 'stateOf'>;
}

/** Who holds a session. */
export interface SessionObserver {
  stateChanged(delivery: DeliveryOf<'state'>): void;
  /** @returns whether {@link watchesFired} is wanted for this transaction. */
  watchFired(delivery: DeliveryOf<'watch'>): boolean;
  /** All events of one transaction were given, before anything else is. */
  watchesFired(): void;
  /** The peer has ended, and the session with it as far as this process can tell. */
  over(cause: QuorateError): void;
}

/**
 * Routes what the application asks into the replica, and what the replica delivers to whoever asked.
 * Observers are called in the order of the deliveries, when the replica is at rest; they may call
 * again, and must not throw.
 */
export class RequestPipeline {
  readonly #replica: Requests;
  readonly #clock: Pick<Clock, 'monotonic' | 'wall'>;
  readonly #wake: () => void;
  readonly #writes = new TicketLine<WriteObserver>();
  readonly #reads = new TicketLine<ReadObserver>();
  readonly #sessions = new Map<number, SessionObserver>();

  /** @param wake a turn is due */
  constructor(replica: Requests, clock: Pick<Clock, 'monotonic' | 'wall'>, wake: () => void) {
    this.#replica = replica;
    this.#clock = clock;
    this.#wake = wake;
  }

  openSession(timeout: number, observer: SessionObserver): SessionHandle {
    const handle = this.#replica.sessions.open({ timeout });
    this.#sessions.set(handle.key, observer);
    this.#wake();
    return handle;
  }

  /** What may be believed of a session at this very moment, by the clock. */
  stateOf(session: SessionHandle): SessionState {
    return this.#replica.sessions.stateOf(session, this.#clock.monotonic(), this.#clock.wall());
  }

  closeSession(session: SessionHandle): void {
    this.#replica.sessions.close(session);
    this.#wake();
  }

  submit(session: SessionHandle, operation: Operation, observer: WriteObserver): Ticket | NotTaken {
    const ticket = this.#replica.sessions.submit(session, operation);
    if (typeof ticket === 'number') {
      this.#writes.push(ticket, observer);
      this.#wake();
    }
    return ticket;
  }

  /** The answer, or a ticket for {@link expect}. */
  read(
    session: SessionHandle,
    operation: ReadOperation,
    options?: ReadOptions,
  ): ReadResult | Ticket {
    this.#replica.look(this.#clock.monotonic());
    return this.#replica.sessions.read(session, operation, options);
  }

  /** Who is to be told the answer to a read that got a ticket, in the same step in which it got it. */
  expect(ticket: Ticket, observer: ReadObserver): void {
    this.#reads.push(ticket, observer);
    this.#wake();
  }

  /** The caller no longer waits; a write is still answered. */
  abandon(session: SessionHandle, ticket: Ticket): void {
    this.#reads.take(ticket);
    this.#replica.sessions.abandon(session, ticket);
    this.#wake();
  }

  /** Nothing will be delivered any more. */
  over(cause: QuorateError): void {
    const waiting = [...this.#writes.values(), ...this.#reads.values(), ...this.#sessions.values()];
    this.#writes.clear();
    this.#reads.clear();
    this.#sessions.clear();
    for (const observer of waiting) observer.over(cause);
  }

  deliver(deliveries: readonly Delivery[]): void {
    /** Who waits for the last event of the transaction whose events are being routed. */
    const told = new Set<SessionObserver>();
    let zxid = ZERO;
    for (const delivery of deliveries) {
      const isWatch = delivery.type === 'watch';
      if (told.size > 0 && !(isWatch && delivery.zxid === zxid)) complete(told);
      if (!isWatch) {
        this.#route(delivery);
        continue;
      }
      zxid = delivery.zxid;
      const observer = this.#sessions.get(delivery.session.key);
      if (observer?.watchFired(delivery) === true) told.add(observer);
    }
    complete(told);
  }

  #route(delivery: Exclude<Delivery, { readonly type: 'watch' }>): void {
    switch (delivery.type) {
      case 'reply': {
        const { outcome, ticket } = delivery;
        const isOver = outcome !== 'unknown';
        const observer = isOver ? this.#writes.take(ticket) : this.#writes.get(ticket);
        observer?.reply(delivery);
        return;
      }
      case 'settled':
        this.#writes.take(delivery.ticket)?.settled(delivery);
        return;
      case 'read':
        this.#reads.take(delivery.ticket)?.read(delivery);
        return;
      case 'state':
        this.#routeState(delivery);
        return;
    }
  }

  #routeState(delivery: DeliveryOf<'state'>): void {
    const { key } = delivery.session;
    const observer = this.#sessions.get(key);
    if (delivery.state === 'expired' || delivery.state === 'closed') this.#sessions.delete(key);
    observer?.stateChanged(delivery);
  }
}

/** All events of one transaction were routed. */
function complete(told: Set<SessionObserver>): void {
  for (const observer of told) observer.watchesFired();
  told.clear();
}
