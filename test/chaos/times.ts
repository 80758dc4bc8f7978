/** What the tree's own clock says: the leaders' time, as the transactions tell it. */
import type { Told } from './history.ts';

/** A node was deleted because its time was over. */
interface Removed {
  readonly zxid: bigint;
  readonly path: string;
  /** Before it, in ms since 1970, it must not be. */
  readonly due: number;
}

export class Times {
  #latest = 0;
  /** Deletions tell no time: that of the next one that does is not earlier. */
  #removed: Removed[] = [];

  /** Answers what of it was too early. */
  take({ zxid, changes }: Told): string[] {
    const faults: string[] = [];
    for (const change of changes) {
      if (change.type === 'deleted') continue;
      const { path, stat } = change.node;
      const time = change.type === 'created' ? stat.ctime : stat.mtime;
      if (time < this.#latest) faults.push(`${zxid}: time went back to ${time} at ${path}`);
      this.#latest = Math.max(this.#latest, time);
    }
    if (changes.every(({ type }) => type === 'deleted')) return faults;
    for (const removed of this.#removed) {
      if (removed.due <= this.#latest) continue;
      const early = `${removed.due - this.#latest} ms or more before its time was over`;
      faults.push(`${removed.zxid} deleted ${removed.path} ${early}`);
    }
    this.#removed = [];
    return faults;
  }

  remove(removed: Removed): void {
    this.#removed.push(removed);
  }
}
