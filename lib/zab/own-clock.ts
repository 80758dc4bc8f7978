/**
 * The clock that a peer judges deadlines by: the driver's, which stands still while the process does. So
 * no deadline passes while the answers to it wait in the socket buffers. All times are ms.
 */

/** A stall of the event loop is what exceeds this many heartbeats between two ticks. */
const STALL_HEARTBEATS = 2;

/** The last stall. */
interface Stall {
  /** When it began, on the own clock. */
  readonly began: number;
  /** What was not counted before it. */
  readonly uncounted: number;
  /** The last sign of contact by then, on the own clock and on the driver's. */
  readonly mark: number | undefined;
  readonly contact: number | undefined;
}

export class OwnClock {
  readonly #heartbeat: number;
  #lastTick = 0;
  /** How much of the driver's time this clock has not counted. */
  #uncounted = 0;
  #stall: Stall = {
    began: Number.NEGATIVE_INFINITY,
    uncounted: 0,
    mark: undefined,
    contact: undefined,
  };

  constructor(heartbeat: number) {
    this.#heartbeat = heartbeat;
  }

  /** The driver's clock shows `now`. @returns for how long the process stood still before; 0: it did not. */
  tick(now: number): number {
    const gap = now - this.#lastTick;
    const isStall = this.#lastTick > 0 && gap > STALL_HEARTBEATS * this.#heartbeat;
    this.#lastTick = now;
    return isStall ? gap - this.#heartbeat : 0;
  }

  /**
   * The stall is not counted.
   * @param began what this clock showed last.
   * @param mark the last sign of contact, on this clock.
   */
  skip(stall: number, began: number, mark: number | undefined): void {
    const contact = this.contact(mark);
    this.#stall = { began, uncounted: this.#uncounted, mark, contact };
    this.#uncounted += stall;
  }

  /** What this clock shows when the driver's shows `now`. */
  own(now: number): number {
    return now - this.#uncounted;
  }

  /** When this clock will show `own`, on the driver's. */
  driver(own: number): number {
    return own + this.#uncounted;
  }

  /** A sign of contact on the driver's clock: what was slept through since counts, unlike for deadlines. */
  contact(mark: number | undefined): number | undefined {
    if (mark === undefined) return undefined;
    const { began, uncounted, mark: before, contact } = this.#stall;
    if (mark === before) return contact;
    return mark + (mark <= began ? uncounted : this.#uncounted);
  }
}
