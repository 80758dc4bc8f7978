/** Those who ask at each fire of a job whether they are the one to run it, in every process. */
import { runCoordinator } from '../../recipes/index.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { FireBook } from './fire-book.ts';

const PATH = '/cron/fires';
/** Mean ms from one fire to the next, and before somebody asks. */
const PERIOD = 3_000;
const DELAY = 100;

export class FireUse implements Application {
  readonly #lifetime: number;
  readonly #book: FireBook;
  /** The last one: all clocks that a job is started by are in step. */
  #fire = 0;

  constructor(seed: number) {
    this.#lifetime = new Prng(seed, STREAM.application, 5).pick([2_000, 60_000]);
    this.#book = new FireBook(PATH, this.#lifetime);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { prng } = life.process;
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const asker = new Actor(life, 'asker', 'S49');
      let last = 0;
      asker.repeat(async () => {
        if (prng.chance(0.3)) this.#fire += 1;
        while (this.#fire === last && !life.stop.aborted && life.client.status.state !== 'closed') {
          await asker.pause(prng.exponential(PERIOD / 2));
          if (prng.chance(0.2)) this.#fire += 1;
        }
        if (this.#fire === last) return;
        last = this.#fire;
        await this.#ask(asker, `nightly-${last}`);
      });
    }
  }

  /** Somebody is told to run one. */
  owed(): () => readonly string[] {
    const { runs } = this.#book;
    return () => (this.#book.runs > runs ? [] : ['a fire']);
  }

  left(): readonly string[] {
    return [];
  }

  async #ask(asker: Actor, key: string): Promise<void> {
    const { process, client } = asker;
    await asker.pause(process.prng.exponential(DELAY));
    const asked = asker.applied;
    const isToRun = await runCoordinator(client, PATH).shouldRun(key, this.#lifetime);
    process.call(() => this.#book.told(process, key, isToRun, asked, asker.applied));
    asker.count(isToRun ? 'ran' : 'left it');
  }
}
