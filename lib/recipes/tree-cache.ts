import type { Client, Znode } from '../client/client.ts';
import type { TreeUpdate, Watch } from '../client/feed.ts';
import { checkCall, type StopOptions } from '../client/wait.ts';
import { checkPlace } from './any-client.ts';
import { FoldedWatch } from './folded-watch.ts';

/**
 * A subtree as a map of paths, always at hand: for code that cannot wait for a promise. See the guide
 * `tree-cache.md` for when `get` is better, which reads this peer's tree as well.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { TreeCache } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * await peer.create('/flags/dark-mode', 'on', { parents: true });
 * await using flags = await new TreeCache(peer, '/flags').watch().live();
 * console.log(flags.value.get('/flags/dark-mode')?.data);              // on
 * await peer.close();
 * ```
 */
export class TreeCache<T = string> {
  readonly #client: Client<T, never>;
  readonly #path: string;

  /**
   * Free: nothing is kept before it is watched.
   * @param path the node at the top, which is part of it
   */
  constructor(client: Client<T, never>, path: string) {
    checkPlace('TreeCache', client, path);
    this.#client = client;
    this.#path = path;
  }

  /**
   * All nodes by their paths, now and after every transaction that touches one; empty while there is none. Each
   * map is the present state, also one that was given before: to keep one, copy it. Each consumer has its own.
   * What a codec refuses is left out of a `live()`, or stays as it was there (`error` tells as long as that is so),
   * and ends a `for await`; a listener is not told of it.
   */
  watch(options?: StopOptions): Watch<ReadonlyMap<string, Znode<T>>> {
    checkCall('TreeCache.watch', options, ['signal']);
    return new FoldedWatch(
      (stop) => this.#client.watchTree(this.#path, stop),
      () => new Nodes<T>(),
      options,
    );
  }
}

/** The nodes as one consumer has heard of them. */
class Nodes<T> {
  readonly #byPath = new Map<string, Znode<T>>();

  take({ changes }: TreeUpdate<T>): ReadonlyMap<string, Znode<T>> {
    for (const change of changes) {
      if (change.type === 'deleted') this.#byPath.delete(change.path);
      else {
        const { path, data, stat } = change;
        this.#byPath.set(path, { path, data, stat });
      }
    }
    return new MapView(this.#byPath);
  }
}

/** A map that cannot be written; another one for each state, over the same nodes. */
class MapView<K, V> implements ReadonlyMap<K, V> {
  readonly #map: ReadonlyMap<K, V>;

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.#map) visit(value, key, this);
  }

  entries(): MapIterator<[K, V]> {
    return this.#map.entries();
  }

  keys(): MapIterator<K> {
    return this.#map.keys();
  }

  values(): MapIterator<V> {
    return this.#map.values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map.entries();
  }
}
