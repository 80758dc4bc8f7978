/**
 * One whole peer as one pure, synchronous machine: ZAB, the replicated state machine, the sessions of
 * this peer and their watches. It has no clock and does no I/O; the real peer and the simulator
 * drive this same class.
 *
 * A driver's turn is: `tick`, then what came in (`linked`, `unlinked`, `receive`, `persisted`, calls
 * of the application), then `ready()` and what it says, then `nextBatch()` if the store is idle.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Operation } from '../tree/request.ts';
import type { StateMachine } from '../tree/state-machine.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Durable, LinkId } from '../zab/ready.ts';
import type { Zab } from '../zab/zab.ts';
import type { ReplicaOptions } from './options.ts';
import type { ReadOperation, ReadOptions, ReadResult } from './read.ts';
import type { PeerMessage, ReplicaReady, ReplicaStatus, Ticket } from './ready.ts';
import type { SessionHandle } from './session-handle.ts';

/** Why a call was not taken: it has no number and no effect. */
export type NotTaken = Extract<ErrorCode, 'OVERLOADED' | 'SESSION_EXPIRED' | 'CLOSED'>;

export declare class Replica {
  /** @param stateMachine restored from the checkpoint; it stands at `durable.applied`. */
  constructor(options: ReplicaOptions, durable: Durable, stateMachine: StateMachine);

  /**
   * Begins a turn. Both in ms: `now` never goes back and has no relation to any calendar; `wall` is
   * the calendar's, may jump, and is used for nothing but the times in transactions and to notice
   * that the machine slept.
   */
  tick(now: number, wall: number): void;
  /** When `tick` must be called at the latest; never later than a heartbeat after the last. */
  deadline(): number;

  linked(link: LinkId, dialer: 'self' | 'peer'): void;
  unlinked(link: LinkId): void;
  /** All that one frame held. */
  receive(link: LinkId, messages: readonly PeerMessage[]): void;
  /** Bytes that wait in the link's send queue; while it is long, no more of a SNAP is made for it. A driver that never calls this has endless queues. */
  backlog(link: LinkId, bytes: number): void;

  /** What to make durable. Ask when the store is idle; write it, synced; then `persisted` or `failed`, before asking again. */
  nextBatch(): StoreBatch | undefined;
  persisted(id: number): void;
  /** The store refused: quarantine. Nothing can follow but a new replica on a verified store. */
  failed(reason: string): void;

  /** Takes what is to be done now. */
  ready(): ReplicaReady;
  /** As of now; {@link ReplicaReady.status} tells of changes. */
  get status(): ReplicaStatus;
  /** When a quorum was last known to be in contact, on the clock of `now`. */
  get contact(): number;
  /** All transactions through this one are in the tree. */
  get applied(): Zxid;

  /** Opens a session owned by this peer; told by a `state` delivery. Waits for the group without end. */
  openSession(options: {
    readonly timeout: number;
    readonly kind?: 'peer' | 'client';
    readonly password?: Uint8Array;
    readonly address?: string;
  }): SessionHandle;
  /**
   * Takes a client's session over from the peer that had it (ZooKeeper's REVALIDATE). If the session
   * has ended or the password does not fit, the handle becomes `expired`.
   */
  takeOver(options: {
    readonly session: bigint;
    readonly password: Uint8Array;
    readonly timeout: number;
  }): SessionHandle;
  /** Ends the session after what was submitted before; told by a `state` delivery. */
  closeSession(session: SessionHandle): void;

  /** Gives a write its place in the session's order. Its fate is always delivered, in a `reply`. */
  submit(session: SessionHandle, operation: Operation): Ticket | NotTaken;
  /**
   * Reads at once when nothing of the session is ahead of it; else a ticket, and a `read` delivery
   * later. Watches belong to the session and end with it.
   */
  read(
    session: SessionHandle,
    operation: ReadOperation,
    options?: ReadOptions,
  ): ReadResult | Ticket;
  /**
   * The caller no longer waits. A read that is queued is dropped. A write that never left this peer
   * is withdrawn, and its reply says ABORTED, not applied; another keeps its number and is answered as ever.
   */
  abandon(session: SessionHandle, ticket: Ticket): void;

  /** Ends the own sessions, then gives leadership away. {@link Replica.closed} tells when both are done. */
  close(): void;
  get closed(): boolean;

  /** For observation, by the simulator and the status page; not to be called into. */
  get zab(): Zab;
  get stateMachine(): StateMachine;
}
