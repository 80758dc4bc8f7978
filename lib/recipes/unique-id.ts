import { checkCall, throwIfAborted, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { bounded } from './bounded.ts';
import { Counter } from './counter.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { Patience } from './patience.ts';

/** How ids are had. */
export interface UniqueIdOptions {
  /**
   * How many one process takes at once: 1 to 1_000_000. With more than 1 most calls ask nobody; then the ids of
   * several processes do not rise together, and those that a process has left when it ends are never used.
   * @default 1
   */
  readonly block?: number;
}

const TIMEOUT = 10_000;
const BLOCK_MAX = 1_000_000;

/**
 * Names for everything: whole numbers, each given once in the whole group, from 1 on. Those of one process rise.
 * See the guide `unique-id.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { UniqueId } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const ids = new UniqueId(peer, '/ids/order', { block: 100 });
 * console.log(`order-${await ids.next()}`);
 * await peer.close();
 * ```
 */
export class UniqueId {
  readonly #path: string;
  readonly #block: number;
  /** Its number is the highest id that was taken by anybody. */
  readonly #counter: Counter;
  /** The next of those that are taken and not given yet, and how many they are. */
  #next = 0;
  #left = 0;
  /** The next block is on its way. */
  #refill: Promise<void> | undefined;

  /**
   * Free: nothing is asked before an id is.
   * @param path the node that counts: never delete it, or its ids are given again
   */
  constructor(client: AnyClient, path: string, options?: UniqueIdOptions) {
    checkPlace('UniqueId', client, path);
    checkCall('UniqueId', options, ['block']);
    const { block = 1 } = options ?? {};
    if (typeof block !== 'number') throw new TypeError('UniqueId: block is a number');
    if (!Number.isInteger(block) || block < 1 || block > BLOCK_MAX) {
      throw new RangeError(`UniqueId: block is 1 to ${BLOCK_MAX}`);
    }
    this.#path = path;
    this.#block = block;
    this.#counter = new Counter(client, path);
  }

  /**
   * An id that nobody has been given or will be. Calls that come together share a transaction.
   * @param options `timeout` @default 10_000
   * @throws {QuorateError} TIMED_OUT, ABORTED, SESSION_EXPIRED, CLOSED: an id may be lost, and is never used
   */
  async next(options?: WaitOptions): Promise<number> {
    checkCall('UniqueId.next', options, WAIT_OPTIONS);
    throwIfAborted(options, { what: `next ${this.#path}`, path: this.#path });
    const { timeout = TIMEOUT, ...stop } = options ?? {};
    if (this.#block === 1) return await this.#counter.add(1, { ...stop, timeout });
    const wait = new Patience({ ...stop, timeout });
    const context = { what: `next ${this.#path}`, path: this.#path };
    while (this.#left === 0) {
      this.#refill ??= this.#takeBlock();
      await bounded(this.#refill, wait.left, context);
    }
    const id = this.#next;
    this.#next += 1;
    this.#left -= 1;
    return id;
  }

  /** For all who wait. */
  async #takeBlock(): Promise<void> {
    try {
      const last = await this.#counter.add(this.#block, WITHOUT_END);
      this.#next = last - this.#block + 1;
      this.#left = this.#block;
    } finally {
      this.#refill = undefined;
    }
  }
}
