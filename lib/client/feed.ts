/** What an application reads changes from. */
import type { QuorateError } from '../base/errors.ts';
import type { Znode } from './client.ts';
import type { WaitOptions } from './wait.ts';

/**
 * Items that come by themselves. Lazy: it is registered when it is consumed and gone when it is left,
 * and every consumer has its own. `for await` throws when it is ended from outside; `subscribe` and
 * `until` are the safe short forms.
 */
export interface Feed<T> extends AsyncIterable<T> {
  /**
   * Calls the listener with each item: a promise that it returns is waited for. All listeners of one
   * session are called one at a time, in the order of the transactions, so do not wait in one for what
   * another is to bring. Ends with the client; what the listener throws goes to the `error` event.
   */
  subscribe(listener: (item: T) => void | Promise<void>): Disposable;
  /** The first item that passes. Waits without end unless there is a `timeout`. */
  until<U extends T>(test: (item: T) => item is U, options?: WaitOptions): Promise<U>;
  /** The same with a test that tells nothing of types. */
  until(test: (item: T) => boolean, options?: WaitOptions): Promise<T>;
}

/** States, the present one first. A slow consumer skips to the newest: one waits, never a queue. */
export interface Watch<T> extends Feed<T> {
  /** The states as a value that is always at hand. Resolves with the first; waits without end unless there is a `timeout`. */
  live(options?: WaitOptions): Promise<Live<T>>;
}

/**
 * What became of a subtree: first all of it as it is, then every transaction that touches it, each with
 * all that it did there. Where the history is not to be had ({@link TreeUpdate.kind} `gap`) one update
 * has the net difference to the one before, so that who ignores `kind` is still right.
 */
export interface TreeUpdate<T> {
  /**
   * `snapshot`: the first. `transaction`: exactly one. `gap`: the consumer was too slow for what came,
   * the session was another one for a while, or this peer was given a copy of the tree.
   */
  readonly kind: 'snapshot' | 'transaction' | 'gap';
  /** The state that the consumer has with this update. */
  readonly zxid: bigint;
  /** One for each path, so that applying them in this order never leaves a node without its parent. */
  readonly changes: readonly TreeChange<T>[];
}

/**
 * What became of one node. `changed`: its data was written, be it with the same; or it was deleted and
 * another made under its name, which `stat.czxid` tells.
 */
export type TreeChange<T> =
  | ({
      /** It is there now. */
      readonly type: 'created' | 'changed';
    } & Znode<T>)
  | {
      /** It is there no longer. */
      readonly type: 'deleted';
      /** As the view names it. */
      readonly path: string;
    };

/** The newest state, read synchronously, until it is closed. */
export interface Live<T> extends Feed<T>, AsyncDisposable {
  /**
   * The newest good one: it stays when a later one is refused or the client ends. All who look at this `live`
   * are given the same: do not write into it.
   */
  readonly value: T;
  /** The last transaction that `value` reflects. */
  readonly zxid: bigint;
  /** Why `value` is not the newest, while that is so. */
  readonly error: QuorateError | undefined;
  /** Follows no longer; `value` stays. Idempotent. */
  close(): Promise<void>;
}
