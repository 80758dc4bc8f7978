/** Who watches which path, and how: one small number for all watches of one watcher on one path. */
import { present } from '../base/assert.ts';
import type { WatchKind } from './watch-event.ts';

/** A set of kinds of watches. */
export type WatchMask = number;

export const MASKS: Readonly<Record<WatchKind, WatchMask>> = {
  data: 1,
  exist: 2,
  child: 4,
  persistent: 8,
  'persistent-recursive': 16,
};

const KINDS: readonly WatchKind[] = [
  'data',
  'exist',
  'child',
  'persistent',
  'persistent-recursive',
];

/** The kinds in a set. */
export function kindsOf(mask: WatchMask): readonly WatchKind[] {
  return KINDS.filter((kind) => (mask & MASKS[kind]) !== 0);
}

/** How many kinds are in a set. */
function sizeOf(mask: WatchMask): number {
  let size = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) size += 1;
  return size;
}

/** Both directions, kept in step. */
export class WatchIndex<Watcher> {
  /** No inner map is empty and no mask is 0. */
  readonly #byPath = new Map<string, Map<Watcher, WatchMask>>();
  /** No set is empty. */
  readonly #byWatcher = new Map<Watcher, Set<string>>();
  /** Recursive watches: while there are none, no ancestor is looked at. */
  #recursive = 0;
  #watches = 0;

  get watches(): number {
    return this.#watches;
  }

  get recursive(): number {
    return this.#recursive;
  }

  get pathCount(): number {
    return this.#byPath.size;
  }

  get watcherCount(): number {
    return this.#byWatcher.size;
  }

  /** Who watches this path, in the order in which they came to it. */
  at(path: string): ReadonlyMap<Watcher, WatchMask> | undefined {
    return this.#byPath.get(path);
  }

  /** All watched paths, in the order in which they came to be. A copy. */
  paths(): readonly string[] {
    return [...this.#byPath.keys()];
  }

  /** The paths that a watcher watches, likewise. */
  pathsOf(watcher: Watcher): readonly string[] {
    return [...(this.#byWatcher.get(watcher) ?? [])];
  }

  mask(watcher: Watcher, path: string): WatchMask {
    return this.#byPath.get(path)?.get(watcher) ?? 0;
  }

  /** Makes the kinds of one watcher on one path exactly these. */
  set(watcher: Watcher, path: string, mask: WatchMask): void {
    const before = this.mask(watcher, path);
    if (before === mask) return;
    this.#watches += sizeOf(mask) - sizeOf(before);
    this.#recursive +=
      sizeOf(mask & MASKS['persistent-recursive']) - sizeOf(before & MASKS['persistent-recursive']);
    if (mask === 0) this.#forget(watcher, path);
    else if (before === 0) this.#enter(watcher, path, mask);
    else present(this.#byPath.get(path), 'the watchers of a watched path').set(watcher, mask);
  }

  #enter(watcher: Watcher, path: string, mask: WatchMask): void {
    const watchers = this.#byPath.get(path);
    if (watchers === undefined) this.#byPath.set(path, new Map([[watcher, mask]]));
    else watchers.set(watcher, mask);
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]));
    else paths.add(path);
  }

  #forget(watcher: Watcher, path: string): void {
    const watchers = present(this.#byPath.get(path), 'the watchers of a watched path');
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    const paths = present(this.#byWatcher.get(watcher), 'the paths of a watcher');
    paths.delete(path);
    if (paths.size === 0) this.#byWatcher.delete(watcher);
  }
}
