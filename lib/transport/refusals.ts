/** Counts who was refused, and tells of it so seldom that nobody can fill a log by knocking. */

/** Of one address only one refusal is told in this time; in ms. */
const SILENCE = 60_000;
/** Addresses that are remembered. Whoever has more of them is told of more often. */
const ADDRESSES = 1_024;

export class Refusals {
  readonly #tell: (address: string, reason: string) => void;
  readonly #now: () => number;
  /** When a refusal of an address was told last, oldest first. */
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
    const before = this.#told.get(address);
    if (before !== undefined && now - before < SILENCE) return;
    this.#told.delete(address);
    this.#told.set(address, now);
    const [oldest] = this.#told.keys();
    if (this.#told.size > ADDRESSES && oldest !== undefined) this.#told.delete(oldest);
    this.#tell(address, reason);
  }
}
