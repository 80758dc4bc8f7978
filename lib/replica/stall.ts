/**
 * Notices that the process did not run. Timers that are due after a stall fire although what they wait
 * for lies in a socket buffer, so nobody is judged by time that this process has slept through.
 */
export interface Gap {
  /** Ms by which the turn is late; 0 unless it counts as a stall. */
  readonly stall: number;
  /** Ms by which the calendar went further than the monotonic clock: the machine slept, or its clock was set. */
  readonly sleep: number;
  /** `sleep` is so long that it is news. */
  readonly slept: boolean;
}

/** Heartbeats between two turns from which on a gap is a stall. */
const STALL_HEARTBEATS = 3;

export class StallDetector {
  readonly #heartbeat: number;
  #now: number | undefined;
  #wall = 0;

  constructor(heartbeat: number) {
    this.#heartbeat = heartbeat;
  }

  tick(now: number, wall: number): Gap {
    const before = this.#now ?? now;
    const elapsed = now - before;
    const sleep = this.#now === undefined ? 0 : wall - this.#wall - elapsed;
    this.#now = now;
    this.#wall = wall;
    const most = STALL_HEARTBEATS * this.#heartbeat;
    return { stall: elapsed > most ? elapsed - this.#heartbeat : 0, sleep, slept: sleep > most };
  }
}
