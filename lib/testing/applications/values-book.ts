/** S44 of values: what was written to them, over what, and what those who wrote were told. */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Decided } from '../model.ts';
import { demand } from '../predicates/predicate.ts';
import { stepsOf } from './steps.ts';

/** What a value is made of: its own name, and that of the value that it was made from. */
const OVER = '<';

export class ValuesBook {
  readonly #judge: string;
  readonly #path: string;
  readonly #kept: number;
  /** In G; undefined: there is none. */
  #value: string | undefined;
  /** By the names of values: where each was written. */
  readonly #written = new Map<string, Zxid>();
  readonly #refused = new Set<string>();
  /** Of the history, by path. */
  readonly #history = new Map<string, string>();
  #count = 0;

  /** @param kept how many values are in its history */
  constructor(judge: string, path: string, kept: number) {
    this.#judge = judge;
    this.#path = path;
    this.#kept = kept;
  }

  /** A name for the next value. */
  name(): string {
    this.#count += 1;
    return `v${this.#count}`;
  }

  /** Who wrote it was told that it is there. */
  told(name: string, applied: Zxid): void {
    const zxid = this.#written.get(name);
    const isThere = zxid !== undefined && zxid <= applied;
    demand(isThere, this.#judge, () => `${name} was set at ${this.#path}, and never was there`);
  }

  /** It was told that it is not, and will not be. */
  notApplied(name: string): void {
    this.#refused.add(name);
    demand(!this.#written.has(name), this.#judge, () => `${name} was not set, and is there`);
  }

  decided(decided: Decided): void {
    const { zxid } = decided.entry;
    const folder = `${this.#path}/history/`;
    let hasChanged = false;
    for (const step of stepsOf(decided, this.#path)) {
      const { path } = step;
      if (path === this.#path) {
        if (step.type === 'delete') this.#value = undefined;
        else if (step.type === 'create' || step.type === 'set') {
          hasChanged = true;
          this.#wrote(step.data, zxid);
        }
      } else if (path.startsWith(folder)) {
        if (step.type === 'delete') this.#history.delete(path);
        else if (step.type === 'create' || step.type === 'set') this.#history.set(path, step.data);
      }
    }
    if (hasChanged) this.#demandHistory();
  }

  #wrote(data: string, zxid: Zxid): void {
    const [name = '', base] = data.split(OVER);
    const before = this.#value?.split(OVER)[0] ?? NONE;
    const what = `${formatZxid(zxid)} sets ${this.#path} to ${data} over ${before}`;
    demand(!this.#written.has(name), this.#judge, () => `${what} again`);
    demand(!this.#refused.has(name), this.#judge, () => `${what}, which was not to be`);
    demand(base === undefined || base === before, this.#judge, () => what);
    this.#written.set(name, zxid);
    this.#value = data;
  }

  #demandHistory(): void {
    const all = [...this.#history].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, data]) => data);
    const isRight = all.length <= this.#kept && (this.#kept === 0 || all.at(-1) === this.#value);
    demand(isRight, this.#judge, () => `${this.#path} is ${this.#value} after ${all.join(', ')}`);
  }
}

/** In place of a value, while there is none. */
export const NONE = 'none';

/** A value made from another one. */
export function madeFrom(name: string, value: string): string {
  return `${name}${OVER}${value.split(OVER)[0]}`;
}
