import type { WatchedNode } from '../replica/ready.ts';

/** What one transaction did to a path; without a node: it was deleted. */
interface Touched {
  readonly path: string;
  readonly node: WatchedNode | undefined;
}

/** What one transaction did within a subtree, in its order. */
export interface Transaction {
  readonly zxid: bigint;
  readonly changes: readonly Touched[];
}

/** Changes that may wait as whole transactions, and the bytes of their data. */
const CHANGES_MAX = 10_000;
const BYTES_MAX = 8 * 1024 * 1024;

/**
 * What the consumer of a subtree has not taken yet. While it is little: the transactions. Beyond that
 * only which paths are concerned, without their data: what became of them is read when the consumer
 * asks. So it is bounded by the tree, however slow the consumer is.
 */
export class Backlog {
  #waiting: Transaction[] = [];
  #changes = 0;
  #bytes = 0;
  /** The transaction whose events are coming in. */
  #open: { readonly zxid: bigint; readonly changes: Touched[] } | undefined;
  #lost: Set<string> | 'everything' | undefined;

  /**
   * The paths of which there is more to know behind the transactions that wait: any path, where nobody
   * saw what happened.
   */
  get lost(): ReadonlySet<string> | 'everything' | undefined {
    return this.#waiting.length > 0 ? undefined : this.#lost;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#lost === undefined;
  }

  /** One event of a transaction. */
  add(zxid: bigint, path: string, node: WatchedNode | undefined): void {
    this.#open ??= { zxid, changes: [] };
    this.#open.changes.push({ path, node });
  }

  /** The transaction is whole. */
  complete(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    if (this.#lost !== undefined) {
      this.#forget(open);
      return;
    }
    this.#waiting.push(open);
    this.#changes += open.changes.length;
    this.#bytes += bytesOf(open);
    const isMuch = this.#changes > CHANGES_MAX || this.#bytes > BYTES_MAX;
    // A single one is told as it is, however large.
    if (isMuch && this.#waiting.length > 1) this.#fold();
  }

  /** These paths may be other than what was told; from here on nothing is told but the difference. */
  lose(paths: readonly string[] | 'everything'): void {
    if (paths === 'everything' || this.#lost === 'everything') this.#lost = 'everything';
    else {
      this.#lost ??= new Set();
      for (const path of paths) this.#lost.add(path);
    }
  }

  /** The next transaction that waits. */
  take(): Transaction | undefined {
    const transaction = this.#waiting.shift();
    if (transaction === undefined) return undefined;
    this.#changes -= transaction.changes.length;
    this.#bytes -= bytesOf(transaction);
    return transaction;
  }

  /** All that has happened was told: what follows is told as it comes. */
  restart(): void {
    this.#lost = undefined;
    this.#open = undefined;
  }

  #fold(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#changes = 0;
    this.#bytes = 0;
    for (const transaction of waiting) this.#forget(transaction);
  }

  #forget({ changes }: Transaction): void {
    this.lose(changes.map(({ path }) => path));
  }
}

function bytesOf({ changes }: Transaction): number {
  return changes.reduce((sum, { node }) => sum + (node?.data.length ?? 0), 0);
}
