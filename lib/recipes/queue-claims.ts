/** Who has taken what, as the changes below `taken` tell. */
import { nameOf } from '../base/path.ts';
import type { TreeChange, TreeUpdate } from '../client/feed.ts';
import { type ClaimRecord, decodeClaim, isRetired } from './queue-place.ts';

/** One claim, as it is in the tree. */
export interface SeenClaim extends ClaimRecord {
  readonly path: string;
  /** The czxid of its node. */
  readonly fence: bigint;
}

const TAKER = /-taker-\d{10}$/;

/** All claims at one transaction. */
export class Claims {
  readonly #taken: string;
  readonly #byPath = new Map<string, SeenClaim>();
  /** Names of the nodes of those who take, and when they came; undefined: they see to nothing any more. */
  readonly #takers = new Map<string, bigint | undefined>();
  readonly #items = new Set<string>();
  /** Counts the claims ever made: who claims writes it, and so none can overlook another one's. */
  version = -1;
  /** The transaction. */
  zxid = 0n;

  constructor(taken: string) {
    this.#taken = taken;
  }

  /** Items that somebody has. */
  get items(): ReadonlySet<string> {
    return this.#items;
  }

  take({ zxid, changes }: TreeUpdate<Uint8Array>): void {
    for (const change of changes) this.#take(change);
    this.zxid = zxid;
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  /** Whoever came first of those who are here sees to what nobody else does. */
  isEldest(taker: string): boolean {
    const own = this.#takers.get(taker);
    if (own === undefined) return false;
    for (const other of this.#takers.values()) {
      if (other !== undefined && other < own) return false;
    }
    return true;
  }

  /** Claims of those who are gone. */
  orphans(): SeenClaim[] {
    return [...this.#byPath.values()].filter(({ taker }) => !this.#takers.has(taker));
  }

  #take(change: TreeChange<Uint8Array>): void {
    if (change.path === this.#taken) {
      this.version = change.type === 'deleted' ? -1 : change.stat.version;
      return;
    }
    this.#forget(change.path);
    if (change.type === 'deleted') return;
    const { path, data, stat } = change;
    const name = nameOf(path);
    if (TAKER.test(name)) {
      this.#takers.set(name, isRetired(data) ? undefined : stat.czxid);
      return;
    }
    const record = decodeClaim(data);
    if (record === undefined) return;
    this.#byPath.set(path, { ...record, path, fence: stat.czxid });
    for (const item of record.items) this.#items.add(item);
  }

  #forget(path: string): void {
    this.#takers.delete(nameOf(path));
    const before = this.#byPath.get(path);
    if (before === undefined) return;
    this.#byPath.delete(path);
    for (const item of before.items) this.#items.delete(item);
  }
}
