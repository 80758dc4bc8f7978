/** The event loop of one process: turns that take time, a timer, and stalls. */
import type { LocalClock } from './local-clock.ts';
import type { Prng } from './prng.ts';
import type { SimClock, SimEvent } from './sim-clock.ts';

/** A process that stood still this many ms ago may still believe what was true then. */
const PAUSE_MEMORY = 1_000;

/** What has come since the last turn. */
export interface Turn {
  readonly inbox: readonly (() => void)[];
  /** Due timers come before what the sockets have. */
  readonly timersFirst: boolean;
}

/** What lives in a loop. */
export interface Process {
  turn(turn: Turn): void;
  /** Local time at which the next turn must come, if nothing calls for one before; Infinity: none. */
  deadline(): number;
}

export class EventLoop {
  readonly #clock: SimClock;
  readonly #local: LocalClock;
  readonly #prng: Prng;
  readonly #turnTime: number;
  readonly #process: Process;
  #alive = false;
  #inbox: (() => void)[] = [];
  /** The loop does other things until then. */
  #busyUntil = 0;
  #wake: SimEvent | undefined;
  #timer: SimEvent | undefined;
  /** When the last stall ends, or ended. */
  #pausedAt = Number.NEGATIVE_INFINITY;
  #timersFirst = false;
  #asleepSince: number | undefined;
  #turning = false;
  /** What waits for the loop to be free, and no turn is for. */
  #waiting: (() => void)[] = [];

  constructor(clock: SimClock, local: LocalClock, prng: Prng, turnTime: number, process: Process) {
    this.#clock = clock;
    this.#local = local;
    this.#prng = prng;
    this.#turnTime = turnTime;
    this.#process = process;
  }

  /** It stands still, or did a moment ago. */
  get paused(): boolean {
    const { now } = this.#clock;
    return now < this.#busyUntil || now - this.#pausedAt < PAUSE_MEMORY;
  }

  begin(): void {
    this.#alive = true;
    this.#asleepSince = undefined;
    this.#busyUntil = this.#clock.now;
  }

  end(): void {
    this.#alive = false;
    this.#inbox = [];
    this.#waiting = [];
    if (this.#timer !== undefined) this.#timer.action = undefined;
    if (this.#wake !== undefined) this.#wake.action = undefined;
    this.#timer = undefined;
    this.#wake = undefined;
  }

  /** Something for the next turn, which is now if the loop is free. */
  push(action: () => void): void {
    this.#inbox.push(action);
    this.#arouse();
  }

  /** Work of the application, which no turn is for: now if the loop is free, else as soon as it is. */
  whenFree(work: () => void): void {
    if (!this.#alive) return;
    if (this.free) {
      this.#awake();
      work();
      return;
    }
    this.#waiting.push(work);
    if (this.#waiting.length === 1) this.#clock.at(this.#busyUntil, () => this.#release());
  }

  /** Nothing is at work, and it does not stand still. */
  get free(): boolean {
    return !this.#turning && this.#clock.now >= this.#busyUntil;
  }

  /** One thing after the other, each in a moment of its own. */
  #release(): void {
    for (const work of this.#waiting.splice(0)) {
      this.#clock.at(this.#clock.now, () => this.whenFree(work));
    }
  }

  /** Stands still; see SimPeer. */
  stall(milliseconds: number, timersFirst: boolean, asleep: boolean): void {
    const { now } = this.#clock;
    this.#busyUntil = Math.max(this.#busyUntil, now + milliseconds);
    this.#pausedAt = this.#busyUntil;
    this.#timersFirst = timersFirst;
    if (asleep) this.#asleepSince ??= now;
  }

  /** Ends a stall. */
  relent(): void {
    if (this.#busyUntil <= this.#clock.now) return;
    this.#busyUntil = this.#clock.now;
    if (this.#wake !== undefined) this.#wake.action = undefined;
    this.#wake = undefined;
    this.#release();
    this.#arouse();
  }

  #arouse(): void {
    if (this.#turning) return;
    if (this.#clock.now >= this.#busyUntil) {
      this.#turn();
      return;
    }
    if (this.#wake !== undefined) return;
    this.#wake = this.#clock.at(this.#busyUntil, () => {
      this.#wake = undefined;
      this.#arouse();
    });
  }

  /** Its clocks are those of a machine that slept, if it did. */
  #awake(): void {
    if (this.#asleepSince === undefined) return;
    const { now } = this.#clock;
    this.#local.sleep(now, now - this.#asleepSince);
    this.#asleepSince = undefined;
  }

  #turn(): void {
    if (!this.#alive) return;
    const { now } = this.#clock;
    this.#awake();
    this.#busyUntil = now + this.#prng.float() * this.#turnTime;
    const inbox = this.#inbox;
    const timersFirst = this.#timersFirst;
    this.#inbox = [];
    this.#timersFirst = false;
    this.#turning = true;
    this.#process.turn({ inbox, timersFirst });
    this.#turning = false;
    if (this.#inbox.length > 0) this.#arouse();
    this.#setTimer();
  }

  #setTimer(): void {
    const deadline = this.#alive ? this.#process.deadline() : Number.POSITIVE_INFINITY;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const at = Math.max(this.#local.when(deadline), this.#clock.now + 0.1);
    if (this.#timer !== undefined && this.#timer.action !== undefined && this.#timer.at <= at)
      return;
    if (this.#timer !== undefined) this.#timer.action = undefined;
    this.#timer = this.#clock.at(at + this.#prng.float(), () => {
      this.#timer = undefined;
      this.#arouse();
    });
  }
}
