/** Tells a loop that there is something to do: several times are one. */
export class Wake {
  #isUp = false;
  #resolve: (() => void) | undefined;

  readonly up = (): void => {
    this.#isUp = true;
    this.#resolve?.();
  };

  /** Resolves when it was called since the last time. */
  async next(): Promise<void> {
    if (!this.#isUp) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#isUp = false;
    this.#resolve = undefined;
  }

  get isUp(): boolean {
    return this.#isUp;
  }
}
