/**
 * What a checkpoint consists of: plain values, in the order in which {@link Checkpoint.next} gives
 * them and {@link Restorer.add} takes them. Restoring and saving again gives equal parts in equal
 * order (predicate S17), if the same number of nodes is asked for at a time.
 */
import type { Acl } from './acl.ts';
import type { NodeValues } from './node-row.ts';
import type { OperationResult, Owner } from './request.ts';
import type { Session } from './session.ts';
import type { ShownNode } from './shown-node.ts';

/** The first part: where the state stood. */
export interface CheckpointHeader {
  readonly type: 'header';
  readonly zxid: bigint;
  /** Leader's time of the last transaction, ms since 1970. */
  readonly time: number;
  /** The group's version, of the last EPOCH_START. */
  readonly version: number;
  /** The limit of the tree, of the last EPOCH_START. */
  readonly maxTreeBytes: number;
  /** Digest of the whole state, checked when the restored one stands. */
  readonly hash: number;
  readonly nodes: number;
  readonly sessions: number;
}

export interface NodeRecord extends NodeValues {
  readonly path: string;
  readonly data: Uint8Array;
  /** Index into `acls` of the part. */
  readonly acl: number;
}

/** Some nodes. A child may come before its parent. */
export interface NodesPart {
  readonly type: 'nodes';
  readonly acls: readonly Acl[];
  readonly nodes: readonly NodeRecord[];
}

/** Nodes that are lent one at a time: what `at` gives is another one after the next call. An array is such a list, too. */
export interface LentNodes {
  readonly length: number;
  at(index: number): NodeRecord | ShownNode | undefined;
}

/** As {@link NodesPart}, to be written down at once: until the tree changes or the next part is asked for. */
export interface LentNodesPart {
  readonly type: 'nodes';
  readonly acls: readonly Acl[];
  readonly nodes: LentNodes;
}

/** A request that was applied and may still be asked about. */
export interface AnswerRecord {
  readonly cxid: number;
  readonly zxid: bigint;
  readonly result: OperationResult;
}

/** What is known of the requests of one origin. */
export interface WindowRecord {
  /** The last request applied. */
  readonly last: number;
  /** Up to here the results are forgotten. */
  readonly resolved: number;
  /** Ascending by cxid. */
  readonly answers: readonly AnswerRecord[];
}

export interface SessionsPart {
  readonly type: 'sessions';
  /** Ascending by id. */
  readonly sessions: readonly { readonly session: Session; readonly window: WindowRecord }[];
}

/** Requests made through no session, by the incarnation that numbered them; one incarnation of each store. */
export interface OwnersPart {
  readonly type: 'owners';
  readonly owners: readonly { readonly owner: Owner; readonly window: WindowRecord }[];
}

export type CheckpointPart = CheckpointHeader | NodesPart | SessionsPart | OwnersPart;

/** A part as it is taken. */
export type TakenPart = CheckpointHeader | LentNodesPart | SessionsPart | OwnersPart;
