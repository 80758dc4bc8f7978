/** One life of a simulated process, as the application in it sees it: its clocks, its timers and its chance. */
import type { SessionHandle } from '../../replica/session-handle.ts';
import { isFinal } from '../../session/session-state.ts';
import type { Prng } from '../prng.ts';
import type { SimClock } from '../sim-clock.ts';
import type { SimPeer } from '../sim-peer.ts';
import { Violation } from '../violation.ts';
import { runOn, type VirtualMachine } from './virtual-node.ts';

/** Who lets the code of applications run on: told that some has been called, and what has gone wrong in it. */
export interface Applications {
  touched(): void;
  failed(error: unknown): void;
}

/** What an application throws on purpose, as its own failure: wherever that is told, it is not one of the library. */
export class Mishap extends Error {}

export class SimProcess implements VirtualMachine {
  readonly peer: SimPeer;
  readonly prng: Prng;
  readonly #clock: SimClock;
  readonly #applications: Applications;
  #alive = true;
  /** Those that it has opened and that have not ended, as far as it was told. */
  #sessions: readonly SessionHandle[] = [];

  constructor(peer: SimPeer, clock: SimClock, prng: Prng, applications: Applications) {
    this.peer = peer;
    this.prng = prng;
    this.#clock = clock;
    this.#applications = applications;
  }

  get alive(): boolean {
    return this.#alive;
  }

  opened(session: SessionHandle): void {
    this.#sessions = [...this.#sessions.filter(lives), session];
  }

  /** Whether it has that session, and was not told of its end. */
  has(session: bigint): boolean {
    return this.#sessions.some((one) => one.id === session && lives(one));
  }

  /** What has not run by now never will. */
  end(): void {
    this.#alive = false;
  }

  /** Calls code of the application. What it has to wait for runs before anything else happens. */
  run<T>(work: () => T): T {
    this.#applications.touched();
    return runOn(this, work);
  }

  /** The application calls its peer: of a process that is gone nothing reaches it. */
  call<T>(work: () => T): T {
    if (!this.#alive) throw new Error('the process is gone');
    try {
      return work();
    } catch (error) {
      // Whatever the application makes of it, the run has failed.
      if (error instanceof Violation) this.fail(error);
      throw error;
    }
  }

  /** As soon as the event loop comes round. */
  soon(work: () => void): void {
    this.#clock.at(this.#clock.now, () => this.#whenFree(work));
  }

  monotonic(): number {
    return this.peer.clock.monotonic(this.#clock.now);
  }

  wall(): number {
    return this.peer.clock.wall(this.#clock.now);
  }

  after(milliseconds: number, work: () => void): () => void {
    let isDue = true;
    const due = this.monotonic() + milliseconds;
    const arm = (): void => {
      const at = this.peer.clock.when(due) + this.prng.float();
      this.#clock.at(at, () => {
        if (isDue && this.#alive) this.#whenFree(fire);
      });
    };
    const fire = (): void => {
      if (!isDue) return;
      // A clock that runs slower by now, or has slept.
      if (this.monotonic() < due) return arm();
      isDue = false;
      work();
    };
    // Nobody waits longer than a simulation lasts.
    if (milliseconds < 2 ** 30) arm();
    return () => {
      isDue = false;
    };
  }

  random(): number {
    return this.prng.float();
  }

  uuid(): `${string}-${string}-${string}-${string}-${string}` {
    const { prng } = this;
    return `${prng.hex(8)}-${prng.hex(4)}-${prng.hex(4)}-${prng.hex(4)}-${prng.hex(12)}`;
  }

  #whenFree(work: () => void): void {
    if (!this.#alive) return;
    this.peer.whenFree(() => {
      if (this.#alive) this.run(work);
    });
  }

  /** Something has gone wrong where no caller waits. */
  fail(error: unknown): void {
    if (this.#alive && !(error instanceof Mishap)) this.#applications.failed(error);
  }
}

function lives({ state }: SessionHandle): boolean {
  return !isFinal(state);
}
