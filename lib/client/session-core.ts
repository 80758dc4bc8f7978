import { unreachable } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { formatZxid } from '../base/zxid.ts';
import type { DeliveryOf, SessionObserver } from '../peer/request-pipeline.ts';
import type { ReadOperation, ReadOptions, ReadResult } from '../replica/read.ts';
import type { SessionHandle, SessionState } from '../replica/session-handle.ts';
import type { Operation } from '../tree/request.ts';
import { type Done, type Question, ReadCall, WriteCall } from './call.ts';
import type { ClientPeer } from './client-peer.ts';
import { SessionWatches } from './session-watches.ts';
import { NOT_APPLIED, throwIfAborted, type WaitOptions } from './wait.ts';

const STALE: ReadOptions = { consistency: 'stale' };

/** Who opened a session. */
export interface SessionOwner {
  /** Why no other session follows; undefined: one does, or nobody says. */
  readonly end?: QuorateError | undefined;
  /** The session is connected, for the first time or again, or suspended. */
  changed(core: SessionCore): void;
  /** The session has ended; called before its watches and its signal are told. */
  ended(core: SessionCore): void;
}

/** One session of this peer: its requests, its watches and its end. */
export class SessionCore implements SessionObserver {
  readonly peer: ClientPeer;
  readonly handle: SessionHandle;
  readonly watches: SessionWatches;
  readonly #owner: SessionOwner;
  readonly #controller = new AbortController();
  readonly #closing = new AbortController();
  #isEnding = false;
  #ended: QuorateError | undefined;
  /** Resolves when it is connected for the first time, or has ended before. */
  readonly connected: Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  #setConnected: () => void = () => {};
  #setEnded: () => void = () => {};

  constructor(peer: ClientPeer, timeout: number, owner: SessionOwner) {
    this.peer = peer;
    this.#owner = owner;
    this.connected = new Promise((resolve) => {
      this.#setConnected = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#setEnded = resolve;
    });
    this.handle = peer.pipeline.openSession(timeout, this);
    this.watches = new SessionWatches(this);
  }

  /** Aborts when the session has ended; the reason is the error. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts before the group is asked to end it, and at the latest when it has ended. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Nothing more is asked through it: its end was asked for, or has come. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** By the clock: after a blocked event loop it is the truth before any event could tell it. */
  get state(): SessionState {
    if (this.#ended === undefined) return this.peer.pipeline.stateOf(this.handle);
    return this.#ended.code === 'SESSION_EXPIRED' ? 'expired' : 'closed';
  }

  /** Why it has ended, once it has. */
  get end(): QuorateError | undefined {
    return this.#ended;
  }

  /**
   * Reads at once if nothing is ahead of it.
   * @returns a ticket for {@link awaitRead} otherwise
   */
  read(operation: ReadOperation, options?: ReadOptions): ReadResult | number {
    if (this.#ended !== undefined) throw this.#refusal(this.#ended);
    return this.peer.pipeline.read(this.handle, operation, options);
  }

  /**
   * What this peer has applied, whatever is known of the group. Undefined if that cannot be said at once:
   * something else is about to be delivered to the session (S24).
   */
  readNow(operation: ReadOperation): ReadResult | undefined {
    const result = this.read(operation, STALE);
    if (typeof result !== 'number') return result;
    this.abandon(result);
    return undefined;
  }

  /** The same for who reads: there is no write to be in doubt of. */
  get refusal(): QuorateError | undefined {
    return this.#ended && this.#refusal(this.#ended);
  }

  /** The answer to a read that got a ticket. */
  awaitRead<R>(
    ticket: number,
    question: Question<ReadResult, R>,
    options: WaitOptions | undefined,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      const call = new ReadCall(this, question, resolve, reject);
      call.ticket = ticket;
      this.peer.pipeline.expect(ticket, call);
      call.wait(options);
    });
  }

  /** Gives a write its place in the order of the session, now. */
  write<R>(
    operation: Operation,
    question: Question<Done, R>,
    options: WaitOptions | undefined,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      throwIfAborted(options, question);
      if (this.#ended !== undefined) throw this.#refusal(this.#ended);
      const call = new WriteCall(this, question, resolve, reject);
      const ticket = this.peer.pipeline.submit(this.handle, operation, call);
      if (typeof ticket !== 'number') throw question.error({ code: ticket }, NOT_APPLIED);
      call.ticket = ticket;
      call.wait(options);
    });
  }

  /** Nobody waits for the answer any more. */
  abandon(ticket: number): void {
    this.peer.pipeline.abandon(this.handle, ticket);
  }

  /** Asks for its end, after what was asked before. */
  close(): void {
    this.announceEnd();
    if (this.#ended === undefined) this.peer.pipeline.closeSession(this.handle);
  }

  /** Its end will be asked for: whoever relies on its nodes is told first. */
  announceEnd(): void {
    this.#isEnding = true;
    if (this.#closing.signal.aborted) return;
    const id = formatZxid(this.handle.id);
    this.#closing.abort(QuorateError.make('CLOSED', `session ${id} is being closed`));
  }

  // From the pipeline.

  stateChanged(delivery: DeliveryOf<'state'>): void {
    switch (delivery.state) {
      case 'connecting':
        return;
      case 'connected':
        this.#setConnected();
        this.#owner.changed(this);
        return;
      case 'suspended':
        this.#owner.changed(this);
        return;
      case 'expired':
      case 'closed':
        this.#finish(endOf(delivery));
        return;
      default:
        unreachable(delivery.state);
    }
  }

  watchFired(delivery: DeliveryOf<'watch'>): boolean {
    return this.watches.deliver(delivery);
  }

  watchesFired(): void {
    this.watches.delivered();
  }

  over(cause: QuorateError): void {
    this.#finish(QuorateError.make(cause.code, cause.message, { cause }));
  }

  #finish(cause: QuorateError): void {
    if (this.#ended !== undefined) return;
    // Where no other session follows, that is why whoever has asked through it can go on no longer.
    const end = cause.code === 'SESSION_EXPIRED' ? (this.#owner.end ?? cause) : cause;
    this.#ended = end;
    this.#isEnding = true;
    this.#owner.ended(this);
    this.#setConnected();
    this.#setEnded();
    // Who watches reads: there is no write to be in doubt of.
    this.watches.end(this.#refusal(end));
    if (!this.#closing.signal.aborted) this.#closing.abort(end);
    this.#controller.abort(end);
  }

  #refusal(cause: QuorateError): QuorateError {
    return QuorateError.make(cause.code, cause.message, { ...NOT_APPLIED, cause });
  }
}

function endOf({ session, state, code }: DeliveryOf<'state'>): QuorateError {
  const known = code ?? (state === 'expired' ? 'SESSION_EXPIRED' : 'CLOSED');
  return QuorateError.make(known, `session ${formatZxid(session.id)} is ${state}`);
}
