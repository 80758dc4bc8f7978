/** What a peer answers from its own tree. */
import type { Zxid } from '../base/zxid.ts';
import type {
  ChildrenResult,
  CountResult,
  ExistsResult,
  Failure,
  GetAclResult,
  GetResult,
  GetTextResult,
  SubtreeResult,
} from '../tree/reader.ts';
import type { WatchKind } from '../tree/watch-event.ts';

/**
 * One read. `watch` registers in the same step in which the tree is read, so that no change falls
 * between the two (step 31).
 */
export type ReadOperation =
  | { readonly type: 'get'; readonly path: string; readonly watch?: boolean }
  /** The data as text. */
  | { readonly type: 'get-text'; readonly path: string }
  /** Its watch fires when the node comes, goes or changes; the others' need the node to exist. */
  | { readonly type: 'exists'; readonly path: string; readonly watch?: boolean }
  | {
      readonly type: 'children';
      readonly path: string;
      readonly watch?: boolean;
      /** At most so many names; absent: all. */
      readonly limit?: number | undefined;
      /** Only names after this one. */
      readonly after?: string | undefined;
    }
  | { readonly type: 'get-acl'; readonly path: string }
  /** ZooKeeper's getAllChildrenNumber. */
  | { readonly type: 'count'; readonly path: string }
  /** The session's own ephemeral nodes whose path begins with this text. */
  | { readonly type: 'ephemerals'; readonly prefix: string }
  /** A watch that stays: on one node and its list of children, or on a whole subtree. */
  | {
      readonly type: 'add-watch';
      readonly path: string;
      readonly mode: 'persistent' | 'persistent-recursive';
    }
  | {
      readonly type: 'remove-watch';
      readonly path: string;
      readonly kind: WatchKind;
    }
  /** Node and all descendants at one zxid, parents first. */
  | { readonly type: 'subtree'; readonly path: string }
  /** Reads nothing; with `linearizable`, ZooKeeper's sync. */
  | { readonly type: 'sync' };

/** How fresh. */
export interface ReadOptions {
  /**
   * `local`: this peer's own state, when it serves and the session's earlier writes are decided.
   * `unordered`: the same at once where it can be, in front of writes that are not decided yet.
   * `linearizable`: not before a quorum has confirmed the leader (step 27).
   * `stale`: at once, whatever is known of the group.
   * @default 'local'
   */
  readonly consistency?: 'local' | 'unordered' | 'linearizable' | 'stale';
  /** Not before this transaction is applied here. */
  readonly after?: Zxid;
}

/** `data` is a copy: the caller may keep it. */
export type ReadResult =
  | GetResult
  | GetTextResult
  | ExistsResult
  | ChildrenResult
  | GetAclResult
  | CountResult
  | SubtreeResult
  | { readonly type: 'ephemerals'; readonly paths: readonly string[] }
  | { readonly type: 'add-watch' | 'remove-watch' | 'sync' }
  | Failure;
