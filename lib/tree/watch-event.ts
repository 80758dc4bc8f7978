/** The words of watches: what may be watched, what is told, and what a jump over history is told as. */
import type { Zxid } from '../base/zxid.ts';

/**
 * ZooKeeper's watches. `data`, `exist` and `child` fire once; `exist` is what `exists` leaves, on a
 * node that may be absent. `persistent` stays and sees its node and the list of its children;
 * `persistent-recursive` sees its node and all below, but never `children`.
 */
export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'persistent-recursive';

/**
 * What a transaction did to a node: ZooKeeper's NodeCreated, NodeDeleted, NodeDataChanged and
 * NodeChildrenChanged. A created or deleted node is followed by `children` of its parent.
 */
export type WatchEventType = 'created' | 'deleted' | 'changed' | 'children';

/** One event of an applied transaction. */
export interface WatchEvent {
  readonly type: WatchEventType;
  readonly path: string;
  /** The transaction that did it. */
  readonly zxid: Zxid;
}

/** Which watch: one of this kind on this path. */
export interface WatchKey {
  readonly path: string;
  readonly kind: WatchKind;
}

/**
 * One event for one watcher. However many of its watches an event meets, a watcher is told once, as
 * in ZooKeeper; `watches` says which (the one-shot ones among them are spent).
 */
export interface Notification<Watcher> extends WatchEvent {
  readonly watcher: Watcher;
  readonly watches: readonly WatchKey[];
}

/**
 * The history between two states is not known here (a SNAP): what follows is the net difference in
 * (from, zxid] instead of the events. A `changed` node may be another one under the same name (its
 * czxid tells). Given to every persistent watch, even if nothing differs.
 */
export interface Resync<Watcher> {
  readonly type: 'resync';
  readonly watcher: Watcher;
  readonly path: string;
  readonly kind: 'persistent' | 'persistent-recursive';
  readonly from: Zxid;
  readonly zxid: Zxid;
  readonly changes: readonly WatchEvent[];
}
