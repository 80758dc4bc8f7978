/** Those who contend in one process: each asks, holds, works, gives up and asks again, until it is told to stop. */
import { QuorateError } from '../../base/errors.ts';
import type { Client } from '../../client/client.ts';
import type { PeerClient } from '../../client/peer-client.ts';
import type { Grant } from '../../recipes/grant.ts';
import type { Lock } from '../../recipes/lock.ts';
import type { LeaseOptions } from '../../recipes/semaphore-rules.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import { Violation } from '../violation.ts';
import type { FencedResource } from './fenced-resource.ts';
import { type GrantBook, type Holding, isHeld, type Line } from './grant-book.ts';

/** What contenders of all processes share. */
export interface Arena {
  readonly book: GrantBook;
  readonly stopping: boolean;
  resource(line: Line): FencedResource;
  count(what: string): void;
  note(process: SimProcess, text: () => string, ...numbers: readonly number[]): void;
  /** Something reaches the world outside after so many true ms, whatever becomes of its sender. */
  outside(milliseconds: number, arrive: () => void): void;
}

/** What can be lost by a fault without being a failure of the recipe. */
const EXPECTED = [
  'GRANT_LOST',
  'CLOSED',
  'QUARANTINED',
  'TIMED_OUT',
  'SESSION_EXPIRED',
  'ABORTED',
  'OVERLOADED',
] as const;
/** Mean ms of one piece of work, of a wait that has an end, and between two attempts. */
const STEP = 400;
const WAIT = 1_500;
const PAUSE = 1_000;

export interface ContenderOptions {
  /** As statistics call it. */
  readonly name: string;
  readonly lines: readonly Line[];
  readonly weight: number;
}

export class Contender {
  readonly name: string;
  readonly process: SimProcess;
  readonly client: PeerClient;
  readonly #arena: Arena;
  readonly #lines: readonly Line[];
  readonly #weight: number;
  /** When it began to wait without an end, by its own clock; undefined: it does not. */
  waits = false;
  /** Grants in this life. */
  grants = 0;
  isDone = false;

  constructor(process: SimProcess, client: PeerClient, arena: Arena, options: ContenderOptions) {
    this.process = process;
    this.client = client;
    this.#arena = arena;
    this.name = options.name;
    this.#lines = options.lines;
    this.#weight = options.weight;
  }

  /** Does it again and again; whatever it throws that is not to be expected fails the run. */
  async repeat(attempt: () => Promise<unknown>): Promise<void> {
    const { process } = this;
    while (!this.#arena.stopping && this.client.status.state !== 'closed') {
      try {
        await attempt();
      } catch (error) {
        this.#tolerate(error);
      }
      this.waits = false;
      await this.pause(process.prng.exponential(PAUSE));
    }
    this.isDone = true;
  }

  /** Waits for as long as it takes. */
  async run(lock: Pick<Lock, 'run'>): Promise<void> {
    const asked = this.process.monotonic();
    this.waits = true;
    await lock.run((grant) => {
      this.waits = false;
      if (this.process.monotonic() > asked + 20) this.#arena.count('waited');
      return this.work(grant);
    });
  }

  /** Takes what is there, or gives up in a while. */
  async ask(lock: Lock<LeaseOptions>): Promise<void> {
    const { prng } = this.process;
    const isPatient = prng.chance(0.6);
    const stop = new AbortController();
    const timeout = prng.exponential(WAIT);
    const more =
      this.#weight > 1 && this.#lines[0]?.room === this.#weight ? { weight: this.#weight } : {};
    const options = prng.chance(0.5) ? { ...more, timeout } : { ...more, signal: stop.signal };
    if ('signal' in options) setTimeout(() => stop.abort(), timeout);
    const grant = await (isPatient ? lock.acquire(options) : lock.tryAcquire(options));
    if (grant === undefined) {
      this.#arena.count('not at once');
      return;
    }
    try {
      await this.work(grant);
    } finally {
      void grant.release();
    }
  }

  /** What is done with a grant. */
  async work(grant: Grant): Promise<void> {
    const { process } = this;
    const { book } = this.#arena;
    const holding = process.call(() => {
      const since = process.peer.view.applied;
      return book.granted(process, grant, this.#lines, this.#weight, since);
    });
    this.grants += 1;
    this.#arena.count('grants');
    this.#arena.count(`${this.name}: granted`);
    this.#arena.note(
      process,
      () => `${this.name} is granted ${grant.path}`,
      Number(grant.fence & 0xffff_ffffn),
    );
    try {
      for (let steps = process.prng.below(4); steps >= 0; steps -= 1) {
        await this.pause(process.prng.exponential(STEP));
        if (!isHeld(grant)) {
          this.#arena.count(`${this.name}: lost`);
          this.#arena.note(process, () => `${this.name} has lost ${grant.path}`);
          break;
        }
        process.call(() => book.asserted(holding));
        await this.#write(holding);
      }
    } finally {
      book.done(holding);
    }
  }

  /** A pause that the work of this process is not told to cut short. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }

  /** One write to the world outside, and now and then one to the tree. */
  async #write(holding: Holding): Promise<void> {
    const { prng } = this.process;
    const [line] = holding.lines;
    if (line === undefined || line.room !== this.#weight) return;
    const late = prng.chance(0.2) ? prng.exponential(3_000) : prng.exponential(20);
    this.#arena.outside(late, () => {
      const wasTaken = this.#arena.resource(line).write(holding);
      this.#arena.count(wasTaken ? 'writes taken by a resource' : 'writes refused by their fence');
    });
    if (line.log !== undefined && prng.chance(0.5)) await this.#log(line.log, holding);
  }

  /** In the tree: the grant's node must stand when it is applied. */
  async #log(path: string, { grant }: Holding): Promise<void> {
    const client: Client = this.client.guardedBy(grant);
    const options = { timeout: 1_000 };
    const text = String(grant.fence);
    try {
      await client.set(path, text, options);
      this.#arena.count('writes guarded by a grant');
    } catch (error) {
      if (QuorateError.is(error, 'NO_NODE')) {
        await client.create(path, text, { parents: true, ...options });
      } else {
        if (QuorateError.is(error, 'GRANT_LOST')) this.#arena.count('writes refused by the tree');
        throw error;
      }
    }
  }

  #tolerate(error: unknown): void {
    if (!this.process.alive || error instanceof Violation) return;
    if (QuorateError.is(error, ...EXPECTED)) this.#arena.count(`${this.name}: ${error.code}`);
    else if (!QuorateError.is(error, 'NODE_EXISTS')) this.process.fail(error);
  }
}
