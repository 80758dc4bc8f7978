import { Fifo } from '../base/fifo.ts';

/** A call of a listener, and what follows once it is done. */
export interface Work {
  /** A promise that never rejects is waited for. */
  call(): Promise<void> | undefined;
  done(): void;
}

/**
 * The callbacks of one session, one at a time, in the order in which there was something to tell
 * (ZooKeeper's event thread). One that is synchronous runs at once if no other is at work.
 */
export class Lane {
  readonly #waiting = new Fifo<Work>();
  #isBusy = false;

  run(work: Work): void {
    if (this.#isBusy) this.#waiting.push(work);
    else this.#drain(work);
  }

  /** What waits is neither called nor kept any more. */
  withdraw(work: Work): void {
    this.#waiting.keep((waiting) => waiting !== work);
  }

  /** How many calls wait. */
  get size(): number {
    return this.#waiting.size;
  }

  #drain(first: Work | undefined): void {
    this.#isBusy = true;
    for (let work = first; work !== undefined; work = this.#waiting.shift()) {
      const pending = work.call();
      if (pending !== undefined) {
        this.#await(work, pending);
        return;
      }
      work.done();
    }
    this.#isBusy = false;
  }

  #await(work: Work, pending: Promise<void>): void {
    void pending.then(() => {
      work.done();
      this.#drain(this.#waiting.shift());
    });
  }
}
