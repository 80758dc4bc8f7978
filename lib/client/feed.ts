/** What an application reads changes from. */
import type { QuorateError } from '../base/errors.ts';
import type { WaitOptions } from './wait.ts';

/**
 * Items that come by themselves. Lazy: it is registered when it is consumed and gone when it is left,
 * and every consumer has its own. `for await` throws when it is ended from outside; `subscribe` and
 * `until` are the safe short forms.
 */
export interface Feed<T> extends AsyncIterable<T> {
  /**
   * Calls the listener with each item, one at a time: a promise that it returns is waited for. Ends
   * with the client; what the listener throws goes to the `error` event.
   */
  subscribe(listener: (item: T) => void | Promise<void>): Disposable;
  /** The first item that passes. Waits without end unless there is a `timeout`. */
  until<U extends T>(test: (item: T) => item is U, options?: WaitOptions): Promise<U>;
  until(test: (item: T) => boolean, options?: WaitOptions): Promise<T>;
}

/** States, the present one first. A slow consumer skips to the newest: one waits, never a queue. */
export interface Watch<T> extends Feed<T> {
  /** The states as a value that is always at hand. Resolves with the first; waits without end unless there is a `timeout`. */
  live(options?: WaitOptions): Promise<Live<T>>;
}

/** The newest state, read synchronously, until it is closed. */
export interface Live<T> extends Feed<T>, AsyncDisposable {
  /** The newest good one: it stays when a later one is refused or the client ends. */
  readonly value: T;
  /** The last transaction that `value` reflects. */
  readonly zxid: bigint;
  /** Why `value` is not the newest, while that is so. */
  readonly error: QuorateError | undefined;
  close(): Promise<void>;
}
