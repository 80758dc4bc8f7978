/** What a peer answers from its own tree. */
import type { ErrorCode } from '../base/errors.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Acl } from '../tree/acl.ts';
import type { Stat } from '../tree/znode.ts';

/**
 * One read. `watch` registers in the same step in which the tree is read, so that no change falls
 * between the two (step 31).
 */
export type ReadOperation =
  | { readonly type: 'get'; readonly path: string; readonly watch?: boolean }
  /** Its watch fires when the node comes, goes or changes; the others' need the node to exist. */
  | { readonly type: 'exists'; readonly path: string; readonly watch?: boolean }
  | {
      readonly type: 'children';
      readonly path: string;
      readonly watch?: boolean;
      /** At most so many names; absent: all. */
      readonly limit?: number;
      /** Only names after this one. */
      readonly after?: string;
    }
  | { readonly type: 'get-acl'; readonly path: string }
  /** A watch that stays: on one node and its list of children, or on a whole subtree. */
  | {
      readonly type: 'add-watch';
      readonly path: string;
      readonly mode: 'persistent' | 'persistent-recursive';
    }
  | {
      readonly type: 'remove-watch';
      readonly path: string;
      readonly kind: 'data' | 'children' | 'persistent' | 'persistent-recursive' | 'any';
    }
  /** Node and all descendants at one zxid, parents first. */
  | { readonly type: 'subtree'; readonly path: string }
  /** Reads nothing; with `linearizable`, ZooKeeper's sync. */
  | { readonly type: 'sync' };

/** How fresh. */
export interface ReadOptions {
  /**
   * `local`: this peer's own state, when it serves and the session's earlier writes are decided.
   * `linearizable`: not before a quorum has confirmed the leader (step 27).
   * `stale`: at once, whatever is known of the group.
   * @default 'local'
   */
  readonly consistency?: 'local' | 'linearizable' | 'stale';
  /** Not before this transaction is applied here. */
  readonly after?: Zxid;
}

export interface SubtreeNode {
  readonly path: string;
  readonly data: Uint8Array;
  readonly stat: Stat;
}

/** `data` is the tree's own: the caller copies what it hands on. */
export type ReadResult =
  | { readonly type: 'get'; readonly data: Uint8Array; readonly stat: Stat }
  | { readonly type: 'exists'; readonly stat: Stat | undefined }
  | { readonly type: 'children'; readonly names: readonly string[]; readonly stat: Stat }
  | { readonly type: 'get-acl'; readonly acl: Acl; readonly stat: Stat }
  | { readonly type: 'add-watch' | 'remove-watch' | 'sync' }
  | { readonly type: 'subtree'; readonly nodes: readonly SubtreeNode[] }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly path?: string };
