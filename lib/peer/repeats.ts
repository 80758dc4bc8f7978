/** How long a cause must not have shown itself to be news again, in ms: peers dial again within seconds. */
const FORGOTTEN_AFTER = 60_000;
/** Causes remembered; strangers may come with any number of them. */
const MOST = 1_000;

/** Tells what is news from what is only still so: a refused peer dials again, and again. */
export class Repeats {
  readonly #lastSeen = new Map<string, number>();

  /** Whether this cause did not show itself lately. `now` in monotonic ms. */
  isNews(cause: string, now: number): boolean {
    const before = this.#lastSeen.get(cause);
    this.#lastSeen.delete(cause);
    this.#lastSeen.set(cause, now);
    if (this.#lastSeen.size > MOST) {
      const [oldest] = this.#lastSeen.keys();
      if (oldest !== undefined) this.#lastSeen.delete(oldest);
    }
    return before === undefined || now - before >= FORGOTTEN_AFTER;
  }
}
