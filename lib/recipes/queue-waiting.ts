/** All in this process who wait for an item of a queue, in their order. */
import { type CutShort, Deadline, NOT_APPLIED, type WaitOptions } from '../client/wait.ts';
import { notBegun } from './beforehand.ts';
import type { QueueItem } from './queue-item.ts';

interface Waiter<T> {
  give(item: QueueItem<T>): void;
  refuse(error: unknown): void;
}

export class Waiting<T> {
  readonly #path: string;
  readonly #reason: () => string | undefined;
  readonly #waiters = new Set<Waiter<T>>();
  /** Whoever takes for them is told that there is one more. */
  onDemand: () => void = () => {};

  /** @param reason why it takes so long, where that is known */
  constructor(path: string, reason: () => string | undefined) {
    this.#path = path;
    this.#reason = reason;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Waits for an item: without end, unless there is a `timeout`. Whoever has left is given none. */
  wait(options: WaitOptions | undefined): Promise<QueueItem<T>> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        deadline.dispose();
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter<T> = {
        give(item) {
          leave();
          resolve(item);
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      const deadline = new Deadline(options, Number.POSITIVE_INFINITY, {
        what: `take ${this.#path}`,
        path: this.#path,
        reason: this.#reason,
        cutShort: (error: CutShort) => waiter.refuse(error(NOT_APPLIED)),
      });
      this.#waiters.add(waiter);
      this.onDemand();
    });
  }

  /** To whoever has waited longest. False: nobody waits. */
  give(item: QueueItem<T>): boolean {
    const [first] = this.#waiters;
    first?.give(item);
    return first !== undefined;
  }

  /** None of them will get any. */
  refuse(error: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.refuse(notBegun(error));
  }
}
