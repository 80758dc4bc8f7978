import { QuorateError } from '../base/errors.ts';
import { isThenable } from '../base/thenable.ts';
import type { Consumer } from './cursor.ts';
import type { Work } from './lane.ts';
import type { Entered, FeedContext } from './state-feed.ts';

export type Listener<T> = (item: T) => void | Promise<void>;

/** A subscription just ends with its client, its session or its signal. Of a quarantine the peer tells itself, once. */
const ORDINARY_ENDS = ['CLOSED', 'ABORTED', 'SESSION_EXPIRED', 'QUARANTINED'] as const;

function isOrdinaryEnd(error: unknown): boolean {
  return error === undefined || QuorateError.is(error, ...ORDINARY_ENDS);
}

/** Calls a listener with each item, in the lane of its session: the next is asked for when the call is done. */
export class Subscription<T> implements Consumer<T>, Work {
  readonly #entered: Entered<T>;
  readonly #context: FeedContext;
  readonly #listener: Listener<T>;
  /** What the listener is called with when its turn in the lane comes. */
  #item: { readonly value: T } | undefined;
  #hasLeft = false;

  constructor(entered: Entered<T>, context: FeedContext, listener: Listener<T>) {
    this.#entered = entered;
    this.#context = context;
    this.#listener = listener;
    // Never from within the call: the caller does not have the Disposable yet.
    queueMicrotask(() => this.done());
  }

  /** Calls no more. In a lane that a listener holds for long, nothing is left of who came and went meanwhile. */
  leave(): void {
    this.#hasLeft = true;
    if (this.#item !== undefined) this.#context.lane.withdraw(this);
    this.#item = undefined;
    this.#entered.leave();
  }

  // From the cursor.

  item(value: T): void {
    this.#item = { value };
    this.#context.lane.run(this);
  }

  refused(error: unknown): void {
    this.#context.report(error);
    this.done();
  }

  ended(error: unknown): void {
    this.#entered.leave();
    if (!isOrdinaryEnd(error)) this.#context.report(error);
  }

  // From the lane.

  /** A promise that always resolves if the listener is still at work, else undefined. */
  call(): Promise<void> | undefined {
    const item = this.#item;
    this.#item = undefined;
    if (item === undefined) return undefined;
    try {
      const listener = this.#listener;
      const result: unknown = listener(item.value);
      if (!isThenable(result)) return undefined;
      return Promise.resolve(result).then(() => undefined, this.#context.report);
    } catch (error) {
      this.#context.report(error);
      return undefined;
    }
  }

  done(): void {
    if (!this.#hasLeft) this.#entered.cursor.next(this);
  }
}
