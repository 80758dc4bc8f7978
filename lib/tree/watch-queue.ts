/**
 * What a consumer of a subtree has not taken yet. A fast one gets every transaction. For a slow one all
 * that waits is folded into one net difference, at most one change per path, so that memory is bounded
 * by the tree and not by time; and it is told so, for a fold is a `gap` in its history.
 */
import { assert } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';

/** What became of a path. `Node` is whatever the owner keeps of a node, such as data and Stat. */
export type PathChange<Node> =
  | { readonly type: 'created' | 'changed'; readonly path: string; readonly node: Node }
  | { readonly type: 'deleted'; readonly path: string };

export type WatchUpdate<Node> =
  /** Exactly one transaction, its changes in its order. */
  | {
      readonly kind: 'transaction';
      readonly zxid: Zxid;
      readonly changes: readonly PathChange<Node>[];
    }
  /**
   * The net difference of all transactions in (from, zxid], perhaps nothing: what is gone, children
   * before parents, then what is new or changed, parents before children. A changed node may be another
   * one under the same name.
   */
  | {
      readonly kind: 'gap';
      readonly from: Zxid;
      readonly zxid: Zxid;
      readonly changes: readonly PathChange<Node>[];
    };

/** Bounded by `changesMax` changes and, folded, by the number of distinct paths. */
export class WatchQueue<Node> {
  readonly #changesMax: number;
  /** The state that the consumer has. */
  #taken: Zxid;
  /** The newest state that was pushed. */
  #newest: Zxid;
  /** Whole transactions, while they are few. Empty once there is a fold. */
  #transactions: { readonly zxid: Zxid; readonly changes: readonly PathChange<Node>[] }[] = [];
  #changes = 0;
  /** Net changes by path since `taken`. */
  #fold: Map<string, PathChange<Node>> | undefined;

  /**
   * @param start the state that the consumer begins with
   * @param changesMax changes that may wait as transactions; one more and all are folded
   */
  constructor(start: Zxid, changesMax: number) {
    this.#taken = start;
    this.#newest = start;
    this.#changesMax = changesMax;
  }

  /** A transaction changed these. One that changed nothing that is watched is nothing to tell. */
  push(zxid: Zxid, changes: readonly PathChange<Node>[]): void {
    this.#advance(zxid);
    if (changes.length === 0) return;
    if (this.#fold === undefined && this.#changes + changes.length <= this.#changesMax) {
      this.#changes += changes.length;
      this.#transactions.push({ zxid, changes });
    } else this.#foldIn(changes);
  }

  /** The history since the last push is not known; this is its net difference (a `resync`). */
  jump(zxid: Zxid, changes: readonly PathChange<Node>[]): void {
    this.#advance(zxid);
    this.#foldIn(changes);
  }

  /** The next thing to tell the consumer. */
  take(): WatchUpdate<Node> | undefined {
    if (this.#fold !== undefined) {
      const from = this.#taken;
      const changes = inOrder([...this.#fold.values()]);
      this.#fold = undefined;
      this.#taken = this.#newest;
      return { kind: 'gap', from, zxid: this.#newest, changes };
    }
    const next = this.#transactions.shift();
    if (next === undefined) return undefined;
    this.#changes -= next.changes.length;
    this.#taken = next.zxid;
    return { kind: 'transaction', ...next };
  }

  /** Changes that wait, folded ones as one per path. */
  get size(): number {
    return this.#fold?.size ?? this.#changes;
  }

  #advance(zxid: Zxid): void {
    assert(zxid > this.#newest, 'transactions come in order');
    this.#newest = zxid;
  }

  #foldIn(changes: readonly PathChange<Node>[]): void {
    const fold = this.#fold ?? new Map<string, PathChange<Node>>();
    for (const transaction of this.#transactions) foldAll(fold, transaction.changes);
    foldAll(fold, changes);
    this.#fold = fold;
    this.#transactions = [];
    this.#changes = 0;
  }
}

function foldAll<Node>(
  fold: Map<string, PathChange<Node>>,
  changes: readonly PathChange<Node>[],
): void {
  for (const change of changes) {
    const net = netOf(fold.get(change.path), change);
    if (net === undefined) fold.delete(change.path);
    else fold.set(change.path, net);
  }
}

/**
 * Two changes of one path as one. Sequences that no tree goes through (created twice) come from
 * permissions: a consumer is not told of what it may not read.
 */
function netOf<Node>(
  before: PathChange<Node> | undefined,
  next: PathChange<Node>,
): PathChange<Node> | undefined {
  if (before === undefined) return next;
  if (next.type === 'deleted') return before.type === 'created' ? undefined : next;
  return { ...next, type: before.type === 'created' ? 'created' : 'changed' };
}

function inOrder<Node>(changes: readonly PathChange<Node>[]): PathChange<Node>[] {
  const sorted = [...changes].sort((a, b) => (a.path < b.path ? -1 : 1));
  const gone = sorted.filter((change) => change.type === 'deleted').reverse();
  return [...gone, ...sorted.filter((change) => change.type !== 'deleted')];
}
