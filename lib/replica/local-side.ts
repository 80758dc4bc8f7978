/**
 * The side of a peer that its application sees: sessions, their requests and reads, their watches. What
 * the application asks is in {@link Sessions}; here it is asked of a leader (be it this peer itself),
 * and shown everything that is applied.
 */
import type { Meter } from '../base/meter.ts';
import type { Owner } from '../tree/request.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { ReplicaOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import { Reads } from './reads.ts';
import { SessionHost } from './session-host.ts';
import { Sessions } from './sessions.ts';
import type { Gap } from './stall.ts';
import { type Told, Watching } from './watching.ts';

export class LocalSide {
  readonly #outbox: Outbox;
  readonly #reads: Reads;
  readonly #watching: Watching;
  readonly #host: SessionHost;
  /** What the application asks. */
  readonly sessions: Sessions;

  constructor(owner: Owner, options: ReplicaOptions, machine: () => StateMachine, outbox: Outbox) {
    const watching = new Watching((session) => this.#host.readerOf(session), machine);
    const reads = new Reads(machine, watching, outbox);
    this.#outbox = outbox;
    this.#watching = watching;
    this.#reads = reads;
    this.#host = new SessionHost(owner, { options, machine, outbox, reads, watching });
    this.sessions = new Sessions(this.#host, reads);
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

  tick(now: number, wall: number, gap: Gap): void {
    this.#host.tick(now, wall, gap);
  }

  /** Nothing is read unasked before a quorum has confirmed the leader. */
  doubt(): void {
    this.#reads.doubt();
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────

  /** See {@link SessionHost.closeAll}. */
  close(): void {
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
