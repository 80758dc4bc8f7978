/** Those who put items in a queue and those who work on them, in every process. */
import { QuorateError } from '../../base/errors.ts';
import { Queue, type QueueItem } from '../../recipes/index.ts';
import { isHeld } from '../grants/grant-book.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { POISON, QueueBook, type Taken } from './queue-book.ts';

const PATH = '/queues/work';
const MAX_ATTEMPTS = 3;
/** Mean ms of one piece of work, and of the pause before the next items are put. */
const STEP = 200;
const PAUSE = 1_500;

export class QueueUse implements Application {
  readonly #book = new QueueBook(PATH, MAX_ATTEMPTS);
  readonly #maxItems: number;
  #processes: SimProcess[] = [];
  /** Tells items apart. */
  #count = 0;

  constructor(seed: number) {
    this.#maxItems = new Prng(seed, STREAM.application, 3).pick([10_000, 10_000, 6]);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { prng } = life.process;
    this.#processes = [...this.#processes.filter(({ alive }) => alive), life.process];
    const queue = new Queue(life.client, PATH, {
      maxAttempts: MAX_ATTEMPTS,
      maxItems: this.#maxItems,
      prefetch: prng.pick([0, 0, 3]),
    });
    const putter = new Actor(life, 'putter', 'S38');
    putter.repeat(() => this.#put(putter, queue));
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const worker = new Actor(life, 'worker', 'S38');
      const isServant = prng.chance(0.3);
      worker.repeat(() => (isServant ? this.#serve(worker, queue) : this.#take(worker, queue)));
    }
  }

  /** Whatever waits is worked on, or put aside; but for what is to be taken later by some clock. */
  owed(): () => readonly string[] {
    const living = this.#processes.filter(({ alive }) => alive);
    const time = Math.min(...living.map((process) => process.wall()));
    const before = this.#book.waiting(time);
    return () => {
      const still = [...this.#book.waiting(time)].filter(([data]) => before.has(data));
      return still.map(([data, path]) => `${data} at ${path}`);
    };
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  async #put(putter: Actor, queue: Queue): Promise<void> {
    const { process, life } = putter;
    const { prng } = process;
    await putter.pause(prng.exponential(PAUSE));
    const items = Array.from({ length: prng.pick([1, 1, 1, 3]) }, () => this.#offer(putter));
    const isBounded = this.#maxItems < 100;
    // The room of several may be had by those who put single ones for ever.
    const isPatient = prng.chance(0.7) && !(isBounded && items.length > 1);
    const options = {
      // Nobody makes room any more.
      signal: life.stop,
      priority: prng.pick([100, 100, 50]),
      // What is due in an hour, by a calendar that jumped, takes the room of others so long.
      delay: isBounded ? 0 : prng.pick([0, 0, 0, 2_000]),
      timeout: isPatient ? Number.POSITIVE_INFINITY : putter.impatience(),
    };
    const put = () => queue.putAll(items, options);
    try {
      await (isPatient ? putter.patiently(put) : put());
      process.call(() => this.#book.put(items));
      putter.count('put');
    } catch (error) {
      if (QuorateError.is(error)) void this.#settle(putter, items, error);
      throw error;
    }
  }

  #offer({ process }: Actor): string {
    this.#count += 1;
    const data = `${process.prng.chance(0.1) ? POISON : 'item'} ${this.#count}`;
    this.#book.offered(data, process);
    return data;
  }

  /** What becomes known, now or later, of items whose putter was not told that they are there. */
  async #settle({ process }: Actor, items: readonly string[], error: QuorateError): Promise<void> {
    const outcome = await error.settled;
    if (!process.alive || outcome === 'unknown') return;
    const told = outcome === 'applied' ? 'put' : 'refused';
    try {
      process.call(() => this.#book[told](items));
    } catch {
      // The run has failed by it.
    }
  }

  /** Takes one, by hand. */
  async #take(worker: Actor, queue: Queue): Promise<void> {
    const { process, life } = worker;
    const isPatient = process.prng.chance(0.7);
    const limit = isPatient ? {} : { timeout: worker.impatience() };
    const item = await queue.take({ signal: life.stop, ...limit });
    const taken = await this.#work(worker, item);
    try {
      if (taken !== undefined) await this.#acknowledge(worker, taken);
    } finally {
      void item.release();
    }
  }

  async #acknowledge({ process }: Actor, taken: Taken): Promise<void> {
    try {
      await taken.item.ack();
      process.call(() => this.#book.acked(taken));
    } catch (error) {
      if (QuorateError.is(error, 'GRANT_LOST')) process.call(() => this.#book.lost(taken));
      throw error;
    }
  }

  /** Has them given, one after the other. */
  async #serve(worker: Actor, queue: Queue): Promise<void> {
    const work = async (item: QueueItem<string>): Promise<void> => {
      if ((await this.#work(worker, item)) === undefined) await item.release();
    };
    await queue.run(work, {
      signal: worker.life.stop,
      concurrency: worker.process.prng.pick([1, 2]),
    });
  }

  /** @returns undefined: it is not to be acknowledged */
  async #work(worker: Actor, item: QueueItem<string>): Promise<Taken | undefined> {
    const { process } = worker;
    const { prng } = process;
    const taken = process.call(() => this.#book.taken(process, item, worker.applied));
    worker.count('taken');
    worker.stage.note(process, () => `takes ${item.data} as ${item.name}`, item.attempt);
    for (let steps = prng.below(3); steps >= 0; steps -= 1) {
      await worker.pause(prng.exponential(STEP));
      if (!isHeld(item)) {
        worker.count('lost');
        break;
      }
      process.call(() => this.#book.asserted(taken));
    }
    this.#book.done(taken);
    if (item.data.startsWith(POISON) || prng.chance(0.1)) return undefined;
    this.#book.acking(taken);
    return taken;
  }
}
