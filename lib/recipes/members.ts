import { nameOf, parentOf } from '../base/path.ts';
import type { TreeUpdate } from '../client/feed.ts';

/** One who is there. */
export interface Member<T> {
  /** The name of its node. */
  readonly name: string;
  /** What it says of itself. */
  readonly data: T;
  /** Its node. */
  readonly path: string;
  /** The czxid of its node: a member that was away meanwhile has another one. */
  readonly fence: bigint;
  /** When it joined, in ms since 1970, by the clock of the leader. */
  readonly since: number;
}

/** What has become of a group in one transaction. */
export interface GroupChange<T> {
  /** All who are there now, by name. */
  readonly members: ReadonlyMap<string, Member<T>>;
  /** Who has come. */
  readonly joined: readonly Member<T>[];
  /** Who has gone, as it was last. */
  readonly left: readonly Member<T>[];
  /** Who has set its data, be it to the same. */
  readonly changed: readonly Member<T>[];
}

/** The members as one consumer has heard of them. */
export class Members<T> {
  readonly #folder: string;
  #last: GroupChange<T> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The same again where nobody has come, gone, or written. */
  take({ changes }: TreeUpdate<T>): GroupChange<T> {
    const before = this.#last?.members ?? new Map<string, Member<T>>();
    const members = new Map(before);
    const joined: Member<T>[] = [];
    const left: Member<T>[] = [];
    const changed: Member<T>[] = [];
    for (const change of changes) {
      // The root is its own parent.
      if (change.path === this.#folder || parentOf(change.path) !== this.#folder) continue;
      const name = nameOf(change.path);
      const was = before.get(name);
      if (change.type === 'deleted') {
        members.delete(name);
        if (was !== undefined) left.push(was);
        continue;
      }
      const { path, data, stat } = change;
      const member = { name, data, path, fence: stat.czxid, since: stat.ctime };
      members.set(name, member);
      const isSame = was?.fence === member.fence;
      if (was !== undefined && !isSame) left.push(was);
      (isSame ? changed : joined).push(member);
    }
    const isNew = joined.length + left.length + changed.length > 0;
    if (this.#last === undefined || isNew) {
      this.#last = { members: inOrder(members), joined, left, changed };
    }
    return this.#last;
  }
}

function inOrder<T>(members: ReadonlyMap<string, Member<T>>): ReadonlyMap<string, Member<T>> {
  return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}
