/** A new state, if an item has made one. */
export type Step<S> = { readonly state: S } | undefined;

const DONE = { value: undefined, done: true } as const;

/**
 * The states that the items of another iterator make. A generator would do, but for this: who leaves while he waits
 * for the next one is not kept waiting for it.
 */
export class SteppedIterator<T, S> implements AsyncIterableIterator<S, undefined, undefined> {
  readonly #items: AsyncIterator<T, undefined, undefined>;
  readonly #step: (item: T) => Step<S>;
  /** The call of `next` before: each looks at items of its own. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(items: AsyncIterator<T, undefined, undefined>, step: (item: T) => Step<S>) {
    this.#items = items;
    this.#step = step;
  }

  next(): Promise<IteratorResult<S, undefined>> {
    const result = this.#before.then(() => this.#next());
    this.#before = result.catch(() => undefined);
    return result;
  }

  async return(): Promise<IteratorResult<S, undefined>> {
    await this.#items.return?.();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<S, undefined>> {
    for (;;) {
      const { value, done } = await this.#items.next();
      if (done === true) return DONE;
      try {
        const next = this.#step(value);
        if (next !== undefined) return { value: next.state, done: false };
      } catch (error) {
        await this.#items.return?.();
        throw error;
      }
    }
  }
}
