/**
 * The watches that the sessions of one peer have set: local, never replicated. A watch is set in the
 * same synchronous step in which the node is read, at one applied zxid; from then on each applied
 * transaction passes through {@link WatchTable.select} before anything that reflects it leaves (S22 to
 * S24). An event that no watch meets costs one look-up by path, and one per ancestor while there are
 * recursive watches.
 */
import { assert, present } from '../base/assert.ts';
import { parentOf } from '../base/path.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import type { Notification, Resync, WatchEvent, WatchEventType, WatchKey, WatchKind } from './watch-event.ts';
import { kindsOf, MASKS, WatchIndex, type WatchMask } from './watch-index.ts';
import { type Jump, nodeDifference, oneShotEvents, subtreeDifference } from './watch-jump.ts';

export type { Jump, TreeReader } from './watch-jump.ts';
export type { Notification, Resync, WatchEvent, WatchEventType, WatchKey, WatchKind } from './watch-event.ts';

/**
 * Whether this watcher may READ the node of the event: by the ACL that the node has after the
 * transaction, or of a deleted node had before. Asked when the event fires, as in ZooKeeper.
 */
export type MayRead<Watcher, Event extends WatchEvent = WatchEvent> = (watcher: Watcher, event: Event) => boolean;

/** ZooKeeper's removeWatches: `data` takes both `data` and `exist`, which ZooKeeper keeps in one table. */
export type WatchSelector = 'data' | 'children' | 'persistent' | 'persistent-recursive' | 'any';

/** Sizes, as ZooKeeper's `wchs` counts them. */
export interface WatchCounts {
  readonly watchers: number;
  readonly paths: number;
  readonly watches: number;
}

const NOTHING: readonly never[] = [];
const DATA = MASKS.data | MASKS.exist;
const ONE_SHOT = DATA | MASKS.child;
const RECURSIVE = MASKS['persistent-recursive'];
const LASTING = MASKS.persistent | RECURSIVE;

/** Which watches on the node itself an event meets, as in ZooKeeper's DataTree. */
const MET: Readonly<Record<WatchEventType, WatchMask>> = {
  created: DATA | LASTING,
  changed: DATA | LASTING,
  deleted: ONE_SHOT | LASTING,
  children: MASKS.child | MASKS.persistent,
};

const SELECTED: Readonly<Record<WatchSelector, WatchMask>> = {
  data: DATA,
  children: MASKS.child,
  persistent: MASKS.persistent,
  'persistent-recursive': RECURSIVE,
  any: ONE_SHOT | LASTING,
};

/**
 * Watches by path and watcher. `Watcher` is whatever the owner of the table tells its sessions apart
 * by, compared as the keys of a Map are.
 */
export class WatchTable<Watcher> {
  readonly #index = new WatchIndex<Watcher>();
  /** The newest state that a watch was read at or an event told of: nothing is set or fired before it. */
  #zxid: Zxid = ZERO;

  /** Sets a watch with a read at `zxid`, the last applied one. Setting the same again changes nothing. */
  add(watcher: Watcher, path: string, kind: WatchKind, zxid: Zxid): void {
    assert(zxid >= this.#zxid, 'a watch is set at the newest state');
    this.#zxid = zxid;
    this.#index.set(watcher, path, this.#index.mask(watcher, path) | MASKS[kind]);
  }

  /** Takes watches away unfired. False: there was none (NO_WATCHER). */
  remove(watcher: Watcher, path: string, what: WatchSelector): boolean {
    const mask = this.#index.mask(watcher, path);
    this.#index.set(watcher, path, mask & ~SELECTED[what]);
    return (mask & SELECTED[what]) !== 0;
  }

  /** The session of this watcher has ended. */
  removeAll(watcher: Watcher): void {
    for (const path of [...(this.#index.of(watcher) ?? NOTHING)]) this.#index.set(watcher, path, 0);
  }

  has(watcher: Watcher, path: string, kind: WatchKind): boolean {
    return (this.#index.mask(watcher, path) & MASKS[kind]) !== 0;
  }

  watchesOf(watcher: Watcher): readonly WatchKey[] {
    return [...(this.#index.of(watcher) ?? NOTHING)].flatMap((path) => keysOf(path, this.#index.mask(watcher, path)));
  }

  get counts(): WatchCounts {
    return { watchers: this.#index.watcherCount, paths: this.#index.pathCount, watches: this.#index.watches };
  }

  /**
   * Who is told of the events of one applied transaction: in the order of the events, watchers of one
   * event in the order in which they came to its path, then those of its ancestors upwards. One-shot
   * watches that are met are spent, also those whose watcher may not read the node (as in ZooKeeper).
   * @param events all of one transaction, so that nobody is told of half a multi (S29).
   */
  select<Event extends WatchEvent>(
    events: readonly Event[],
    mayRead: MayRead<Watcher, Event>,
  ): readonly Notification<Watcher>[] {
    if (this.#index.watches === 0) return NOTHING;
    const notifications: Notification<Watcher>[] = [];
    const applied = this.#zxid;
    for (const event of events) {
      assert(event.zxid > applied && event.zxid === events[0]?.zxid, 'events are of one transaction, newer than any watch');
      this.#zxid = event.zxid;
      for (const [watcher, watches] of this.#met(event)) {
        if (mayRead(watcher, event)) notifications.push(notification(watcher, event, watches));
      }
    }
    return notifications;
  }

  /**
   * The state was replaced by a newer one (SNAP). One-shot watches that the difference meets fire once,
   * at the zxid of the new state; each persistent watch is given a {@link Resync}. Notifications come
   * first, all in the order in which the paths came to be watched.
   * @param mayRead asked of the state after the jump, for deleted nodes of the one before.
   */
  jump(jump: Jump, mayRead: MayRead<Watcher>): readonly (Notification<Watcher> | Resync<Watcher>)[] {
    assert(jump.from >= this.#zxid && jump.zxid > jump.from, 'a jump goes from the newest state forward');
    const paths = [...this.#index.paths()];
    const notifications = paths.flatMap((path) => this.#compareOneShots(path, jump, mayRead));
    this.#zxid = jump.zxid;
    return [...notifications, ...paths.flatMap((path) => this.#resync(path, jump, mayRead))];
  }

  /** Spends what an event meets. */
  #met(event: WatchEvent): ReadonlyMap<Watcher, WatchKey[]> | readonly never[] {
    let met = this.#meet(undefined, event.path, MET[event.type]);
    if (this.#index.recursive > 0 && event.type !== 'children') {
      for (let path = event.path; path !== '/'; ) {
        path = parentOf(path);
        met = this.#meet(met, path, RECURSIVE);
      }
    }
    return met ?? NOTHING;
  }

  #meet(
    met: Map<Watcher, WatchKey[]> | undefined,
    path: string,
    mask: WatchMask,
  ): Map<Watcher, WatchKey[]> | undefined {
    const watchers = this.#index.at(path);
    if (watchers === undefined) return met;
    const all = met ?? new Map<Watcher, WatchKey[]>();
    for (const [watcher, watched] of [...watchers]) {
      if ((watched & mask) === 0) continue;
      all.set(watcher, [...(all.get(watcher) ?? NOTHING), ...keysOf(path, watched & mask)]);
      this.#index.set(watcher, path, watched & ~(mask & ONE_SHOT));
    }
    return all;
  }

  #compareOneShots(path: string, jump: Jump, mayRead: MayRead<Watcher>): Notification<Watcher>[] {
    const watchers = [...present(this.#index.at(path), 'a watched path')].filter(([, mask]) => (mask & ONE_SHOT) !== 0);
    if (watchers.length === 0) return [];
    const { data, child } = oneShotEvents(path, jump);
    const notifications: Notification<Watcher>[] = [];
    for (const [watcher, watched] of watchers) {
      for (const type of new Set([data, child])) {
        if (type === undefined) continue;
        const mask = watched & ONE_SHOT & ((type === data ? DATA : 0) | (type === child ? MASKS.child : 0));
        if (mask === 0) continue;
        this.#index.set(watcher, path, this.#index.mask(watcher, path) & ~mask);
        const event = { type, path, zxid: jump.zxid };
        if (mayRead(watcher, event)) notifications.push(notification(watcher, event, keysOf(path, mask)));
      }
    }
    return notifications;
  }

  #resync(path: string, jump: Jump, mayRead: MayRead<Watcher>): Resync<Watcher>[] {
    const markers: Resync<Watcher>[] = [];
    for (const kind of ['persistent', 'persistent-recursive'] as const) {
      const watchers = [...(this.#index.at(path) ?? NOTHING)].filter(([, mask]) => (mask & MASKS[kind]) !== 0);
      if (watchers.length === 0) continue;
      const difference = kind === 'persistent' ? nodeDifference(path, jump) : subtreeDifference(path, jump);
      for (const [watcher] of watchers) {
        const changes = difference.filter((event) => mayRead(watcher, event));
        markers.push({ type: 'resync', watcher, path, kind, from: jump.from, zxid: jump.zxid, changes });
      }
    }
    return markers;
  }
}

function keysOf(path: string, mask: WatchMask): WatchKey[] {
  return kindsOf(mask).map((kind) => ({ path, kind }));
}

function notification<Watcher>(
  watcher: Watcher,
  { type, path, zxid }: WatchEvent,
  watches: readonly WatchKey[],
): Notification<Watcher> {
  return { watcher, type, path, zxid, watches };
}
