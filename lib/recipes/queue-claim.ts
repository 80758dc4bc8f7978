/** One claim: the items that were taken with it, and how it is relieved of them. */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import type { Op } from '../client/operation.ts';
import type { RawSession } from './any-client.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { pause } from './patience.ts';
import { attemptOf, encodeClaim, nextName, noData, type QueuePlace } from './queue-place.ts';

/**
 * What becomes of an item. `done`: it is deleted. `again`: it goes back to its place, taken once more than
 * before; or to the dead, if that was the last time. `dead`: there at once. `untouched`: as if it had never
 * been taken.
 */
type Verdict = 'done' | 'again' | 'dead' | 'untouched';

interface Settling {
  readonly name: string;
  readonly verdict: Verdict;
  resolve(): void;
  reject(error: unknown): void;
}

/** How many items are settled in one transaction, and how many bytes may go back. */
const SETTLED_AT_ONCE = 256;
const BYTES_AT_ONCE = 256 * 1024;
/** Before something that the group was too busy for is asked again, ms. */
const PAUSE = 20;

/** Where a claim stands, and by whose right. */
export interface ClaimNode {
  readonly path: string;
  /** The czxid of its node. */
  readonly fence: bigint;
  /** The name of the node of whoever made it. */
  readonly taker: string;
}

/** Everything is done in transactions that check the claim: who has lost it changes nothing. */
export class QueueClaim {
  readonly node: ClaimNode;
  readonly #session: RawSession;
  readonly #guarded: RawSession;
  readonly #place: QueuePlace;
  readonly #maxAttempts: number;
  /** Items that it was not relieved of. */
  readonly #open: Set<string>;
  #waiting: Settling[] = [];
  /** Resolves when nothing of it is left. */
  readonly over: Promise<void>;
  #setOver: () => void = () => {};
  #isBusy = false;

  constructor(
    session: RawSession,
    node: ClaimNode,
    items: readonly string[],
    place: QueuePlace,
    maxAttempts: number,
  ) {
    this.node = node;
    this.#session = session;
    this.#guarded = session.guardedBy({ ...node, assertHeld: () => {} });
    this.#place = place;
    this.#maxAttempts = maxAttempts;
    this.#open = new Set(items);
    this.over = new Promise((resolve) => {
      this.#setOver = resolve;
    });
  }

  /** Nothing of it is left. */
  get isOver(): boolean {
    return this.#open.size === 0;
  }

  /** It is being relieved of something. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * Resolves when it is so; each item once. All that is settled while a transaction is on its way share
   * the next one.
   * @throws {QuorateError} GRANT_LOST: somebody else has it; or the end of the session
   */
  settle(name: string, verdict: Verdict): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, verdict, resolve, reject });
      if (this.#isBusy) return;
      this.#isBusy = true;
      queueMicrotask(() => void this.#drain());
    });
  }

  /** Gives back all that is left. Never rejects: what it cannot give back is somebody else's. */
  async giveBack(verdict: 'again' | 'untouched'): Promise<void> {
    const settled = [...this.#open].map((name) => this.settle(name, verdict));
    await Promise.allSettled(settled);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, SETTLED_AT_ONCE);
      try {
        const left = await this.#write(batch);
        this.#waiting.unshift(...left);
      } catch (error) {
        if (this.#isOverBy(error)) {
          for (const { reject } of batch) reject(error);
        } else {
          this.#waiting.unshift(...batch);
          await pause(PAUSE, this.#session.signal);
        }
      }
    }
    this.#isBusy = false;
    if (this.isOver) this.#setOver();
  }

  #isOverBy(error: unknown): boolean {
    return this.#session.signal.aborted || QuorateError.is(error, 'GRANT_LOST', 'NO_AUTH');
  }

  /** In one transaction. @returns what had no room in it */
  async #write(batch: readonly Settling[]): Promise<Settling[]> {
    const ops: Op<Uint8Array>[] = [];
    /** Whose item an operation is about. */
    const names: string[] = [];
    const settled: Settling[] = [];
    let bytes = 0;
    let count = 0;
    for (const settling of batch) {
      if (bytes > BYTES_AT_ONCE) break;
      count += 1;
      const own = await this.#opsFor(settling);
      if (own === undefined) continue;
      settled.push(settling);
      for (const op of own) {
        ops.push(op);
        names.push(settling.name);
        bytes += op.create === undefined ? 0 : (op.data?.length ?? 0);
      }
    }
    const left = new Set(this.#open);
    for (const { name } of settled) left.delete(name);
    const last = this.#relieve(left, settled);
    if (last !== undefined) ops.push(last);
    try {
      if (ops.length > 0) await this.#guarded.multi(ops, WITHOUT_END);
    } catch (error) {
      const index = QuorateError.is(error, 'NO_NODE') ? (error.index ?? -1) : -1;
      const name = names[index];
      if (name === undefined) throw error;
      if (ops[index]?.create !== undefined) await this.#makeDead();
      // Somebody has deleted the item itself: there is nothing to settle.
      else this.#open.delete(name);
      return [...batch];
    }
    for (const { name, resolve } of settled) {
      this.#open.delete(name);
      resolve();
    }
    return batch.slice(count);
  }

  /** What becomes of the claim itself: nobody reads the names of what is deleted. */
  #relieve(left: ReadonlySet<string>, settled: readonly Settling[]): Op<Uint8Array> | undefined {
    const { path, taker } = this.node;
    if (left.size === this.#open.size) return undefined;
    if (left.size === 0) return { delete: path };
    if (settled.every(({ verdict }) => verdict === 'done')) return undefined;
    return { set: path, data: encodeClaim({ taker, items: [...left] }) };
  }

  /** Undefined: it was refused. It stays where it is, and is in nobody's way. */
  async #opsFor({ name, verdict, reject }: Settling): Promise<Op<Uint8Array>[] | undefined> {
    const path = joinPath(this.#place.entries, name);
    if (verdict === 'untouched' || !this.#open.has(name)) return [];
    if (verdict === 'done') return [{ delete: path }];
    try {
      const node = await this.#session.find(path, WITHOUT_END);
      if (node === undefined) return [];
      const { dead, entries } = this.#place;
      const isDead = verdict === 'dead' || attemptOf(name) >= this.#maxAttempts;
      const create: Op<Uint8Array> = isDead
        ? { create: joinPath(dead, 'entry-'), data: node.data, sequential: true }
        : { create: joinPath(entries, nextName(name)), data: node.data };
      return [{ delete: path }, create];
    } catch (error) {
      // Nobody may read it here, and so nobody can put it anywhere else.
      if (!QuorateError.is(error, 'NO_AUTH')) throw error;
      reject(error);
      return undefined;
    }
  }

  /** Whoever cleans up may have deleted the folder. */
  async #makeDead(): Promise<void> {
    try {
      await this.#session.create(this.#place.dead, noData(), WITHOUT_END);
    } catch (error) {
      if (!QuorateError.is(error, 'NODE_EXISTS', 'NO_NODE')) throw error;
    }
  }
}
