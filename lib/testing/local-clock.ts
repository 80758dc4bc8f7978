/** How one machine's clocks differ from true time: a monotonic one that drifts, a wall clock that also jumps. */
export class LocalClock {
  /** Local milliseconds per true millisecond. */
  #rate: number;
  /** True and local time of the last change of rate. */
  #trueOrigin: number;
  #localOrigin: number;
  /** Wall less monotonic time. */
  #wallOffset: number;

  constructor(now: number, monotonic: number, wall: number, rate: number) {
    this.#trueOrigin = now;
    this.#localOrigin = monotonic;
    this.#wallOffset = wall - monotonic;
    this.#rate = rate;
  }

  /** Never goes back. */
  monotonic(now: number): number {
    return this.#localOrigin + (now - this.#trueOrigin) * this.#rate;
  }

  /** Ms since 1970, as this machine believes. */
  wall(now: number): number {
    return Math.floor(this.monotonic(now) + this.#wallOffset);
  }

  /** True time at which the monotonic clock will show `monotonic`. */
  when(monotonic: number): number {
    return this.#trueOrigin + (monotonic - this.#localOrigin) / this.#rate;
  }

  /** Runs faster or slower from now on. */
  drift(now: number, rate: number): void {
    this.#localOrigin = this.monotonic(now);
    this.#trueOrigin = now;
    this.#rate = rate;
  }

  /** Somebody set the wall clock. */
  jump(milliseconds: number): void {
    this.#wallOffset += milliseconds;
  }

  /** The machine slept until now: its monotonic clock did not count, or its wall clock would not have shown. */
  sleep(now: number, milliseconds: number): void {
    this.#localOrigin = this.monotonic(now) - milliseconds * this.#rate;
    this.#trueOrigin = now;
    this.#wallOffset += milliseconds * this.#rate;
  }
}
