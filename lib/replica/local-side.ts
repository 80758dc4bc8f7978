/**
 * The side of a peer that its application sees: sessions, their requests and reads, their watches. It
 * asks a leader (be it this peer itself), and is shown everything that is applied here.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { Meter } from '../base/meter.ts';
import type { Operation, Owner, SessionOperation } from '../tree/request.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import { isTooLarge } from '../wire/admission.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { ReplicaOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { ReadOperation, ReadOptions, ReadResult } from './read.ts';
import { Reads } from './reads.ts';
import type { Ticket } from './ready.ts';
import type { SessionHandle, SessionState } from './session-handle.ts';
import { SessionHost } from './session-host.ts';
import type { Elapsed, Gap } from './stall.ts';
import { type Told, Watching } from './watching.ts';

/** Why a call was not taken: it has no number and no effect. */
export type NotTaken = Extract<
  ErrorCode,
  'OVERLOADED' | 'SESSION_EXPIRED' | 'CLOSED' | 'TOO_LARGE'
>;

type Birth = Extract<SessionOperation, { type: 'create-session' | 'move-session' }>;

export class LocalSide {
  readonly #outbox: Outbox;
  readonly #reads: Reads;
  readonly #watching: Watching;
  readonly #host: SessionHost;
  #closing = false;

  constructor(owner: Owner, options: ReplicaOptions, machine: () => StateMachine, outbox: Outbox) {
    this.#outbox = outbox;
    this.#watching = new Watching((session) => this.#host.readerOf(session), machine);
    this.#reads = new Reads(machine, this.#watching, outbox);
    const { reads, watching } = { reads: this.#reads, watching: this.#watching };
    this.#host = new SessionHost(owner, { options, machine, outbox, reads, watching });
  }

  /** The incarnation that owns the sessions. */
  get owner(): Owner {
    return this.#host.owner;
  }

  /** See {@link SessionHost.forked}. */
  get forked(): boolean {
    return this.#host.forked;
  }

  /** See {@link SessionHost.renew}. */
  renew(owner: Owner): void {
    this.#host.renew(owner);
  }

  /** Every queue with its cap (S34). */
  measure(meter: Meter): void {
    this.#host.measure(meter);
  }

  tick(now: number, gap: Gap): void {
    this.#host.tick(now, gap);
  }

  /** Nothing is read unasked before a quorum has confirmed the leader. */
  doubt(): void {
    this.#reads.doubt();
  }

  /** See {@link SessionHost.stateOf}. */
  stateOf(session: SessionHandle, now: number, since: Elapsed): SessionState {
    return this.#host.stateOf(session, now, since);
  }

  // ── The application ───────────────────────────────────────────────────────────────────────────

  open(timeout: number, birth: Birth): SessionHandle {
    const kind = birth.type === 'create-session' ? birth.kind : 'client';
    const session = this.#host.open(kind, timeout, birth);
    if (this.#closing) this.closeSession(session);
    return session;
  }

  closeSession(session: SessionHandle): void {
    const hosted = this.#host.find(session);
    if (hosted !== undefined) this.#host.close(hosted);
  }

  /** See {@link SessionHost.validFor}. */
  validFor(session: SessionHandle, now: number, since: Elapsed): number {
    return this.#host.validFor(session, now, since);
  }

  setAlive(session: SessionHandle, alive: boolean): void {
    this.#host.setAlive(session, alive);
  }

  submit(session: SessionHandle, operation: Operation): Ticket | NotTaken {
    const hosted = this.#host.find(session);
    if (hosted === undefined) return session.state === 'closed' ? 'CLOSED' : 'SESSION_EXPIRED';
    if (hosted.closing) return 'CLOSED';
    // With a number it would hold up everything behind it: no message could carry it to the leader.
    if (isTooLarge(operation)) return 'TOO_LARGE';
    return this.#host.submit(hosted, operation) ?? 'OVERLOADED';
  }

  read(
    session: SessionHandle,
    operation: ReadOperation,
    options: ReadOptions,
  ): ReadResult | Ticket {
    const hosted = this.#host.find(session);
    if (hosted === undefined || hosted.closing) {
      const isClosed = hosted !== undefined || session.state === 'closed';
      return { type: 'error', code: isClosed ? 'CLOSED' : 'SESSION_EXPIRED' };
    }
    const ticket = this.#host.nextTicket();
    return this.#reads.read(hosted, ticket, operation, options) ?? ticket;
  }

  abandon(session: SessionHandle, ticket: Ticket): void {
    const hosted = this.#host.find(session);
    if (hosted !== undefined) this.#host.abandon(hosted, ticket);
  }

  /** Ends all sessions, and whatever is opened from now on. */
  close(): void {
    this.#closing = true;
    this.#host.closeAll();
  }

  /** How many watches the sessions have. */
  get watches(): number {
    return this.#watching.size;
  }

  /** No session is left, and nothing of them is under way. */
  get idle(): boolean {
    return this.#host.idle;
  }

  // ── The tree ──────────────────────────────────────────────────────────────────────────────────

  /** A transaction was applied: first what the watches see, then what it decides (S22). */
  applied(applied: Applied): void {
    this.#tell(this.#watching.applied(applied.zxid, applied.events));
    this.#host.applied(applied);
  }

  /** The tree was replaced: watches see the difference, requests are answered by the table (steps 26 and 31). */
  jumped(before: StateMachine, after: StateMachine): void {
    this.#host.recognize();
    if (after.zxid > before.zxid) this.#tell(this.#watching.jumped(before, after));
    this.#host.resolve();
  }

  #tell(events: readonly Told[]): void {
    for (const event of events) {
      this.#host.told(event.session, event.zxid);
      this.#outbox.deliver(event);
    }
  }

  // ── The leader ────────────────────────────────────────────────────────────────────────────────

  /** Another leader, another link to it, or none. @param epoch of the leader that is there. */
  anotherLeader(epoch: number | undefined): void {
    this.#reads.index.reset();
    this.#reads.serving = epoch !== undefined;
    if (epoch !== undefined) this.#host.restart(epoch);
  }

  /** All that is to be asked now. */
  ask(send: (message: ServiceMessage) => void): void {
    this.#host.flush(send);
    const id = this.#reads.index.question();
    if (id !== undefined) send({ type: 'READINDEX', id });
  }

  /** The leader's word. */
  answered(message: ServiceMessage): void {
    switch (message.type) {
      case 'REJECT':
        this.#host.rejected(message.session, message.expected, message.code);
        return;
      case 'READINDEX_OK':
        this.#reads.index.answered(message.id, message.zxid);
        return;
      case 'TOUCHED':
        this.#host.touched(message.id, message.refused);
        return;
      default:
      // PROPOSED: the transaction is on its way here, or was applied already.
    }
  }

  /** Lets reads go whose time has come. True if requests may go on behind them. */
  release(): boolean {
    const released = this.#reads.release();
    for (const hosted of released) this.#host.wake(hosted);
    return released.length > 0;
  }
}
