/** What a subtree was after each transaction of G, in the words of those who watch it. */
import type { Zxid } from '../../base/zxid.ts';
import type { Decided } from '../model.ts';
import { stepsOf } from './steps.ts';

/** A node of it. */
export interface BookedNode {
  /** Its czxid, and its mzxid. */
  readonly made: Zxid;
  readonly written: Zxid;
  readonly data: string;
}

/** By path. */
export type BookedNodes = ReadonlyMap<string, BookedNode>;

/** Says a state: equal states in equal words. */
export type Words = (nodes: BookedNodes) => string;

interface Moment {
  readonly zxid: Zxid;
  readonly words: string;
}

export class SubtreeBook {
  readonly #root: string;
  readonly #words: Words;
  readonly #nodes = new Map<string, BookedNode>();
  /** Whenever something else is to be said of it, in the order of G. */
  readonly #moments: Moment[];

  /** @param root its root, which is part of it */
  constructor(root: string, words: Words) {
    this.#root = root;
    this.#words = words;
    this.#moments = [{ zxid: 0n as Zxid, words: words(this.#nodes) }];
  }

  /** As it is in G now. */
  get nodes(): BookedNodes {
    return this.#nodes;
  }

  /** The last moment. */
  get last(): number {
    return this.#moments.length - 1;
  }

  /** What is to be said of it at a moment. */
  words(moment: number): string {
    return this.#moments[moment]?.words ?? '';
  }

  /** The moment that a transaction belongs to. */
  momentOf(zxid: bigint): number {
    return this.#moments.findLastIndex((moment) => moment.zxid <= zxid);
  }

  /** The first moment from that one on, until a transaction, whose words pass. */
  find(from: number, until: bigint, test: (words: string) => boolean): number | undefined {
    const found = this.#moments.findIndex(({ words, zxid }, index) => {
      return index >= from && zxid <= until && test(words);
    });
    return found < 0 ? undefined : found;
  }

  decided(decided: Decided): void {
    const { zxid } = decided.entry;
    for (const step of stepsOf(decided, this.#root)) {
      const { type, path } = step;
      if (path !== this.#root && !path.startsWith(`${this.#root}/`)) continue;
      if (type === 'delete') this.#nodes.delete(path);
      if (type !== 'create' && type !== 'set') continue;
      const made = type === 'create' ? zxid : (this.#nodes.get(path)?.made ?? zxid);
      this.#nodes.set(path, { made, written: zxid, data: step.data });
    }
    const words = this.#words(this.#nodes);
    if (words !== this.words(this.last)) this.#moments.push({ zxid, words });
  }
}

/** Words of a list: one for each, in an order that is always the same. */
export function listed(items: Iterable<string>): string {
  return `|${[...items].sort().join('|')}|`;
}
