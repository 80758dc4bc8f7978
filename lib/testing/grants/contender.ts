/** One who contends in one process: asks, holds, works, gives up and asks again. */
import { QuorateError } from '../../base/errors.ts';
import type { Client } from '../../client/client.ts';
import type { Grant } from '../../recipes/grant.ts';
import type { Lock } from '../../recipes/lock.ts';
import type { LeaseOptions } from '../../recipes/semaphore-rules.ts';
import { Actor } from '../applications/actor.ts';
import type { Life } from '../applications/application.ts';
import type { FencedResource } from './fenced-resource.ts';
import { type GrantBook, type Holding, isHeld, type Line } from './grant-book.ts';

/** Mean ms of one piece of work. */
const STEP = 400;

/** What contenders of all processes share. */
export interface Arena {
  readonly book: GrantBook;
  resource(line: Line): FencedResource;
}

export interface ContenderOptions {
  /** As statistics call it. */
  readonly name: string;
  readonly lines: readonly Line[];
  readonly weight: number;
}

export class Contender extends Actor {
  readonly #arena: Arena;
  readonly #lines: readonly Line[];
  readonly #weight: number;

  constructor(life: Life, arena: Arena, options: ContenderOptions) {
    super(life, options.name, 'S33');
    this.#arena = arena;
    this.#lines = options.lines;
    this.#weight = options.weight;
  }

  /** Waits for as long as it takes. */
  async run(lock: Pick<Lock, 'run'>): Promise<void> {
    const asked = this.process.monotonic();
    this.waits = true;
    await lock.run((grant) => {
      if (this.process.monotonic() > asked + 20) this.stage.count('waited');
      return this.work(grant);
    });
  }

  /** Takes what is there, or gives up in a while. */
  async ask(lock: Lock<LeaseOptions>): Promise<void> {
    const { prng } = this.process;
    const isPatient = prng.chance(0.6);
    const stop = new AbortController();
    const timeout = this.impatience();
    const more =
      this.#weight > 1 && this.#lines[0]?.room === this.#weight ? { weight: this.#weight } : {};
    const options = prng.chance(0.5) ? { ...more, timeout } : { ...more, signal: stop.signal };
    if ('signal' in options) setTimeout(() => stop.abort(), timeout);
    const grant = await (isPatient ? lock.acquire(options) : lock.tryAcquire(options));
    if (grant === undefined) {
      this.stage.count('not at once');
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
      return book.granted(process, grant, this.#lines, this.#weight, this.applied);
    });
    this.isServed();
    this.stage.count('grants');
    this.count('granted');
    this.stage.note(
      process,
      () => `${this.name} is granted ${grant.path}`,
      Number(grant.fence & 0xffff_ffffn),
    );
    try {
      for (let steps = process.prng.below(4); steps >= 0; steps -= 1) {
        await this.pause(process.prng.exponential(STEP));
        if (!isHeld(grant)) {
          this.count('lost');
          this.stage.note(process, () => `${this.name} has lost ${grant.path}`);
          break;
        }
        process.call(() => book.asserted(holding));
        await this.#write(holding);
      }
    } finally {
      book.done(holding);
    }
  }

  /** One write to the world outside, and now and then one to the tree. */
  async #write(holding: Holding): Promise<void> {
    const { prng } = this.process;
    const [line] = holding.lines;
    if (line === undefined || line.room !== this.#weight) return;
    const late = prng.chance(0.2) ? prng.exponential(3_000) : prng.exponential(20);
    this.stage.outside(late, () => {
      const wasTaken = this.#arena.resource(line).write(holding);
      this.stage.count(wasTaken ? 'writes taken by a resource' : 'writes refused by their fence');
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
      this.stage.count('writes guarded by a grant');
    } catch (error) {
      if (QuorateError.is(error, 'NO_NODE')) {
        await client.create(path, text, { parents: true, ...options });
      } else {
        if (QuorateError.is(error, 'GRANT_LOST')) this.stage.count('writes refused by the tree');
        throw error;
      }
    }
  }
}
