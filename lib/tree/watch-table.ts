/**
 * The watches that the sessions of one peer have set: local, never replicated. A watch is set in the
 * same synchronous step in which the node is read, at one applied zxid; from then on each applied
 * transaction passes through {@link WatchTable.select} before anything that reflects it leaves (S22 to
 * S24). An event that no watch meets costs one look-up by path, and one per ancestor while there are
 * recursive watches.
 */
import { assert } from '../base/assert.ts';
import { parentOf } from '../base/path.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import type { Acl } from './acl.ts';
import type { TreeEvent } from './tree-event.ts';
import type { NodeEvent, Notification, ResyncEvent, WatchKey, WatchKind } from './watch-event.ts';
import { kindsOf, MASKS, WatchIndex, type WatchMask } from './watch-index.ts';
import { type Jump, nodeDifference, oneShotEvents, subtreeDifference } from './watch-jump.ts';

/** Whether this watcher may READ a node with this ACL: asked when an event of the node fires, as in ZooKeeper. */
export type MayRead<Watcher> = (watcher: Watcher, acl: Acl) => boolean;

/** Sizes, as ZooKeeper's `wchs` counts them. */
export interface WatchCounts {
  readonly watchers: number;
  readonly paths: number;
  readonly watches: number;
}

/** Whom an event meets, and in which of its watches. */
type Met<Watcher> = Iterable<readonly [Watcher, readonly WatchKey[]]>;

const NOTHING: readonly never[] = [];
const DATA = MASKS.data | MASKS.exist;
const ONE_SHOT = DATA | MASKS.child;
const RECURSIVE = MASKS['persistent-recursive'];
const LASTING = MASKS.persistent | RECURSIVE;

/** Which watches on the node itself an event meets, as in ZooKeeper's DataTree. */
const MET: Readonly<Record<TreeEvent['type'], WatchMask>> = {
  created: DATA | LASTING,
  'data-changed': DATA | LASTING,
  deleted: ONE_SHOT | LASTING,
  'children-changed': MASKS.child | MASKS.persistent,
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
  remove(watcher: Watcher, path: string, kind: WatchKind | 'any'): boolean {
    const mask = this.#index.mask(watcher, path);
    const removed = kind === 'any' ? mask : mask & MASKS[kind];
    this.#index.set(watcher, path, mask & ~removed);
    return removed !== 0;
  }

  /** The session of this watcher has ended. */
  removeAll(watcher: Watcher): void {
    for (const path of this.#index.pathsOf(watcher)) this.#index.set(watcher, path, 0);
  }

  has(watcher: Watcher, path: string, kind: WatchKind): boolean {
    return (this.#index.mask(watcher, path) & MASKS[kind]) !== 0;
  }

  watchesOf(watcher: Watcher): readonly WatchKey[] {
    return this.#index
      .pathsOf(watcher)
      .flatMap((path) => keysOf(path, this.#index.mask(watcher, path)));
  }

  get counts(): WatchCounts {
    return {
      watchers: this.#index.watcherCount,
      paths: this.#index.pathCount,
      watches: this.#index.watches,
    };
  }

  /**
   * Who is told of the events of one applied transaction: in the order of the events, watchers of one
   * event in the order in which they came to its path, then those of its ancestors upwards. One-shot
   * watches that are met are spent, also those whose watcher may not read the node (as in ZooKeeper).
   * @param events all of the transaction, so that nobody is told of half a multi (S29).
   */
  select(
    zxid: Zxid,
    events: readonly TreeEvent[],
    mayRead: MayRead<Watcher>,
  ): readonly Notification<Watcher, NodeEvent>[] {
    assert(zxid > this.#zxid, 'a transaction is newer than any state that was watched');
    this.#zxid = zxid;
    if (this.#index.watches === 0) return NOTHING;
    const notifications: Notification<Watcher, NodeEvent>[] = [];
    for (const event of events) notify(notifications, event, this.#met(event), mayRead);
    return notifications;
  }

  /**
   * The state was replaced by a newer one (SNAP). One-shot watches that the difference meets fire once,
   * at the zxid of the new state; each persistent watch is given a `resync`. One-shot events come
   * first, all in the order in which the paths came to be watched.
   */
  jump(jump: Jump, mayRead: MayRead<Watcher>): readonly Notification<Watcher>[] {
    assert(
      jump.from >= this.#zxid && jump.zxid > jump.from,
      'a jump goes from the newest state forward',
    );
    this.#zxid = jump.zxid;
    const paths = this.#index.paths();
    const fired = paths.flatMap((path) => this.#fire(path, jump, mayRead));
    return [...fired, ...paths.flatMap((path) => this.#resync(path, jump, mayRead))];
  }

  /** Spends what an event meets. */
  #met(event: TreeEvent): Met<Watcher> {
    let met = this.#meet(undefined, event.path, MET[event.type]);
    if (this.#index.recursive > 0 && event.type !== 'children-changed') {
      for (let path = event.path; path !== '/'; ) {
        path = parentOf(path);
        met = this.#meet(met, path, RECURSIVE);
      }
    }
    return met ?? NOTHING;
  }

  /** Whoever watches a path in one way shares one list of keys. What is spent leaves the map that is walked. */
  #meet(
    met: Map<Watcher, readonly WatchKey[]> | undefined,
    path: string,
    mask: WatchMask,
  ): Map<Watcher, readonly WatchKey[]> | undefined {
    const watchers = this.#index.at(path);
    if (watchers === undefined) return met;
    const all = met ?? new Map<Watcher, readonly WatchKey[]>();
    let kinds: WatchMask = 0;
    let keys: readonly WatchKey[] = NOTHING;
    for (const [watcher, watched] of watchers) {
      const hit = watched & mask;
      if (hit === 0) continue;
      if (hit !== kinds) {
        kinds = hit;
        keys = keysOf(path, hit);
      }
      const before = met?.get(watcher);
      all.set(watcher, before === undefined ? keys : [...before, ...keys]);
      if ((hit & ONE_SHOT) !== 0) this.#index.set(watcher, path, watched & ~(hit & ONE_SHOT));
    }
    return all;
  }

  /** One-shot watches of one path over a jump. */
  #fire(path: string, jump: Jump, mayRead: MayRead<Watcher>): Notification<Watcher, NodeEvent>[] {
    const watchers = this.#watchersOf(path, ONE_SHOT);
    if (watchers.length === 0) return [];
    const { data, child } = oneShotEvents(path, jump);
    const notifications: Notification<Watcher, NodeEvent>[] = [];
    for (const [watcher, watched] of watchers) {
      for (const event of new Set([data, child])) {
        if (event === undefined) continue;
        const met = watched & ((event === data ? DATA : 0) | (event === child ? MASKS.child : 0));
        if (met === 0) continue;
        this.#index.set(watcher, path, this.#index.mask(watcher, path) & ~met);
        if (!mayRead(watcher, event.acl)) continue;
        const { type } = event;
        notifications.push({
          watcher,
          event: { type, path, zxid: jump.zxid, watches: keysOf(path, met) },
        });
      }
    }
    return notifications;
  }

  /** Persistent watches of one path over a jump. */
  #resync(
    path: string,
    jump: Jump,
    mayRead: MayRead<Watcher>,
  ): Notification<Watcher, ResyncEvent>[] {
    const { from, zxid } = jump;
    const notifications: Notification<Watcher, ResyncEvent>[] = [];
    for (const kind of ['persistent', 'persistent-recursive'] as const) {
      const watchers = this.#watchersOf(path, MASKS[kind]);
      if (watchers.length === 0) continue;
      const difference =
        kind === 'persistent' ? nodeDifference(path, jump) : subtreeDifference(path, jump);
      for (const [watcher] of watchers) {
        const changes = difference.filter((event) => mayRead(watcher, event.acl));
        notifications.push({ watcher, event: { type: 'resync', path, kind, from, zxid, changes } });
      }
    }
    return notifications;
  }

  /** A copy: watches may be spent while it is walked. */
  #watchersOf(path: string, mask: WatchMask): readonly (readonly [Watcher, WatchMask])[] {
    const watchers = this.#index.at(path);
    if (watchers === undefined) return NOTHING;
    return [...watchers].filter(([, watched]) => (watched & mask) !== 0);
  }
}

/** Whoever is met by watches of the same kinds shares one event. */
function notify<Watcher>(
  notifications: Notification<Watcher, NodeEvent>[],
  { type, path, zxid, acl }: TreeEvent,
  met: Met<Watcher>,
  mayRead: MayRead<Watcher>,
): void {
  let event: NodeEvent | undefined;
  for (const [watcher, watches] of met) {
    if (!mayRead(watcher, acl)) continue;
    if (event?.watches !== watches) event = { type, path, zxid, watches };
    notifications.push({ watcher, event });
  }
}

function keysOf(path: string, mask: WatchMask): WatchKey[] {
  return kindsOf(mask).map((kind) => ({ path, kind }));
}
