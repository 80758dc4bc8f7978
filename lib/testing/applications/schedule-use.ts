/** Those who run the ticks of a schedule, and those who watch it, in every process. */
import { QuorateError } from '../../base/errors.ts';
import type { Client } from '../../client/client.ts';
import { Schedule, type ScheduledRun } from '../../recipes/index.ts';
import { type Holding, isHeld } from '../grants/grant-book.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { Mishap, type SimProcess } from '../programs/sim-process.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { lifeOf, type Seen, TickBook, type TickRules } from './tick-book.ts';

const PATH = '/cron/report';
const LOG = '/log/report';
/** Mean ms of one piece of work, of work that goes on for too long, and of taking part. */
const STEP = 300;
const LATE = 2_000;
const TERM = 8_000;
/** How an application's own failure is told from others. */
const FAILURE = 'the job has failed';

export class ScheduleUse implements Application {
  readonly #rules: TickRules;
  readonly #book: TickBook;
  #processes: SimProcess[] = [];

  constructor(seed: number) {
    const prng = new Prng(seed, STREAM.application, 4);
    this.#rules = {
      period: prng.pick([500, 1_500, 3_000]),
      missed: prng.pick(['skip', 'run']),
      interrupted: prng.pick(['skip', 'retry']),
      maxAttempts: prng.pick([1, 3]),
      grace: prng.pick([500, 60_000]),
    };
    this.#book = new TickBook(PATH, LOG, this.#rules);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { process, client } = life;
    this.#processes = [...this.#processes.filter(({ alive }) => alive), process];
    const { period, ...rules } = this.#rules;
    const schedule = new Schedule(client, PATH, {
      ...rules,
      owner: lifeOf(process),
      next: (after) => {
        this.#book.looked(process, process.wall());
        return new Date(Math.floor(after.getTime() / period + 1) * period);
      },
    });
    for (let count = process.prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const runner = new Actor(life, 'runner', 'S45');
      runner.repeat(() => this.#takePart(runner, schedule));
    }
    const seen: Seen = { tick: 0, attempt: 0, isOver: false };
    schedule.watch({ signal: life.stop }).subscribe((last) => {
      if (last !== undefined) process.call(() => this.#book.told(seen, last));
    });
  }

  /** Somebody runs a tick again, unless the last one was one of the future by all clocks that there are. */
  owed(): () => readonly string[] {
    const { taken } = this.#book;
    return () => {
      const clocks = this.#processes.filter(({ alive }) => alive).map((one) => one.wall());
      const isAhead = Math.max(...clocks) < this.#book.upcoming;
      return this.#book.taken > taken || isAhead ? [] : [`the tick ${this.#book.upcoming}`];
    };
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  /** Until everybody is stopped, or for a while. Nothing that passes ends it before. */
  async #takePart(runner: Actor, schedule: Schedule): Promise<void> {
    const { process, life } = runner;
    const leave = new AbortController();
    if (process.prng.chance(0.4)) {
      setTimeout(() => leave.abort(), process.prng.exponential(TERM));
    }
    const signal = AbortSignal.any([life.stop, leave.signal]);
    try {
      await schedule.run((run) => this.#work(runner, run), { signal });
    } catch (error) {
      const isEnd = !process.alive || QuorateError.is(error, 'CLOSED', 'QUARANTINED');
      process.call(() => demand(isEnd, 'S45', () => `Schedule.run has ended by ${String(error)}`));
    }
  }

  async #work(runner: Actor, run: ScheduledRun): Promise<void> {
    const { process } = runner;
    const { prng } = process;
    const holding = process.call(() => this.#book.begun(process, run, runner.applied));
    runner.count(run.attempt === 1 ? 'ran' : 'ran again');
    runner.stage.note(process, () => `runs ${run.tick.getTime()} by ${run.path}`, run.attempt);
    for (let steps = prng.below(3); steps >= 0; steps -= 1) {
      await runner.pause(prng.exponential(STEP));
      if (!isHeld(run)) break;
      process.call(() => this.#book.asserted(holding));
      if (prng.chance(0.3)) await this.#log(runner, holding);
    }
    if (prng.chance(0.2)) await runner.pause(prng.exponential(LATE));
    const fails = prng.chance(0.2);
    const how = fails ? `failed: ${FAILURE}` : 'done';
    const held = isHeld(run);
    if (!held) runner.count('interrupted');
    process.call(() => this.#book.settled(holding, run, held ? how : undefined));
    if (fails) throw new Mishap(FAILURE);
  }

  /** A write that is to be refused to a late one. */
  async #log({ client }: Actor, { grant }: Holding): Promise<void> {
    const guarded: Client = client.guardedBy(grant);
    try {
      await guarded.update(LOG, () => String(grant.fence), { timeout: 1_000 });
    } catch (error) {
      if (!QuorateError.is(error)) throw error;
    }
  }
}
