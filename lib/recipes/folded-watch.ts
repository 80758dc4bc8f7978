/** Watches whose states are made of the changes of a subtree. */
import { QuorateError } from '../base/errors.ts';
import { abortWith } from '../client/abort.ts';
import { refusePromise } from '../client/codec.ts';
import type { Feed, Live, TreeUpdate, Watch } from '../client/feed.ts';
import { StateFeed } from '../client/state-feed.ts';
import type { StopOptions, WaitOptions } from '../client/wait.ts';
import { bounded } from './bounded.ts';
import { Patience } from './patience.ts';
import { type Step, SteppedIterator } from './stepped-iterator.ts';

/** Makes one state of all changes so far. The same value again: nothing has changed for whoever looks. */
export interface Fold<T, S> {
  take(update: TreeUpdate<T>): S;
}

/** Opens the changes of a subtree, until the signal aborts. */
export type OpenFeed<T> = (options: StopOptions) => Feed<TreeUpdate<T>>;

/** One consumer's way through the changes. */
function stepsOf<T, S>(fold: Fold<T, S>): (update: TreeUpdate<T>) => Step<S> {
  let last: Step<S>;
  return (update) => {
    const state = fold.take(update);
    if (last !== undefined && last.state === state) return undefined;
    last = { state };
    return last;
  };
}

/** Every consumer makes the states for itself. */
export class FoldedWatch<T, S> implements Watch<S> {
  readonly #openFeed: OpenFeed<T>;
  readonly #fold: () => Fold<T, S>;
  readonly #signal: AbortSignal | undefined;
  readonly #feed: Feed<TreeUpdate<T>>;

  constructor(openFeed: OpenFeed<T>, fold: () => Fold<T, S>, options?: StopOptions) {
    this.#openFeed = openFeed;
    this.#fold = fold;
    this.#signal = options?.signal;
    this.#feed = openFeed(options ?? {});
  }

  subscribe(listener: (item: S) => void | Promise<void>): Disposable {
    if (typeof listener !== 'function') throw new TypeError('subscribe: a listener is a function');
    const step = stepsOf(this.#fold());
    return this.#feed.subscribe((update) => {
      const next = step(update);
      return next === undefined ? undefined : listener(next.state);
    });
  }

  until<U extends S>(test: (item: S) => item is U, options?: WaitOptions): Promise<U>;
  until(test: (item: S) => boolean, options?: WaitOptions): Promise<S>;
  until(test: (item: S) => boolean, options?: WaitOptions): Promise<S> {
    return new Promise((resolve, reject) => {
      const step = stepsOf(this.#fold());
      const isOver = (update: TreeUpdate<T>): boolean => {
        const next = step(update);
        if (next === undefined) return false;
        const passes: unknown = test(next.state);
        refusePromise(passes, 'until: test must be synchronous');
        if (!passes) return false;
        resolve(next.state);
        return true;
      };
      this.#feed.until(isOver, options).catch(reject);
    });
  }

  async live(options?: WaitOptions): Promise<Live<S>> {
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    // Waits, as long as it may, for a session to look through.
    await this.until(() => true, wait.left);
    const closing = new AbortController();
    abortWith(closing, this.#signal);
    const watch = new FoldedWatch(this.#openFeed, this.#fold, { signal: closing.signal });
    const updates = steady(watch.#feed);
    try {
      const first = await bounded(updates.next(), wait.left, { what: 'live', path: undefined });
      if (first.done === true) throw QuorateError.make('CLOSED');
      return new FoldedLive(watch, this.#fold(), updates, first.value, closing);
    } catch (error) {
      closing.abort();
      throw error;
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<S, undefined, undefined> {
    return new SteppedIterator(this.#feed[Symbol.asyncIterator](), stepsOf(this.#fold()));
  }
}

/** One bad node must not hide from a live value what becomes of the others. */
function steady<T>(feed: Feed<T>): AsyncIterator<T, undefined, undefined> {
  return feed instanceof StateFeed ? feed.steady() : feed[Symbol.asyncIterator]();
}

/** The newest state, kept while the changes come. */
class FoldedLive<T, S> implements Live<S> {
  readonly #watch: Watch<S>;
  readonly #fold: Fold<T, S>;
  readonly #updates: AsyncIterator<TreeUpdate<T>>;
  readonly #closing: AbortController;
  #value: S;
  #zxid: bigint;
  /** By path: what was refused, until something else becomes of it. */
  readonly #refused = new Map<string, QuorateError>();
  /** Why nothing more comes, or nothing for now. */
  #fault: QuorateError | undefined;

  constructor(
    watch: Watch<S>,
    fold: Fold<T, S>,
    updates: AsyncIterator<TreeUpdate<T>>,
    first: TreeUpdate<T>,
    closing: AbortController,
  ) {
    this.#watch = watch;
    this.#fold = fold;
    this.#updates = updates;
    this.#closing = closing;
    this.#value = fold.take(first);
    this.#zxid = first.zxid;
    void this.#follow();
  }

  get value(): S {
    return this.#value;
  }

  get zxid(): bigint {
    return this.#zxid;
  }

  get error(): QuorateError | undefined {
    return this.#fault ?? this.#refused.values().next().value;
  }

  subscribe(listener: (item: S) => void | Promise<void>): Disposable {
    return this.#watch.subscribe(listener);
  }

  until<U extends S>(test: (item: S) => item is U, options?: WaitOptions): Promise<U>;
  until(test: (item: S) => boolean, options?: WaitOptions): Promise<S>;
  until(test: (item: S) => boolean, options?: WaitOptions): Promise<S> {
    return this.#watch.until(test, options);
  }

  [Symbol.asyncIterator](): AsyncIterator<S> {
    return this.#watch[Symbol.asyncIterator]();
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** To the end: then the last good state stays, and the error says why. A change that is refused is left out. */
  async #follow(): Promise<void> {
    for (;;) {
      try {
        const next = await this.#updates.next();
        if (next.done === true) return;
        // Before it is taken, which may refuse one of them.
        for (const { path } of next.value.changes) this.#refused.delete(path);
        this.#value = this.#fold.take(next.value);
        this.#zxid = next.value.zxid;
        this.#fault = undefined;
      } catch (error) {
        this.#failed(
          QuorateError.is(error)
            ? error
            : QuorateError.make('INVALID_DATA', undefined, { cause: error }),
        );
      }
    }
  }

  #failed(error: QuorateError): void {
    const { code, path } = error;
    if (code === 'INVALID_DATA' && path !== undefined) this.#refused.set(path, error);
    else this.#fault = error;
  }
}
