/** Those who run tasks or stand by for them, in every process, and those who add and remove tasks. */
import { QuorateError } from '../../base/errors.ts';
import type { Client } from '../../client/client.ts';
import { HotStandby, type RunningTask, type StandbyMember } from '../../recipes/index.ts';
import { isHeld } from '../grants/grant-book.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { Mishap } from '../programs/sim-process.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { StandbyBook } from './standby-book.ts';

const PATH = '/bus';
/** Those that stay. */
const TASKS: readonly string[] = ['a', 'b'];
/** Mean ms of one piece of work, of work that goes on for too long, of taking part, and of a task that goes. */
const STEP = 500;
const LATE = 2_000;
const TERM = 8_000;
const SHORT = 4_000;
/** How work fails, and what is said of work that only returns. */
const FAILURE = 'the work has failed';
const RESIGNED = 'it resigned';

export class StandbyUse implements Application {
  readonly #book = new StandbyBook(PATH);
  /** By task: who works on it now. */
  readonly #working = new Map<string, Actor>();
  /** Owners and tasks of work that has not settled. */
  readonly #unsettled = new Set<string>();
  /** Tasks come back under their names, and whoever runs one writes of it. */
  readonly #returns: boolean;
  /** Tells owners and tasks apart. */
  #count = 0;

  constructor(seed: number) {
    this.#returns = new Prng(seed, STREAM.application, 8).chance(0.6);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { process, client } = life;
    for (let count = process.prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const stander = new Actor(life, 'stander', 'S46');
      stander.repeat(() => this.#takePart(stander));
    }
    const operator = new Actor(life, 'operator', 'S46');
    operator.repeat(() => this.#operate(operator));
    new HotStandby(client, PATH).watch({ signal: life.stop }).subscribe((tasks) => {
      process.call(() => demandOne(tasks));
    });
  }

  /** Every task that there is has one who runs it. */
  owed(): () => readonly string[] {
    const before = new Map(
      [...this.#book.tasks.keys()].map((task) => [task, this.#book.termsOf(task)]),
    );
    return () => {
      return [...before].flatMap(([task, terms]) => {
        const isRun = this.#working.get(task)?.process.alive === true;
        const isServed = isRun || this.#book.termsOf(task) > terms;
        return isServed || !this.#book.tasks.has(task) ? [] : [`the task ${task}`];
      });
    };
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  /** Until everybody is stopped, or for a while. Nothing that passes ends it before. */
  async #takePart(stander: Actor): Promise<void> {
    const { process, client, life } = stander;
    this.#count += 1;
    const owner = `${process.peer.id}-${this.#count}`;
    const failurePause = process.prng.pick([0, 200, 1_000]);
    const standby = new HotStandby(client, PATH, { owner, failurePause });
    const leave = new AbortController();
    if (process.prng.chance(0.4)) {
      setTimeout(() => leave.abort(), process.prng.exponential(TERM));
    }
    const signal = AbortSignal.any([life.stop, leave.signal]);
    try {
      await standby.run((running) => this.#work(stander, running, owner), { signal });
    } catch (error) {
      const isEnd = !process.alive || QuorateError.is(error, 'CLOSED', 'QUARANTINED');
      process.call(() => {
        demand(isEnd, 'S46', () => `HotStandby.run has ended by ${String(error)}`);
      });
    }
  }

  async #work(stander: Actor, running: RunningTask, owner: string): Promise<void> {
    const { process } = stander;
    const { prng } = process;
    const { task } = running;
    const who = `${owner} at ${task}`;
    const holding = process.call(() => {
      demand(!this.#unsettled.has(who), 'S46', () => `the former work of ${who} goes on`);
      return this.#book.begun(process, running, owner, stander.applied);
    });
    this.#unsettled.add(who);
    this.#working.set(task, stander);
    stander.count('ran');
    stander.stage.note(process, () => `${owner} runs ${task} by ${running.path}`, task.length);
    const isShort = prng.chance(0.5);
    while (isHeld(running) && !(isShort && prng.chance(0.3))) {
      process.call(() => this.#book.asserted(holding));
      if (this.#returns && prng.chance(0.3)) await this.#log(stander, running);
      await Promise.race([running.ended, stander.pause(prng.exponential(STEP))]);
    }
    if (prng.chance(0.2)) await stander.pause(prng.exponential(LATE));
    const failure = prng.chance(0.5) ? FAILURE : RESIGNED;
    const isOver = !isHeld(running);
    if (isOver) stander.count('lost');
    this.#unsettled.delete(who);
    this.#book.settled(holding, task, owner, isOver ? undefined : failure);
    if (this.#working.get(task) === stander) this.#working.delete(task);
    if (failure === FAILURE) throw new Mishap(FAILURE);
  }

  /** A write that is refused to whoever is late, also after somebody else was given a task of the same name. */
  async #log({ client }: Actor, running: RunningTask): Promise<void> {
    const guarded: Client = client.guardedBy(running);
    const text = String(running.fence);
    try {
      await guarded.update(`/log/${running.task}`, () => text, { timeout: 1_000 });
    } catch (error) {
      if (!QuorateError.is(error)) throw error;
    }
  }

  /** The tasks that stay are there, and now and then another one, for a while. */
  async #operate(operator: Actor): Promise<void> {
    const { client, process, life } = operator;
    const { prng } = process;
    const standby = new HotStandby(client, PATH);
    for (const task of TASKS) if (!this.#book.tasks.has(task)) await add(standby, task);
    await operator.pause(prng.exponential(SHORT));
    if (life.stop.aborted || !prng.chance(0.4)) return;
    this.#count += 1;
    const task = `short-${this.#count}`;
    await add(standby, task);
    await operator.pause(prng.exponential(SHORT));
    try {
      await standby.remove(task);
      operator.count('removed');
      // At once: who runs it may not have heard of it.
      if (this.#returns && prng.chance(0.5)) await add(standby, task);
    } catch (error) {
      // Somebody came in that moment: it stays.
      if (!QuorateError.is(error, 'NO_NODE', 'NOT_EMPTY')) throw error;
    }
  }
}

async function add(standby: HotStandby, task: string): Promise<void> {
  try {
    await standby.add(task, task);
  } catch (error) {
    if (!QuorateError.is(error, 'NODE_EXISTS')) throw error;
  }
}

/** Whoever watches sees one at most who runs a task, and that one first. */
function demandOne(tasks: ReadonlyMap<string, readonly StandbyMember[]>): void {
  for (const [task, members] of tasks) {
    const running = members.findLastIndex(({ state }) => state === 'RUNNING');
    demand(running <= 0, 'S46', () => {
      return `${task} is seen as ${members.map(({ owner, state }) => `${owner} ${state}`).join()}`;
    });
  }
}
