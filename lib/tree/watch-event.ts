/** The words of watches: what may be watched, and what a watcher is told. */
import type { Zxid } from '../base/zxid.ts';
import type { TreeEvent } from './tree-event.ts';

/**
 * ZooKeeper's watches. `data`, `exist` and `child` fire once; `exist` is what `exists` leaves, on a
 * node that may be absent. `persistent` stays and sees its node and the list of its children;
 * `persistent-recursive` sees its node and all below, but never `children-changed`.
 */
export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'persistent-recursive';

/** Which watch of a watcher: the one of this kind on this path. */
export interface WatchKey {
  readonly path: string;
  readonly kind: WatchKind;
}

/**
 * What happened to a node. However many of its watches it meets, a watcher is told once, as in
 * ZooKeeper; `watches` says which. The one-shot ones among them are spent.
 */
export interface NodeEvent {
  readonly type: TreeEvent['type'];
  readonly path: string;
  /** The transaction that did it; after a jump, the state that was jumped to. */
  readonly zxid: Zxid;
  readonly watches: readonly WatchKey[];
}

/**
 * The history in (from, zxid] is not known here (a SNAP): instead of its events, the net difference of
 * the two states. Given to each persistent watch, even if nothing differs. A node of type
 * `data-changed` may be another one under the same name: its czxid tells.
 */
export interface ResyncEvent {
  readonly type: 'resync';
  readonly path: string;
  readonly kind: 'persistent' | 'persistent-recursive';
  readonly from: Zxid;
  readonly zxid: Zxid;
  /** What is gone, children before parents; then what is new or changed, parents before children. */
  readonly changes: readonly Pick<TreeEvent, 'type' | 'path'>[];
}

export type WatchEvent = NodeEvent | ResyncEvent;

/** A watch event on its way to the watcher. */
export interface Notification<Watcher, Event extends WatchEvent = WatchEvent> {
  readonly watcher: Watcher;
  readonly event: Event;
}
