/**
 * The life of a store's writes: one at a time (rule G4), and after the first failure none (rule G6).
 * Upkeep, such as the removal of what no longer counts, goes through the same gate.
 */
import { assert } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { refused } from './unusable.ts';

export class SingleWriter {
  /** Never rejects. */
  #idle: Promise<void> = Promise.resolve();
  /** Pieces of work that are under way or wait for that. */
  #busy = 0;
  #writing = false;
  #closed = false;
  #poison: QuorateError | undefined;

  /** Runs a batch's write once upkeep has made way. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#writing, 'one write at a time');
    if (this.#closed) throw QuorateError.make('CLOSED', 'the store is closed');
    this.#writing = true;
    try {
      return await this.#run(work);
    } finally {
      this.#writing = false;
    }
  }

  /** Runs a piece of upkeep if the store is idle and well. False: not now. */
  async upkeep(work: () => Promise<void>): Promise<boolean> {
    if (this.#writing || this.#closed || this.#poison !== undefined) return false;
    await this.#run(work).catch(() => undefined);
    return this.#poison === undefined;
  }

  /** Refuses every write from now on: what was found is no better than a refused write. */
  poison(error: QuorateError): void {
    this.#poison ??= error;
  }

  /** Refuses what comes from now on and waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#idle;
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    // At once if nothing is under way, as is the rule: a batch that is begun later is durable later.
    const done =
      this.#busy === 0 ? this.#attempt(work) : this.#idle.then(() => this.#attempt(work));
    this.#busy += 1;
    const over = () => {
      this.#busy -= 1;
    };
    this.#idle = done.then(over, over);
    return done;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.#poison !== undefined) throw this.#poison;
    try {
      return await work();
    } catch (cause) {
      this.#poison ??= refused(cause);
      throw this.#poison;
    }
  }
}
