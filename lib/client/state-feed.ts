import { offAbort, onAbort } from './abort.ts';
import { refusePromise } from './codec.ts';
import { type Consumer, Cursor, type OpenSource } from './cursor.ts';
import type { Feed } from './feed.ts';
import type { Lane } from './lane.ts';
import { type Listener, Subscription } from './subscription.ts';
import {
  aborted,
  type CutShort,
  checkCall,
  Deadline,
  NOT_APPLIED,
  type StopOptions,
  throwIfAborted,
  WAIT_OPTIONS,
  type WaitContext,
  type WaitOptions,
} from './wait.ts';

/** What a feed is, apart from where its states come from. */
export interface FeedContext extends WaitContext {
  /** Takes what a listener throws. */
  readonly report: (error: unknown) => void;
  /** Where listeners are called. */
  readonly lane: Lane;
}

/** A feed of states over any source; {@link Cursor} is what makes it conflate. */
export class StateFeed<T> implements Feed<T> {
  readonly #open: OpenSource<T>;
  protected readonly context: FeedContext;
  readonly #signal: AbortSignal | undefined;

  constructor(open: OpenSource<T>, context: FeedContext, options?: StopOptions) {
    this.#open = open;
    this.context = context;
    this.#signal = options?.signal;
  }

  subscribe(listener: Listener<T>): Disposable {
    if (typeof listener !== 'function') throw new TypeError('subscribe: a listener is a function');
    const subscription = new Subscription(this.#enter(), this.context, listener);
    return { [Symbol.dispose]: () => subscription.leave() };
  }

  until<U extends T>(test: (item: T) => item is U, options?: WaitOptions): Promise<U>;
  until(test: (item: T) => boolean, options?: WaitOptions): Promise<T>;
  until(test: (item: T) => boolean, options?: WaitOptions): Promise<T> {
    return this.wait('until', options, (value, { leave }) => {
      const passes: unknown = test(value);
      refusePromise(passes, 'until: test must be synchronous');
      if (!passes) return undefined;
      leave();
      return { result: value };
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined, undefined> {
    return new FeedIterator<T>(() => this.#enter());
  }

  /** For who goes on behind an item that is refused: his `next` rejects, and the one after it waits for what follows. */
  steady(): AsyncIterator<T, undefined, undefined> {
    return new FeedIterator<T>(() => this.#enter(), true);
  }

  /** The first state that `settle` takes; whatever ends the wait before, leaves. */
  protected wait<R>(
    name: string,
    options: WaitOptions | undefined,
    settle: (value: T, entered: Entered<T>) => { readonly result: R } | undefined,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      checkCall(name, options, WAIT_OPTIONS);
      throwIfAborted(options, this.context);
      const entered = this.#enter();
      const fail = (error: unknown) => {
        deadline.dispose();
        entered.leave();
        reject(error);
      };
      const cutShort = (error: CutShort) => fail(error(NOT_APPLIED));
      const deadline = new Deadline(options, Number.POSITIVE_INFINITY, {
        ...this.context,
        cutShort,
      });
      const item = (value: T) => {
        try {
          const settled = settle(value, entered);
          if (settled === undefined) return entered.cursor.next(consumer);
          deadline.dispose();
          resolve(settled.result);
        } catch (error) {
          fail(error);
        }
      };
      const consumer: Consumer<T> = { item, refused: fail, ended: fail };
      entered.cursor.next(consumer);
    });
  }

  /** A cursor of one consumer, ended by the signal of the watch. */
  #enter(): Entered<T> {
    const cursor = new Cursor(this.#open);
    const signal = this.#signal;
    if (signal === undefined) return { cursor, leave: () => cursor.close() };
    const end = () => cursor.end(aborted(signal, this.context));
    if (signal.aborted) end();
    else onAbort(signal, end);
    const leave = () => {
      offAbort(signal, end);
      cursor.close();
    };
    return { cursor, leave };
  }
}

/** A consumer's place in a feed, and its way out. */
export interface Entered<T> {
  readonly cursor: Cursor<T>;
  readonly leave: () => void;
}

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE = { value: undefined, done: true } as const;

/** What `for await` reads from. Registered with the first `next()`; after an error it is done, unless it is steady. */
class FeedIterator<T> implements AsyncIterator<T, undefined, undefined> {
  readonly #enter: () => Entered<T>;
  readonly #isSteady: boolean;
  #entered: Entered<T> | undefined;
  #over = false;
  /** Calls of `next()` that wait, in their order. */
  readonly #waiters: Waiter<T>[] = [];
  readonly #consumer: Consumer<T> = {
    item: (value) => {
      this.#waiters.shift()?.resolve({ value, done: false });
      if (this.#waiters.length > 0) this.#ask();
    },
    refused: (error) => {
      if (!this.#isSteady) return this.#fail(error);
      this.#waiters.shift()?.reject(error);
      if (this.#waiters.length > 0) this.#ask();
    },
    ended: (error) => this.#fail(error),
  };

  constructor(enter: () => Entered<T>, isSteady = false) {
    this.#enter = enter;
    this.#isSteady = isSteady;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#over) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#entered ??= this.#enter();
      if (this.#waiters.length === 1) this.#ask();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#finish();
    return Promise.resolve(DONE);
  }

  #ask(): void {
    this.#entered?.cursor.next(this.#consumer);
  }

  #fail(error: unknown): void {
    this.#waiters.shift()?.reject(error);
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#entered?.leave();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE);
  }
}
