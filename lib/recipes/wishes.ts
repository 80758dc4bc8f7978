/** What the owner of a node has asked to be in it: some of it may be refused, and only later. */
import { QuorateError } from '../base/errors.ts';

const REFUSALS = ['INVALID_DATA', 'TOO_LARGE', 'QUOTA_EXCEEDED'] as const;

/** The data or the place is refused: the same again would be, too. */
export function isRefusal(error: unknown): boolean {
  return !QuorateError.is(error) || QuorateError.is(error, ...REFUSALS);
}

/** Some data, numbered in the order in which it was asked for. */
export interface Wish<In> {
  readonly data: In;
  readonly at: number;
  /** What is wanted instead if this is refused; undefined: nothing, or it is known to be good. */
  before: Wish<In> | undefined;
  isRefused: boolean;
}

/** Knows the newest data that was not refused, whatever else is on its way. */
export class Wishes<In> {
  #count = 0;
  #newest: Wish<In>;

  constructor(first: In) {
    this.#newest = { data: first, at: 0, before: undefined, isRefused: false };
  }

  get newest(): Wish<In> {
    return this.#newest;
  }

  add(data: In): Wish<In> {
    this.#count += 1;
    this.#newest = { data, at: this.#count, before: this.#newest, isRefused: false };
    return this.#newest;
  }

  /** It is in the tree: what was wanted before is of no use any more. */
  accept(wish: Wish<In>): void {
    wish.before = undefined;
  }

  refuse(wish: Wish<In>): void {
    wish.isRefused = true;
    while (this.#newest.isRefused && this.#newest.before !== undefined) {
      this.#newest = this.#newest.before;
    }
  }
}
