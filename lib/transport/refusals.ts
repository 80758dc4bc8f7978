/** Counts who was refused, and tells of it so seldom that nobody can fill a log by knocking. */

/** Of one address only one refusal is told in this time; in ms. */
const SILENCE = 60_000;
/** Addresses of which is told in that time: who has a network of them fills no log either. */
const ADDRESSES = 64;

export class Refusals {
  readonly #tell: (address: string, reason: string) => void;
  readonly #now: () => number;
  /** When a refusal of an address was told, within the last {@link SILENCE}, oldest first. */
  readonly #told = new Map<string, number>();
  #count = 0;

  constructor(
    tell: (address: string, reason: string) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Since the beginning. */
  get count(): number {
    return this.#count;
  }

  note(address: string, reason: string): void {
    this.#count += 1;
    const now = this.#now();
    for (const [one, time] of this.#told) {
      if (now - time < SILENCE) break;
      this.#told.delete(one);
    }
    if (this.#told.has(address) || this.#told.size >= ADDRESSES) return;
    this.#told.set(address, now);
    this.#tell(address, reason);
  }
}
