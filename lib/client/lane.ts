import { Fifo } from '../base/fifo.ts';

/** A call of a listener, and what follows once it is done: a promise that never rejects is waited for. */
interface Work {
  readonly call: () => Promise<void> | undefined;
  readonly done: () => void;
}

/**
 * The callbacks of one session, one at a time, in the order in which there was something to tell
 * (ZooKeeper's event thread). One that is synchronous runs at once if no other is at work.
 */
export class Lane {
  readonly #waiting = new Fifo<Work>();
  #isBusy = false;

  run(work: Work): void {
    this.#waiting.push(work);
    if (!this.#isBusy) this.#drain();
  }

  #drain(): void {
    this.#isBusy = true;
    for (let work = this.#waiting.shift(); work !== undefined; work = this.#waiting.shift()) {
      const { call, done } = work;
      const pending = call();
      if (pending !== undefined) {
        void pending.then(() => {
          done();
          this.#drain();
        });
        return;
      }
      done();
    }
    this.#isBusy = false;
  }
}
