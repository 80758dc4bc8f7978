import type { ErrorCode } from '../base/errors.ts';
import type { Zxid } from '../base/zxid.ts';
import type { CustomSchemes } from './reader.ts';
import type { Owner, Request } from './request.ts';
import type { Reapable, StateMachine } from './state-machine.ts';
import type { Txn } from './txn.ts';

/** The request takes its place in the order: propose this, at the zxid that was given. Failing operations too (an `error` transaction). */
export interface Prepared {
  readonly type: 'txn';
  readonly txn: Txn;
}

/** The same request was proposed before (step 26). */
export interface Duplicate {
  readonly type: 'duplicate';
  /** Where; 0 if it was resolved so long ago that it is forgotten. */
  readonly zxid: Zxid;
}

/** Refused without a place in the order: the number is not used up, and everything after it is refused too (FIFO). */
export interface Rejected {
  readonly type: 'rejected';
  /**
   * `SESSION_EXPIRED`: no such session, or it is closing. `SESSION_MOVED`: another owner. `OVERLOADED`: the number
   * is not the next one, or too many are unresolved. Send again from `expected` on. `REFUSED`: an incarnation of the owner that has a successor.
   */
  readonly code: ErrorCode;
  /** The number that would be accepted. */
  readonly expected: number;
}

export type Verdict = Prepared | Duplicate | Rejected;

export interface PrepOptions {
  /** Whose own transactions (EPOCH_START, expiry, reap) these are. */
  readonly owner: Owner;
  readonly schemes?: CustomSchemes | undefined;
  /** @defaultValue 256 MiB. Growth beyond is QUOTA_EXCEEDED, deletes go on. */
  readonly maxTreeBytes?: number | undefined;
}

/**
 * The leader's first processor (PrepRequestProcessor): turns requests into transactions, against the
 * state as it will be when all that was proposed has been applied. Use it only while broadcasting
 * and after the epoch's EPOCH_START was applied here. Whoever calls `prepare` must propose what it
 * returns at exactly that zxid, or call `reset`.
 */
export declare class Prep {
  constructor(state: StateMachine, options: PrepOptions);
  /** `time`: wall clock, ms since 1970; clamped to be non-decreasing. */
  prepare(request: Request, zxid: Zxid, time: number): Verdict;
  /** First of the epoch (rule G12). */
  epochStart(epoch: number, leader: number, version: number, time: number): Txn;
  /** Ends a session whose time is over; undefined if it is gone or closing already. */
  expire(session: bigint, zxid: Zxid, time: number): Txn | undefined;
  /** Container and TTL clean-up (S32). */
  reap(node: Reapable, zxid: Zxid, time: number): Txn | undefined;
  /** Whether a close was proposed: no touch of it may count any more (step 29). */
  closing(session: bigint): boolean;
  /** Everything up to here has been applied to the state: outstanding changes are dropped. */
  applied(zxid: Zxid): void;
  /** A role change: nothing is outstanding. */
  reset(): void;
}
