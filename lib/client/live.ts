import { QuorateError } from '../base/errors.ts';
import { messageOf } from '../peer/events.ts';
import { type Consumer, type Cursor, SAME, type StateSource } from './cursor.ts';
import type { Live } from './feed.ts';
import { type Entered, type FeedContext, StateFeed } from './state-feed.ts';

/** What all consumers of one live value share. */
interface Newest<T> {
  value: T;
  zxid: bigint;
  error: QuorateError | undefined;
  /** Counts the values, so that no consumer is given one twice. */
  count: number;
  readonly consumers: Set<Cursor<T>>;
  /** Why there will be no newer one, once that is so. */
  end: { readonly error: unknown } | undefined;
}

/** Keeps the newest state of a watch at hand, and is a feed of it. */
export class LiveState<T> extends StateFeed<T> implements Live<T> {
  readonly #newest: Newest<T>;
  readonly #entered: Entered<T>;
  readonly #consumer: Consumer<T> = {
    item: (value) => {
      this.#renew(value);
      this.#entered.cursor.next(this.#consumer);
    },
    refused: (error) => {
      this.#newest.error = asQuorateError(error);
      this.context.report(error);
      this.#entered.cursor.next(this.#consumer);
    },
    ended: (error) => {
      this.#entered.leave();
      this.#newest.error = asQuorateError(error);
      this.#end(error);
    },
  };

  /** @param entered a place in the watch, just behind `first` */
  constructor(first: T, entered: Entered<T>, context: FeedContext) {
    const newest: Newest<T> = {
      value: first,
      zxid: entered.cursor.zxid,
      error: undefined,
      count: 1,
      consumers: new Set(),
      end: undefined,
    };
    super((cursor) => openNewest(newest, cursor), context);
    this.#newest = newest;
    this.#entered = entered;
    entered.cursor.next(this.#consumer);
  }

  get value(): T {
    return this.#newest.value;
  }

  get zxid(): bigint {
    return this.#newest.zxid;
  }

  get error(): QuorateError | undefined {
    return this.#newest.error;
  }

  close(): Promise<void> {
    this.#entered.leave();
    this.#end(QuorateError.make('CLOSED', `${this.context.what} was closed`));
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #renew(value: T): void {
    const newest = this.#newest;
    newest.value = value;
    newest.zxid = this.#entered.cursor.zxid;
    newest.error = undefined;
    newest.count += 1;
    for (const consumer of [...newest.consumers]) consumer.changed();
  }

  #end(error: unknown): void {
    this.#newest.end ??= { error };
    for (const consumer of [...this.#newest.consumers]) consumer.end(error);
  }
}

function openNewest<T>(newest: Newest<T>, cursor: Cursor<T>): StateSource<T> {
  let given = 0;
  let zxid = 0n;
  newest.consumers.add(cursor);
  cursor.changed();
  if (newest.end !== undefined) cursor.end(newest.end.error);
  return {
    take() {
      if (given === newest.count) return SAME;
      given = newest.count;
      zxid = newest.zxid;
      return newest.value;
    },
    get zxid() {
      return zxid;
    },
    close: () => void newest.consumers.delete(cursor),
  };
}

function asQuorateError(error: unknown): QuorateError {
  if (QuorateError.is(error)) return error;
  return QuorateError.make('INVALID_DATA', messageOf(error), { cause: error });
}
