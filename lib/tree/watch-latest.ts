import { assert } from '../base/assert.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';

/** A state of something watched, and how new it is. */
export interface WatchedState<T> {
  readonly zxid: Zxid;
  readonly value: T;
}

/** What a consumer of states has not taken yet: never more than one, the newest. */
export class WatchLatest<T> {
  #newest: Zxid = ZERO;
  #waiting: WatchedState<T> | undefined;

  /** A newer state; one that was not taken is skipped. */
  push(zxid: Zxid, value: T): void {
    assert(zxid >= this.#newest, 'a state never goes back in time');
    this.#newest = zxid;
    this.#waiting = { zxid, value };
  }

  take(): WatchedState<T> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
