/** What a session asks of the leader, before the leader has decided what it does. */
import type { ErrorCode } from '../base/errors.ts';
import type { Acl, Identity } from './acl.ts';
import type { Stat } from './znode.ts';

/** The incarnation of a peer: a restart is another owner (session = peer and incarnation). */
export interface Owner {
  readonly peer: number;
  readonly store: string;
  readonly boot: number;
}

export type CreateMode =
  | 'persistent'
  | 'persistent-sequential'
  | 'ephemeral'
  | 'ephemeral-sequential'
  | 'container'
  | 'ttl'
  | 'ttl-sequential';

/** One operation on nodes; `version` -1 is any. */
export type NodeOperation =
  | {
      readonly type: 'create';
      readonly path: string;
      readonly data: Uint8Array;
      readonly acl: Acl;
      readonly mode: CreateMode;
      /** Lifetime in ms without a change and without children; 0 unless mode is one of the TTL ones. */
      readonly ttl: number;
      /** Make the missing ancestors too, as containers' plain kind: persistent, with the same ACL. */
      readonly parents: boolean;
    }
  | {
      readonly type: 'delete';
      readonly path: string;
      readonly version: number;
      readonly recursive: boolean;
    }
  | {
      readonly type: 'set';
      readonly path: string;
      readonly data: Uint8Array;
      readonly version: number;
    }
  | {
      readonly type: 'check';
      readonly path: string;
      readonly version: number;
      /** Of the node that is meant: another one under its name is none. Absent: any. */
      readonly czxid?: bigint;
    }
  | {
      readonly type: 'set-acl';
      readonly path: string;
      readonly acl: Acl;
      readonly version: number;
    };

export type SessionOperation =
  /** `kind` peer: lives and dies with its owner. `client`: ZooKeeper's, with a password, may be taken over. */
  | {
      readonly type: 'create-session';
      readonly kind: 'peer' | 'client';
      readonly timeout: number;
      readonly password: Uint8Array;
      readonly address: string;
    }
  | {
      readonly type: 'close-session';
      readonly session: bigint;
      readonly reason: 'closed' | 'expired';
    }
  /** REVALIDATE: the requester becomes the owner, if the password fits and the session lives. */
  | { readonly type: 'move-session'; readonly session: bigint; readonly password: Uint8Array }
  | { readonly type: 'add-auth'; readonly identity: Identity };

export type Operation =
  | NodeOperation
  | SessionOperation
  | { readonly type: 'multi'; readonly operations: readonly NodeOperation[] }
  /** No effect but its place in the order. */
  | { readonly type: 'sync' };

/**
 * A numbered request. Session operations that are not made through a session (create, move, expiry)
 * carry session 0 and a number of the owner's own; (owner, number) identifies them as (session, cxid)
 * does the others.
 */
export interface Request {
  readonly session: bigint;
  readonly cxid: number;
  /** All numbers up to here have been answered to the caller: their results may be forgotten. */
  readonly resolved: number;
  readonly owner: Owner;
  readonly operation: Operation;
}

export type OperationResult =
  | { readonly type: 'create'; readonly path: string; readonly stat: Stat }
  | { readonly type: 'set' | 'set-acl'; readonly stat: Stat }
  | { readonly type: 'delete' | 'check' | 'sync' | 'add-auth' | 'close-session' }
  | { readonly type: 'multi'; readonly results: readonly OperationResult[] }
  | {
      readonly type: 'create-session' | 'move-session';
      readonly session: bigint;
      readonly timeout: number;
    }
  /** Nothing was changed. `index`: which operation of a multi. */
  | {
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly path?: string;
      readonly index?: number;
    };
