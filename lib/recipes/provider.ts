import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import { withOwnLane } from '../client/client-view.ts';
import { bytes } from '../client/codec.ts';
import type { StandardSchema } from '../client/standard-schema.ts';
import { WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import type { AnyClient } from './any-client.ts';
import { bounded } from './bounded.ts';
import { Directory, FOLDERS } from './directory.ts';
import type { Instance } from './instance.ts';
import { Pool, type Strategy } from './pool.ts';

/** What {@link ServiceRegistry.provider} may be told. */
export interface ProviderOptions extends WaitOptions {
  /** @default 'round-robin' */
  readonly strategy?: Strategy;
  /** Calls of `run` that throw in a row before an instance is ejected; Infinity: never. @default 5 */
  readonly ejectAfter?: number;
  /** Ms for which it is, the first time; up to ten times as long if it goes on. @default 30_000 */
  readonly ejectFor?: number;
}

/** Chooses among the instances of one service, from memory: what changes in the tree is there a moment later. */
export interface Provider<P = unknown> extends AsyncDisposable {
  /**
   * The instance for the next piece of work; `undefined`: there is none. Who is disabled or draining, or has
   * the weight 0, is never chosen; who is down or ejected only if all are.
   */
  readonly pick: () => Instance<P> | undefined;
  /**
   * Calls with the instance for the next piece of work. Counts what is under way for `least-loaded`, and ejects
   * for a while who throws too often in a row, unless half of them are ejected already.
   *
   * @throws what the call throws, as it is
   * @throws {QuorateError} NO_NODE: there is none
   */
  readonly run: <R>(call: (instance: Instance<P>) => R | Promise<R>) => Promise<R>;
  /** Follows the tree no longer. Idempotent. */
  readonly close: () => Promise<void>;
}

const STRATEGIES = ['round-robin', 'random', 'weighted', 'least-loaded', 'sticky'];
const KNOWN = [...WAIT_OPTIONS, 'strategy', 'ejectAfter', 'ejectFor'];

/** The options of {@link ServiceRegistry.provider} by name. */
export const PROVIDER_OPTIONS: readonly string[] = KNOWN;

export class ServiceProvider<P> implements Provider<P> {
  readonly #name: string;
  readonly #pool: Pool<P>;
  readonly #closing = new AbortController();

  /** @throws {TypeError | RangeError} the options */
  constructor(name: string, options: ProviderOptions | undefined) {
    const { strategy = 'round-robin', ejectAfter = 5, ejectFor = 30_000 } = options ?? {};
    if (!STRATEGIES.includes(strategy)) {
      throw new TypeError(`provider: strategy is one of ${STRATEGIES.join(', ')}, not ${strategy}`);
    }
    if (typeof ejectAfter !== 'number' || typeof ejectFor !== 'number') {
      throw new TypeError('provider: ejectAfter and ejectFor are numbers');
    }
    if (!(ejectAfter >= 1)) throw new RangeError('provider: ejectAfter is 1 or more');
    if (!(ejectFor >= 0)) throw new RangeError('provider: ejectFor is 0 or more');
    this.#name = name;
    this.#pool = new Pool(strategy, { after: ejectAfter, for: ejectFor });
  }

  /** Resolves when it knows what there is. */
  async open(
    client: AnyClient,
    root: string,
    schema: StandardSchema<unknown, P> | undefined,
    options: WaitOptions | undefined,
  ): Promise<void> {
    const name = this.#name;
    const { signal } = this.#closing;
    const directory = new Directory(root, schema, name, this.#pool.set);
    const view = withOwnLane(client).as(bytes);
    const known = Object.values(FOLDERS).map((folder) => {
      const feed = view.watchTree(joinPath(joinPath(root, folder), name), { signal });
      return new Promise<void>((resolve, reject) => {
        feed.subscribe((update) => {
          directory.take(update);
          resolve();
        });
        // A subscription does not tell that there is no client any more.
        feed.until(() => true, { signal }).catch(reject);
      });
    });
    const context = { what: `provider ${name}`, path: root };
    try {
      await bounded(Promise.all(known), options, context);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  readonly pick = (): Instance<P> | undefined => this.#pool.choose()?.instance;

  readonly run = async <R>(call: (instance: Instance<P>) => R | Promise<R>): Promise<R> => {
    if (typeof call !== 'function') throw new TypeError('Provider.run: the call is a function');
    const slot = this.#pool.choose();
    if (slot === undefined) {
      const message = `there is no instance of ${this.#name} that takes work`;
      throw QuorateError.make('NO_NODE', message);
    }
    slot.underWay += 1;
    try {
      const result = await call(slot.instance);
      this.#pool.succeeded(slot);
      return result;
    } catch (error) {
      this.#pool.failed(slot);
      throw error;
    } finally {
      slot.underWay -= 1;
    }
  };

  readonly close = (): Promise<void> => {
    this.#closing.abort();
    return Promise.resolve();
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
