import { QuorateError } from '../base/errors.ts';
import { joinPath, parentOf } from '../base/path.ts';
import type { Client, ReadOptions, Znode } from '../client/client.ts';
import { bytes, refusePromise } from '../client/codec.ts';
import type { Watch } from '../client/feed.ts';
import { isOvertaken, nodeItself } from '../client/guard.ts';
import type { Op } from '../client/operation.ts';
import { checkCall, type StopOptions, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { checkPlace, type Stat } from './any-client.ts';
import { makeFolder } from './folder.ts';
import { MappedWatch } from './mapped-watch.ts';
import { Patience } from './patience.ts';

/** How a value is kept. */
export interface ConfigOptions<Absent> {
  /** The value while the node is absent; it is never written. All are given this very one: do not change it. @default undefined */
  readonly fallback?: Absent;
  /** How many values to keep in the history, the present one included; 0: none. @default 10 */
  readonly history?: number;
}

/** How many a history may keep: the oldest go in the transaction that adds one. */
const HISTORY_MAX = 1_000;

/**
 * A value that every process has at hand, and is told of when it changes. Data is typed, and checked where the
 * client has a schema: `peer.as(json(schema))`. See the guide `config.md`.
 *
 * ```ts
 * import { json, openPeer } from 'quorate';
 * import { Config } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const limits = new Config(peer.as(json<{ perSecond: number }>()), '/config/limits', {
 *   fallback: { perSecond: 10 },
 * });
 * await using live = await limits.watch().live();
 * console.log(live.value.perSecond);                                   // 10; read as often as you like
 * await limits.set({ perSecond: 20 });
 * await limits.update((now) => ({ perSecond: now.perSecond * 2 }));
 * console.log((await limits.history()).map(({ data }) => data));       // the newest first
 * await peer.close();
 * ```
 */
export class Config<T = string, In = T, Absent = undefined> {
  readonly #client: Client<T, In>;
  readonly #path: string;
  readonly #folder: string;
  readonly #fallback: Absent | undefined;
  readonly #kept: number;

  /**
   * Free: nothing is asked before the value is.
   * @param path the node whose data is the value; its child `history` has those that were set
   */
  constructor(client: Client<T, In>, path: string, options?: ConfigOptions<Absent>) {
    checkPlace('Config', client, path);
    checkCall('Config', options, ['fallback', 'history']);
    const { history = 10 } = options ?? {};
    if (typeof history !== 'number') throw new TypeError('Config: history is a number');
    if (!Number.isInteger(history) || history < 0 || history > HISTORY_MAX) {
      throw new RangeError(`Config: history is 0 to ${HISTORY_MAX}`);
    }
    this.#client = client;
    this.#path = path;
    this.#folder = joinPath(path, 'history');
    this.#fallback = options?.fallback;
    this.#kept = history;
  }

  /** The value, as this peer knows it. @throws {QuorateError} INVALID_DATA: it is none */
  async get(options?: ReadOptions): Promise<T | Absent> {
    return this.#of(await this.#client.find(this.#path, options));
  }

  /**
   * Replaces the value, whatever it was; also a bad one.
   * @throws {QuorateError} INVALID_DATA: the schema refuses it, and nothing was written
   */
  async set(value: In, options?: WaitOptions): Promise<void> {
    checkCall('Config.set', options, WAIT_OPTIONS);
    const raw = this.#client.as(bytes);
    await this.#replace(new Patience(options), async (wait) => {
      const stat = await raw.exists(this.#path, wait);
      return { stat, value };
    });
  }

  /**
   * Compare-and-set until it succeeds. `change` is synchronous and may run again: it returns a new value, above
   * all where it was given the fallback. Resolves with the value as it is read, which may be a newer one already.
   * @throws {QuorateError} INVALID_DATA: the present value is none, or the schema refuses the new one
   */
  async update(change: (value: T | Absent) => In, options?: WaitOptions): Promise<T | Absent> {
    if (typeof change !== 'function') throw new TypeError('Config.update: change is a function');
    checkCall('Config.update', options, WAIT_OPTIONS);
    const wait = new Patience(options);
    await this.#replace(wait, async (left) => {
      const node = await this.#client.find(this.#path, left);
      const value = change(this.#of(node));
      refusePromise(value, 'Config.update: change must be synchronous; it may run again');
      return { stat: node?.stat, value };
    });
    try {
      return await this.get(wait.left);
    } catch (error) {
      throw QuorateError.is(error) ? applied(error) : error;
    }
  }

  /**
   * The value now, and after every change; the fallback while the node is absent. In a `live()` one that the
   * schema refuses changes nothing: the last good one stays, and `error` tells. A listener is not called with
   * it: the `error` event of the peer tells. A `for await` throws.
   */
  watch(options?: StopOptions): Watch<T | Absent> {
    return new MappedWatch(this.#client.watch(this.#path, options), (node) => this.#of(node));
  }

  /** What was set through this recipe, the newest first: `stat.ctime` says when. Bad ones are left out. */
  async history(options?: ReadOptions): Promise<Znode<T>[]> {
    const names = await this.#names(options);
    const nodes = await Promise.all(
      names.map((name) => this.#client.find(joinPath(this.#folder, name), options).catch(skip)),
    );
    return nodes.filter((node) => node !== undefined).reverse();
  }

  #of(node: Znode<T> | undefined): T | Absent {
    // Without a fallback the type says undefined.
    return node === undefined ? (this.#fallback as Absent) : node.data;
  }

  /** @param next what to write over which node, in which version; undefined: over none */
  async #replace(
    wait: Patience,
    next: (wait: WaitOptions) => Promise<{ stat: Stat | undefined; value: In }>,
  ): Promise<void> {
    for (;;) {
      const { stat, value } = await next(wait.left);
      const own: Op<In> =
        stat === undefined
          ? { create: this.#path, data: value }
          : { set: this.#path, data: value, version: stat.version };
      try {
        const ops = [own, ...(await this.#remember(value, wait.left))];
        await this.#over(stat).multi(ops, wait.left);
        return;
      } catch (error) {
        if (!isOvertaken(error, stat && this.#path)) throw error;
        if (stat !== undefined || !QuorateError.is(error, 'NO_NODE')) continue;
        const raw = this.#client.session.as(bytes);
        await makeFolder(raw, parentOf(this.#path), wait.left);
      }
    }
  }

  /** Writes there are over that very node: one that was made later has the same versions. */
  #over(stat: Stat | undefined): Client<T, In> {
    return stat === undefined ? this.#client : this.#client.guardedBy(nodeItself(this.#path, stat));
  }

  /** The new value in the history, and the oldest out of it. */
  async #remember(value: In, wait: WaitOptions): Promise<Op<In>[]> {
    if (this.#kept === 0) return [];
    const folder = await this.#client.exists(this.#folder, wait);
    const names = folder === undefined ? [] : await this.#names(wait);
    const make: Op<In>[] = folder === undefined ? [{ create: this.#folder }] : [];
    const old = names.slice(0, Math.max(0, names.length + 1 - this.#kept)).slice(0, HISTORY_MAX);
    return [
      ...make,
      { create: joinPath(this.#folder, 'value-'), data: value, sequential: true },
      ...old.map((name) => ({ delete: joinPath(this.#folder, name) })),
    ];
  }

  async #names(options: ReadOptions | undefined): Promise<string[]> {
    try {
      return await this.#client.children(this.#folder, options);
    } catch (error) {
      if (QuorateError.is(error, 'NO_NODE')) return [];
      throw error;
    }
  }
}

/** The write is in the tree, whatever has failed since. */
function applied(error: QuorateError): QuorateError {
  const details = { path: error.path, outcome: 'applied', cause: error } as const;
  return QuorateError.make(error.code, error.message, details);
}

function skip(error: unknown): undefined {
  if (!QuorateError.is(error, 'INVALID_DATA')) throw error;
}
