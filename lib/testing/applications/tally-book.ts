/** S40: what was added to a number, and which ids were given. It hears of both from those who were told, and of the number from G. */
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { stepsOf } from './steps.ts';

export class TallyBook {
  readonly #path: string;
  /** In G. */
  #sum = 0;
  /** Of all additions that are known to count, and of those that may. */
  #known = 0;
  #open = 0;
  /** The numbers that an addition has counted through. */
  readonly #counted = new Set<number>();
  /** The greatest sum, and the greatest id, that somebody was told of. */
  told = 0;
  lastId = 0;
  readonly #ids = new Set<number>();

  constructor(path: string) {
    this.#path = path;
  }

  get predicate(): Predicate {
    return {
      name: 'S40',
      title: 'every addition counts once, and no id is given twice',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  /** Somebody is about to add. */
  adding(delta: number): void {
    this.#open += delta;
  }

  /** It was told the sum that it made; it had begun when `before` was the greatest sum that anybody knew. */
  added(delta: number, sum: number, before: number): void {
    demand(sum - delta >= before, 'S40', () => `${delta} make ${sum}, and there were ${before}`);
    for (let number = sum - delta + 1; number <= sum; number += 1) {
      demand(
        !this.#counted.has(number),
        'S40',
        () => `${delta} make ${sum}: ${number} was counted`,
      );
      this.#counted.add(number);
    }
    this.told = Math.max(this.told, sum);
    this.applied(delta);
  }

  /** It counts, whatever the sum was. */
  applied(delta: number): void {
    this.#open -= delta;
    this.#known += delta;
    this.#judge();
  }

  /** It does not count, and never will. */
  notApplied(delta: number): void {
    this.#open -= delta;
    this.#judge();
  }

  /** Somebody is given an id; `before`: the greatest that is to be below it. */
  given(id: number, before: number): void {
    demand(!this.#ids.has(id), 'S40', () => `the id ${id} is given twice`);
    demand(id > before, 'S40', () => `the id ${id} is given after ${before}`);
    this.#ids.add(id);
    this.lastId = Math.max(this.lastId, id);
  }

  #decided(decided: Decided): void {
    for (const step of stepsOf(decided, this.#path)) {
      if (step.path !== this.#path) continue;
      if (step.type === 'create' || step.type === 'set') this.#sum = Number(step.data);
      this.#judge();
    }
  }

  #judge(): void {
    const known = this.#known;
    demand(this.#sum >= known && this.#sum <= known + this.#open, 'S40', () => {
      return `the number is ${this.#sum}; ${known} were added, and perhaps ${this.#open} more`;
    });
  }
}
