/**
 * The replicated transactions: effects, not commands (protocol rule G13). The leader decides names,
 * versions and times in prep.ts; every peer applies the same bytes to the same state.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { Acl, Identity } from './acl.ts';
import type { Owner } from './request.ts';

export type NodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl';

/** One effect on one node. */
export type Change =
  | {
      readonly type: 'create';
      readonly path: string;
      readonly data: Uint8Array;
      readonly acl: Acl;
      readonly kind: NodeKind;
      readonly ttl: number;
      /** Session of an ephemeral node, else 0. */
      readonly owner: bigint;
    }
  | { readonly type: 'delete'; readonly path: string }
  | {
      readonly type: 'set';
      readonly path: string;
      readonly data: Uint8Array;
      readonly version: number;
    }
  | { readonly type: 'set-acl'; readonly path: string; readonly acl: Acl; readonly version: number }
  /** No effect; keeps the place of its result in a multi. */
  | { readonly type: 'check'; readonly path: string };

export type TxnBody =
  | {
      readonly type: 'epoch-start';
      readonly epoch: number;
      readonly leader: number;
      readonly version: number;
      /** The limit of the tree from here on, whoever leads: {@link StateMachine.maxTreeBytes}. */
      readonly maxTreeBytes: number;
    }
  /**
   * One operation or a multi. `spans`: how many changes belong to each operation (a create with parents
   * or a recursive delete has several); results are given per operation.
   */
  | {
      readonly type: 'change';
      readonly changes: readonly Change[];
      readonly spans: readonly number[];
      readonly multi: boolean;
    }
  | {
      readonly type: 'create-session';
      readonly kind: 'peer' | 'client';
      readonly timeout: number;
      readonly password: Uint8Array;
      readonly address: string;
      /** Sessions of earlier incarnations of the same store, closed in the same transaction. */
      readonly closes: readonly bigint[];
    }
  | {
      readonly type: 'close-session';
      readonly session: bigint;
      readonly reason: 'closed' | 'expired';
    }
  | { readonly type: 'move-session'; readonly session: bigint }
  | { readonly type: 'add-auth'; readonly identity: Identity }
  /** TTL or container clean-up: no effect unless the node is still the one seen (S32). */
  | {
      readonly type: 'reap';
      readonly path: string;
      readonly czxid: bigint;
      readonly mzxid: bigint;
      readonly cversion: number;
    }
  | { readonly type: 'sync' }
  /** A request that failed: keeps order and exactly-once. */
  | {
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly path?: string;
      readonly index?: number;
    };

/** One transaction; its zxid is the log entry's. */
export interface Txn {
  /** Who asked, as in {@link Request}: session 0 for the leader's own and for session operations. */
  readonly session: bigint;
  readonly cxid: number;
  readonly resolved: number;
  readonly owner: Owner;
  /** Ms since 1970 by the leader's wall clock, never less than the transaction before (S30). */
  readonly time: number;
  readonly body: TxnBody;
}
