import { type Clock, type Scheduled, systemClock } from '../peer/clock.ts';

/** The machine's clock for one peer of several in a process, whose event loop can be blocked apart. */
export class StallableClock implements Clock {
  /** Until when nothing runs, in ms of `monotonic`. */
  #blockedUntil = Number.NEGATIVE_INFINITY;

  /** How much further the calendar is than that of this machine, in ms. */
  #ahead = 0;

  /** As a suspended machine wakes up: the calendar went on, the monotonic clock did not. Negative: it was set back. */
  sleep(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  /** Nothing that is due runs for so long: it runs late, as after a long computation. */
  stall(milliseconds: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, this.monotonic() + milliseconds);
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  wall(): number {
    return systemClock.wall() + this.#ahead;
  }

  soon(work: () => void): Scheduled {
    return this.#schedule((due) => systemClock.soon(due), work);
  }

  after(milliseconds: number, work: () => void): Scheduled {
    return this.#schedule((due) => systemClock.after(milliseconds, due), work);
  }

  #schedule(arm: (due: () => void) => Scheduled, work: () => void): Scheduled {
    let scheduled = arm(() => {
      const rest = this.#blockedUntil - this.monotonic();
      if (rest <= 0) work();
      else scheduled = this.after(Math.ceil(rest), work);
    });
    return { cancel: () => scheduled.cancel() };
  }
}
