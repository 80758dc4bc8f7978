/** What those who watch a subtree were told of it: what it was, in this order, and in the end what it is. */
import { formatZxid } from '../../base/zxid.ts';
import { demand } from '../predicates/predicate.ts';
import type { SubtreeBook } from './subtree-book.ts';

/** Who watches. */
export interface Onlooker {
  /** As statistics call it. */
  readonly name: string;
  /** The predicate that judges what it is told. */
  readonly judge: string;
  /** What its peer has applied. */
  readonly applied: bigint;
  readonly process: {
    readonly alive: boolean;
    readonly peer: { readonly id: number; readonly free: boolean };
  };
}

/** One consumer's way through the states. */
export class View {
  readonly actor: Onlooker;
  readonly #book: SubtreeBook;
  #moment = 0;
  #zxid = 0n;
  /** What it was told last. */
  #words: string | undefined;

  constructor(book: SubtreeBook, actor: Onlooker) {
    this.#book = book;
    this.actor = actor;
  }

  get words(): string | undefined {
    return this.#words;
  }

  /** It is told a state. */
  told(words: string): void {
    this.sees((said) => said === words, words);
    this.#words = words;
  }

  /** It is told something that was so at some moment: not before what it was told last, nor of what is to come. */
  sees(test: (words: string) => boolean, what: string): void {
    const { applied, judge } = this.actor;
    const moment = this.#book.find(this.#moment, applied, test);
    demand(moment !== undefined, judge, () => {
      const before = this.#book.words(this.#moment);
      return `${this.#who} is told ${what} at ${formatZxid(applied)}, which it never was since ${before}`;
    });
    this.#moment = moment ?? this.#moment;
  }

  /** It has a state at hand, and knows of which transaction. */
  has(words: string, zxid: bigint): void {
    const { judge, applied } = this.actor;
    demand(zxid >= this.#zxid && zxid <= applied, judge, () => {
      return `${this.#who} goes from ${formatZxid(this.#zxid)} to ${formatZxid(zxid)}`;
    });
    this.#moment = this.#book.momentOf(zxid);
    this.#zxid = zxid;
    this.#words = words;
    const was = this.#book.words(this.#moment);
    demand(words === was, judge, () => {
      return `${this.#who} has ${words} at ${formatZxid(zxid)}, when it was ${was}`;
    });
  }

  /** What was so at that moment has not reached it, and what is so now has not either. */
  isBehind(moment: number): boolean {
    const book = this.#book;
    if (this.#moment >= moment || this.#words === undefined) return false;
    return this.#words !== book.words(moment) && this.#words !== book.words(book.last);
  }

  get #who(): string {
    return `${this.actor.name} of peer ${this.actor.process.peer.id}`;
  }
}

/** All who watch one subtree. */
export class Views {
  readonly #book: SubtreeBook;
  /** With what has them look again. */
  readonly #open = new Map<View, () => void>();

  constructor(book: SubtreeBook) {
    this.#book = book;
  }

  /** @param look has it told what is at hand now */
  open(actor: Onlooker, look: (view: View) => void = () => {}): View {
    const view = new View(this.#book, actor);
    this.#open.set(view, () => look(view));
    return view;
  }

  close(view: View): void {
    this.#open.delete(view);
  }

  /** From now on: names those whom the present state, or a later one, has not reached yet. */
  behind(): () => readonly string[] {
    const moment = this.#book.last;
    const before = [...this.#open.keys()];
    return () => {
      const still = before.filter((view) => {
        const { process } = view.actor;
        const look = this.#open.get(view);
        if (look === undefined || !process.alive || !process.peer.free) return false;
        look();
        return view.isBehind(moment);
      });
      return still.map(({ actor, words }) => {
        return `${actor.name} of peer ${actor.process.peer.id} still has ${words}, and it is ${this.#book.words(moment)}`;
      });
    };
  }
}
