import type { Zxid } from '../base/zxid.ts';
import type { CheckpointPart } from './checkpoint-record.ts';
import type { ChildrenResult, CountResult, ExistsResult, Failure, GetAclResult, GetResult, Page, Reader } from './reader.ts';
import type { OperationResult, Owner, Request } from './request.ts';
import type { SessionTable } from './session-table.ts';
import type { TreeEvent } from './tree-event.ts';
import type { Txn } from './txn.ts';

/** What applying one transaction did. */
export interface Applied {
  readonly zxid: Zxid;
  /** Who asked: 0 for requests made through no session. */
  readonly session: bigint;
  readonly cxid: number;
  readonly owner: Owner;
  readonly result: OperationResult;
  /** For the watches, in the order in which ZooKeeper fires them. */
  readonly events: readonly TreeEvent[];
  /** Sessions that ended here. */
  readonly ended: readonly bigint[];
  /** Set if the transaction should not have been proposed: a bug, to be reported; the state is sound and equal on all peers. */
  readonly alarm?: string;
}

/** An answer given before: exactly once. */
export interface Answer {
  readonly zxid: Zxid;
  readonly result: OperationResult;
}

/** A node that a sweep may remove; the arguments of a `reap` transaction. */
export interface Reapable {
  readonly path: string;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly cversion: number;
}

/** A copy of the state at one zxid, taken while the state goes on. One at a time. */
export interface Checkpoint {
  readonly zxid: Zxid;
  /** The next part, with at most so many nodes; undefined at the end. */
  next(nodes: number): CheckpointPart | undefined;
  /** Gives it up. */
  abandon(): void;
}

/**
 * All that is replicated (ZooKeeper's ZKDatabase): tree, sessions, exactly-once table. The same
 * transactions in, the same state out, on every peer. Synchronous and pure.
 */
export declare class StateMachine {
  /** A fresh group: `/`, `/zookeeper`, `/zookeeper/quota`, `/zookeeper/config`. */
  constructor();
  /** The last entry applied or skipped. */
  get zxid(): Zxid;
  /** The leader's time in it, ms since 1970. */
  get time(): number;
  /** The group's version, of the last EPOCH_START. */
  get version(): number;
  readonly sessions: SessionTable;
  /** Applies the next entry. */
  apply(zxid: Zxid, txn: Txn): Applied;
  /** An entry that is not for the tree (configuration). */
  skip(zxid: Zxid): void;
  /** The result of a request that was applied, while its window remembers it: undefined if it was not, or its session is gone. */
  answer(request: Pick<Request, 'session' | 'cxid' | 'owner'>): Answer | undefined;
  get(path: string, reader: Reader): GetResult | Failure;
  exists(path: string, reader: Reader): ExistsResult | Failure;
  children(path: string, reader: Reader, page?: Page): ChildrenResult | Failure;
  getAcl(path: string, reader: Reader): GetAclResult | Failure;
  /** ZooKeeper's getAllChildrenNumber. */
  countDescendants(path: string, reader: Reader): CountResult | Failure;
  /** Paths of the session's ephemeral nodes that begin with the text `prefix`, sorted. */
  ephemerals(session: bigint, prefix?: string): string[];
  /** Digest of everything replicated: equal states have equal hashes, whatever their history (S16). */
  hash(): number;
  /** Nodes, `/` included. */
  get nodeCount(): number;
  /** Estimated memory of the nodes, what maxTreeBytes bounds. */
  get treeBytes(): number;
  checkpoint(): Checkpoint;
  /** Empty containers and outlived TTL nodes at a leader's time, at most `limit`. */
  reapable(time: number, limit: number): Reapable[];
}

/** Builds a state from the parts of a checkpoint. */
export declare class Restorer {
  add(part: CheckpointPart): void;
  /** The state. Throws InvariantError if parts are missing or the digest differs. */
  finish(): StateMachine;
}
