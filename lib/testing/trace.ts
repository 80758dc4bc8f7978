/**
 * The story of a run: one readable line for each event, and a hash over all of them. The lines are
 * made only if somebody reads them; the hash is always kept, so that two runs can be compared.
 */
import { hashText } from '../base/hash.ts';

/** What happens in a run, by the width of its column. */
export type Topic =
  | 'start'
  | 'crash'
  | 'fault'
  | 'heal'
  | 'write'
  | 'send'
  | 'apply'
  | 'commit'
  | 'event'
  | 'link'
  | 'client'
  | 'check';

export class Trace {
  readonly #now: () => number;
  readonly #print: ((line: string) => void) | undefined;
  #hash = 0;
  lines = 0;

  constructor(now: () => number, print?: (line: string) => void) {
    this.#now = now;
    this.#print = print;
  }

  /** A hash of everything so far. */
  get hash(): string {
    return this.#hash.toString(16).padStart(14, '0');
  }

  /** Notes an event; `place` 0 is the world's. `numbers` go into the hash, `text` is for the reader. */
  note(topic: Topic, place: number, text: () => string, ...numbers: readonly number[]): void {
    this.lines += 1;
    let mixed = hashText(this.#hash + Math.floor(this.#now() * 1000), topic) + place;
    for (const number of numbers) mixed = hashText(mixed + number, '');
    this.#hash = mixed;
    if (this.#print === undefined) return;
    const time = (this.#now() / 1000).toFixed(4).padStart(9);
    const who = place === 0 ? '     ' : `peer ${place}`.padEnd(6);
    this.#print(`${time}  ${who} ${topic.padEnd(7)}${text()}`);
  }
}
