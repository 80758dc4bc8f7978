import type { Client, ReadOptions } from '../client/client.ts';
import type { Watch } from '../client/feed.ts';
import {
  checkCall,
  type StopOptions,
  throwIfAborted,
  WAIT_OPTIONS,
  type WaitOptions,
} from '../client/wait.ts';
import { Additions } from './additions.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { MappedWatch } from './mapped-watch.ts';
import { wholeNumber } from './number-codec.ts';

/**
 * A whole number that many add to, and every addition counts once. See the guide `counter.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Counter } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const orders = new Counter(peer, '/orders/count');
 * console.log(await orders.add());                 // 1
 * console.log(await orders.add(41));               // 42
 * await peer.close();
 * ```
 */
export class Counter {
  readonly #client: Client<number>;
  readonly #path: string;
  readonly #additions: Additions;

  /**
   * Free: nothing is asked before something is added.
   * @param path its node, whose data is the number as text; made where it is missing, with its parents
   */
  constructor(client: AnyClient, path: string) {
    checkPlace('Counter', client, path);
    this.#client = client.as(wholeNumber);
    this.#path = path;
    this.#additions = new Additions(this.#client, path);
  }

  /**
   * Adds, and resolves with the sum that this addition made: it was counted, once. Additions of one counter
   * that come together share a transaction, each with its own sum.
   *
   * @param delta a whole number, negative ones too. @default 1
   * @param options `timeout` @default 10_000
   * @throws {QuorateError} TIMED_OUT, ABORTED, SESSION_EXPIRED, CLOSED: `outcome` says whether it counts, and
   * `settled` what 'unknown' turned out to be. INVALID_DATA: the node has no number, or the sum would be beyond
   * 2^53 - 1; nothing was added
   */
  async add(delta = 1, options?: WaitOptions): Promise<number> {
    if (typeof delta !== 'number') throw new TypeError('Counter.add: delta is a number');
    if (!Number.isSafeInteger(delta)) throw new RangeError('Counter.add: delta is a whole number');
    checkCall('Counter.add', options, WAIT_OPTIONS);
    throwIfAborted(options, { what: `add ${this.#path}`, path: this.#path });
    return await this.#additions.add(delta, options);
  }

  /** The number, as this peer knows it; 0 while the node is absent. */
  async get(options?: ReadOptions): Promise<number> {
    const node = await this.#client.find(this.#path, options);
    return node?.data ?? 0;
  }

  /** The number now, and after every change; some may be skipped. */
  watch(options?: StopOptions): Watch<number> {
    return new MappedWatch(this.#client.watch(this.#path, options), (node) => node?.data ?? 0);
  }
}
