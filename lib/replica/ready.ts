/**
 * The whole traffic between a {@link Replica} and the world. Like ZAB below it, a replica never calls
 * out: it takes inputs and answers with {@link ReplicaReady} (do this now) and, when the store is
 * idle, with a {@link StoreBatch}.
 */
import type { ErrorCode, Outcome } from '../base/errors.ts';
import type { Zxid } from '../base/zxid.ts';
import type { GetResult } from '../tree/reader.ts';
import type { OperationResult } from '../tree/request.ts';
import type { WatchEvent } from '../tree/watch-event.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { ZabMessage } from '../zab/messages.ts';
import type { LinkId, Phase, Role, ZabEvent } from '../zab/ready.ts';
import type { ReadResult } from './read.ts';
import type { SessionHandle, SessionState } from './session-handle.ts';

/** What travels on a link. */
export type PeerMessage = ZabMessage | ServiceMessage;

/** A message and the links it goes to: encoded once, whatever their number. */
export interface PeerEnvelope {
  readonly to: readonly LinkId[];
  readonly message: PeerMessage;
}

/** Names one read or write of one peer for as long as the process lives; never used again. */
export type Ticket = number;

/**
 * What a local session is told. Of one session they come in the order of their zxids, which say the
 * state that is reflected; a watch event comes before every reply that reflects its transaction or a
 * later one (S22, S24).
 */
export type Delivery =
  /** A write is decided. */
  | {
      readonly type: 'reply';
      readonly session: SessionHandle;
      readonly ticket: Ticket;
      readonly zxid: Zxid;
      /** Its number in the session; 0 of a write that never got one. */
      readonly cxid: number;
      /** Its transaction; undefined of a write that has none, or none that is known. */
      readonly decided: Zxid | undefined;
      readonly result: OperationResult;
      /** `unknown`: a delivery of type `settled` with the same ticket follows. */
      readonly outcome: Outcome;
      /** The caller had given up. */
      readonly abandoned: boolean;
    }
  /**
   * The fate of a write that was answered with `unknown`, known after all; or `unknown` for good: nobody can
   * find out any more. The session has ended by then.
   */
  | {
      readonly type: 'settled';
      readonly session: SessionHandle;
      readonly ticket: Ticket;
      readonly zxid: Zxid;
      readonly cxid: number;
      readonly decided: Zxid | undefined;
      readonly outcome: Outcome;
    }
  | {
      readonly type: 'read';
      readonly session: SessionHandle;
      readonly ticket: Ticket;
      /** The state that was read: after this transaction and before the next. */
      readonly zxid: Zxid;
      readonly result: ReadResult;
    }
  | {
      readonly type: 'watch';
      readonly session: SessionHandle;
      readonly zxid: Zxid;
      /** `resync` after a SNAP: the net difference, for a watch that stays. */
      readonly event: WatchEvent;
      /** For a watch that stays: the node that came or changed, as this transaction left it. */
      readonly node?: WatchedNode;
    }
  | {
      readonly type: 'state';
      readonly session: SessionHandle;
      readonly state: SessionState;
      readonly zxid: Zxid;
      /** Why it ended, where it did: SESSION_EXPIRED, SESSION_MOVED, CLOSED, or why it could not begin. */
      readonly code: ErrorCode | undefined;
    };

/** A node at one transaction, the same value for all who watch it: nobody writes into it. */
export type WatchedNode = Pick<GetResult, 'data' | 'stat'>;

/** A notable change, for the log, the warnings and the simulator's story. */
export type ReplicaEvent =
  | ZabEvent
  /** The event loop was blocked: nothing was heard or judged for that long. */
  | { readonly type: 'stall'; readonly ms: number }
  /** The calendar went further than the clock that deadlines are judged by: the machine slept, or its calendar was set. */
  | { readonly type: 'sleep'; readonly ms: number }
  /** The leader proposes to close a session that was not heard of for its whole time-out. */
  | { readonly type: 'expire'; readonly session: bigint }
  /** The leader proposes to remove an empty container or a node whose time is over. */
  | { readonly type: 'reap'; readonly path: string }
  | {
      readonly type: 'checkpoint';
      readonly zxid: Zxid;
      readonly state: 'begun' | 'complete' | 'given-up';
    }
  /** The tree has four fifths of what it may have; told again only after it had clearly less. */
  | { readonly type: 'tree-filling'; readonly bytes: number; readonly limit: number }
  /** The group has agreed on another limit than this peer was given. */
  | { readonly type: 'tree-limit'; readonly own: number; readonly agreed: number }
  /** A function of the application's ACL schemes threw, for the first time: it has denied, and will. */
  | { readonly type: 'scheme-failed'; readonly what: string; readonly reason: string }
  /** The tree came as a copy from the leader. */
  | { readonly type: 'installed'; readonly zxid: Zxid }
  | {
      readonly type: 'diverged';
      readonly zxid: Zxid;
      readonly own: number;
      readonly leader: number;
    };

/** What a peer says of itself; a new frozen value after each change. */
export interface ReplicaStatus {
  readonly role: Role;
  readonly phase: Phase;
  /** In broadcast, in step with the leader, able to serve. */
  readonly serving: boolean;
  /** Why not. */
  readonly reason: string | undefined;
  readonly leader: number | undefined;
  readonly epoch: number;
}

/** What to do now; in the order of the fields. */
export interface ReplicaReady {
  readonly send: readonly PeerEnvelope[];
  /** Links to close, after what was sent on them. */
  readonly close: readonly { readonly link: LinkId; readonly reason: string }[];
  /** Hand all of them over before application code runs: what it then reads reflects them all. */
  readonly deliveries: readonly Delivery[];
  /** If it changed. */
  readonly status: ReplicaStatus | undefined;
  readonly events: readonly ReplicaEvent[];
}
