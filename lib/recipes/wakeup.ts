import { offAbort, onAbort } from '../client/abort.ts';

/** What a loop waits for that has many reasons to look again. */
export class Wakeup {
  #isDue = false;
  #resume: (() => void) | undefined;

  /** From now on: what came before is about to be looked at. */
  reset(): void {
    this.#isDue = false;
  }

  /** There is something to look at. */
  readonly wake = (): void => {
    this.#isDue = true;
    this.#resume?.();
  };

  /** Resolves when there was a reason since the reset, after so many ms, or with the signal. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isDue || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        offAbort(signal, end);
        this.#resume = undefined;
        resolve();
      };
      const timer = setTimeout(end, milliseconds).unref();
      onAbort(signal, end);
      this.#resume = end;
    });
  }
}
