/** Those who add to a number and those who ask for ids, in every process. */
import { QuorateError } from '../../base/errors.ts';
import { Counter, UniqueId } from '../../recipes/index.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { TallyBook } from './tally-book.ts';

const SUM = '/tally/sum';
const IDS = '/tally/ids';

/** A wait for as long as it takes. */
const WITHOUT_END = { timeout: Number.POSITIVE_INFINITY };

export class TallyUse implements Application {
  readonly #book = new TallyBook(SUM);

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { prng } = life.process;
    const counter = new Counter(life.client, SUM);
    for (let count = prng.pick([1, 2]); count > 0; count -= 1) {
      const adder = new Actor(life, 'adder', 'S40');
      adder.repeat(() => this.#add(adder, counter));
    }
    const block = prng.pick([1, 1, 7]);
    const ids = new UniqueId(life.client, IDS, { block });
    const namer = new Actor(life, 'namer', 'S40');
    namer.repeat(() => this.#name(namer, ids, block));
  }

  owed(): () => readonly string[] {
    return () => [];
  }

  /** There is nothing that could be left: {@link TallyBook} judges the number whenever it changes. */
  left(): readonly string[] {
    return [];
  }

  async #add(adder: Actor, counter: Counter): Promise<void> {
    const { process } = adder;
    const { prng } = process;
    const delta = prng.integer(1, 5);
    const before = this.#book.told;
    this.#book.adding(delta);
    try {
      const add = () => counter.add(delta, WITHOUT_END);
      const sum = await (prng.chance(0.7)
        ? adder.patiently(add)
        : counter.add(delta, { timeout: adder.impatience() }));
      process.call(() => this.#book.added(delta, sum, before));
      adder.count('added');
    } catch (error) {
      if (QuorateError.is(error)) void this.#settle(adder, delta, error);
      throw error;
    }
  }

  async #settle({ process }: Actor, delta: number, error: QuorateError): Promise<void> {
    const outcome = await error.settled;
    if (!process.alive || outcome === 'unknown') return;
    const told = outcome === 'applied' ? 'applied' : 'notApplied';
    try {
      process.call(() => this.#book[told](delta));
    } catch {
      // The run has failed by it.
    }
  }

  async #name(namer: Actor, ids: UniqueId, block: number): Promise<void> {
    const { process } = namer;
    // Who has a block gives what it has taken before.
    const before = block === 1 ? this.#book.lastId : 0;
    const id = await namer.patiently(() => ids.next(WITHOUT_END));
    process.call(() => this.#book.given(id, before));
    namer.count('named');
  }
}
