/** One claim: the items that were taken with it, and how it is relieved of them. */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import { unguarded } from '../client/client-view.ts';
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
/** Before something that was refused is asked again, ms: whoever cleans up makes room. */
const REFUSED_PAUSE = 1_000;

/** What the operation on one item is refused with, and that on another need not be. */
const OF_ONE = ['NO_NODE', 'NO_AUTH', 'QUOTA_EXCEEDED', 'TOO_LARGE', 'NOT_EMPTY'] as const;

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
  /** For what is done: under the grant, too, if the client of the queue is guarded by one. */
  readonly #guarded: RawSession;
  /** For what goes back, whatever has become of that. */
  readonly #own: RawSession;
  readonly #place: QueuePlace;
  readonly #maxAttempts: number;
  /** Items that it was not relieved of. */
  readonly #open: Set<string>;
  /** Those of them that somebody has deleted. */
  readonly #gone = new Set<string>();
  #waiting: Settling[] = [];
  /** Resolves when nothing of it is left. */
  readonly over: Promise<void>;
  #setOver: () => void = () => {};
  #isBusy = false;
  /** Whoever gives back what a dead one has had comes again by himself. */
  #isForeign = false;

  constructor(
    session: RawSession,
    node: ClaimNode,
    items: readonly string[],
    place: QueuePlace,
    maxAttempts: number,
  ) {
    this.node = node;
    this.#session = session;
    const itself = { ...node, assertHeld: () => {} };
    this.#guarded = session.guardedBy(itself);
    this.#own = unguarded(session).guardedBy(itself);
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
   * @throws {QuorateError} GRANT_LOST: somebody else has it; what refuses it, such as NO_AUTH or QUOTA_EXCEEDED:
   * it stays with this claim, and is given back later if that is what was asked for; or the end of the session
   */
  settle(name: string, verdict: Verdict): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, verdict, resolve, reject });
      if (this.#isBusy) return;
      this.#isBusy = true;
      queueMicrotask(() => void this.#drain());
    });
  }

  /** Gives back all that a dead one has left. Never rejects: what it cannot give back is somebody else's. */
  async giveBack(verdict: 'again' | 'untouched'): Promise<void> {
    this.#isForeign = true;
    const settled = [...this.#open].map((name) => this.settle(name, verdict));
    await Promise.allSettled(settled);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      try {
        const left = await this.#write(batch);
        this.#waiting.unshift(...left);
      } catch (error) {
        if (this.#isOverBy(error)) {
          for (const { reject } of batch) reject(error);
          // It is gone itself, with all that was left of it.
          const isGone = QuorateError.is(error, 'GRANT_LOST') && error.path === this.node.path;
          if (isGone) this.#setOver();
        } else {
          this.#waiting.unshift(...batch);
          await pause(PAUSE, this.#session.signal);
        }
      }
    }
    this.#isBusy = false;
    if (this.isOver) this.#setOver();
  }

  /** The first that wait, and are all done or all given back: those that are done may be guarded by more. */
  #next(): Settling[] {
    const waiting = this.#waiting;
    const isDone = waiting[0]?.verdict === 'done';
    const end = waiting.findIndex(({ verdict }) => (verdict === 'done') !== isDone);
    const count = end < 0 ? waiting.length : end;
    return waiting.splice(0, Math.min(count, SETTLED_AT_ONCE));
  }

  /** Nobody else waits for it. */
  #refuse({ name, verdict, reject }: Settling, error: unknown): void {
    reject(error);
    if (verdict === 'done' || this.#isForeign) return;
    const again = async () => {
      await pause(REFUSED_PAUSE, this.#session.signal);
      if (!this.#session.signal.aborted) await this.settle(name, verdict);
    };
    again().catch(() => {});
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
      const view = batch[0]?.verdict === 'done' ? this.#guarded : this.#own;
      if (ops.length > 0) await view.multi(ops, WITHOUT_END);
    } catch (error) {
      const index = QuorateError.is(error, ...OF_ONE) ? (error.index ?? -1) : -1;
      const name = names[index];
      if (name === undefined) throw error;
      if (QuorateError.is(error, 'NO_NODE')) {
        if (ops[index]?.create !== undefined) await this.#makeDead();
        // Somebody has deleted the item itself: nothing is left but what the claim says of it.
        else this.#gone.add(name);
        return [...batch];
      }
      for (const settling of batch) if (settling.name === name) this.#refuse(settling, error);
      return batch.filter((settling) => settling.name !== name);
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
    if (verdict === 'untouched' || !this.#open.has(name) || this.#gone.has(name)) return [];
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
      await unguarded(this.#session).create(this.#place.dead, noData(), WITHOUT_END);
    } catch (error) {
      if (!QuorateError.is(error, 'NODE_EXISTS', 'NO_NODE')) throw error;
    }
  }
}
