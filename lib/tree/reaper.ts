import { ABSENT, type DataTree } from './data-tree.ts';

/** A node that a sweep may remove; what a `reap` transaction names (S32). */
export interface Reapable {
  readonly path: string;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly cversion: number;
}

/** TTL nodes looked at for each one that may be given. */
const SEARCH = 16;

/** Finds what has outlived its use (ZooKeeper's ContainerManager): containers that are empty again, and TTL nodes. */
export class Reaper {
  readonly #tree: DataTree;
  /** Where the last sweep over the TTL nodes stopped. */
  #sweep: Iterator<string> | undefined;

  constructor(tree: DataTree) {
    this.#tree = tree;
  }

  /**
   * At most `limit` nodes to remove at a leader's time. A container that never had children stays; a
   * TTL node goes when it has no children and was not changed for its time to live. One call looks at
   * a bounded number of nodes; calls go round all of them.
   */
  find(time: number, limit: number): Reapable[] {
    const found: Reapable[] = [];
    for (const path of this.#tree.emptied) {
      if (found.length >= limit) return found;
      found.push(this.#seen(path));
    }
    for (let looked = 0; looked < limit * SEARCH && found.length < limit; looked += 1) {
      this.#sweep ??= this.#tree.ttls.values();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        return found;
      }
      if (this.#isOutlived(next.value, time)) found.push(this.#seen(next.value));
    }
    return found;
  }

  #isOutlived(path: string, time: number): boolean {
    const { table } = this.#tree;
    const row = this.#tree.find(path);
    return table.numChildren(row) === 0 && table.mtime(row) + table.ttl(row) <= time;
  }

  #seen(path: string): Reapable {
    const { czxid, mzxid, cversion } = this.#tree.table.stat(this.#tree.find(path));
    return { path, czxid, mzxid, cversion };
  }
}

/** Whether the node is still the one that was seen, unchanged and without children. */
export function isStill(tree: DataTree, seen: Reapable): boolean {
  const row = tree.find(seen.path);
  if (row === ABSENT) return false;
  const { czxid, mzxid, cversion, numChildren } = tree.table.stat(row);
  return (
    numChildren === 0 && czxid === seen.czxid && mzxid === seen.mzxid && cversion === seen.cversion
  );
}
