/** One who keeps a node for a while, whatever recipe makes it, and writes to it. */
import { QuorateError } from '../../base/errors.ts';
import { type Codec, utf8 } from '../../client/codec.ts';
import type { WaitOptions } from '../../client/wait.ts';
import { demand } from '../predicates/predicate.ts';
import type { Actor } from './actor.ts';
import type { Kept, KeptBook } from './kept-book.ts';

/** What recipes give those who keep a node. */
export interface KeptHandle {
  set(data: string, options?: WaitOptions): Promise<void>;
  close(): Promise<void>;
  /** It is to outlive its owner. */
  readonly staysBehind?: boolean;
}

/** Makes it; resolves when it is there. */
type Open = (data: string, options: WaitOptions) => Promise<KeptHandle>;

/** How a node is kept. */
interface Manner {
  /** Others want the path, too: nobody knows when it is to be had. @default false */
  readonly isShared?: boolean;
  /** Data that is bad is refused. @default true */
  readonly refuses?: boolean;
}

/** Data that ends so is refused. */
const BAD = '!';
/** Mean ms for which it is kept, and between two that are written. */
const TERM = 5_000;
const STEP = 700;

/** Text, but for what is bad. */
export const picky: Codec<string> = {
  encode: (value) => {
    if (value.endsWith(BAD)) throw new RangeError('it is bad');
    return utf8.encode(value);
  },
  decode: (data) => utf8.decode(data),
};

export class Keeper {
  readonly #actor: Actor;
  readonly #book: KeptBook;
  readonly #open: Open;
  readonly #manner: Manner;

  constructor(actor: Actor, book: KeptBook, open: Open, manner: Manner = {}) {
    this.#actor = actor;
    this.#book = book;
    this.#open = open;
    this.#manner = manner;
  }

  /** Keeps a node there for a while. */
  async keep(path: string): Promise<void> {
    const [actor, book] = [this.#actor, this.#book];
    const { process, life } = actor;
    const kept = book.opening(process, path);
    const data = book.asking(kept);
    try {
      const node = await this.#opened(data);
      actor.count('kept');
      process.call(() => book.opened(kept, data, actor.applied));
      try {
        await this.#stay(kept, node);
      } finally {
        book.over(kept);
        await node.close();
        // The nodes of a peer that ends are gone with its sessions, a while later.
        const isLeft = node.staysBehind === true || life.client.status.state === 'closed';
        if (!isLeft) process.call(() => book.closed(kept));
        actor.count('closed');
      }
    } finally {
      book.over(kept);
    }
  }

  async #opened(data: string): Promise<KeptHandle> {
    const actor = this.#actor;
    const { stop: signal } = actor.life;
    if (actor.process.prng.chance(0.3)) {
      return await this.#open(data, { signal, timeout: actor.impatience() });
    }
    const open = () => this.#open(data, { signal, timeout: Number.POSITIVE_INFINITY });
    return await (this.#manner.isShared === true ? open() : actor.patiently(open));
  }

  async #stay(kept: Kept, node: KeptHandle): Promise<void> {
    const actor = this.#actor;
    const { process, life } = actor;
    const { prng } = process;
    const end = process.monotonic() + prng.exponential(TERM);
    // Of some the node comes back by itself, or not at all.
    const isQuiet = prng.chance(0.3);
    while (!life.stop.aborted && process.monotonic() < end) {
      await actor.pause(prng.exponential(STEP));
      if (isQuiet) continue;
      // Some do not wait for one before they ask for the next.
      const sets = Array.from({ length: prng.pick([1, 1, 2, 3]) }, () => this.#set(kept, node));
      await Promise.all(sets);
    }
    // Nobody gives up what is about to come back.
    while (!life.stop.aborted && !this.#book.has(kept) && life.client.status.state !== 'closed') {
      await actor.pause(prng.exponential(STEP));
    }
  }

  async #set(kept: Kept, node: KeptHandle): Promise<void> {
    const [actor, book] = [this.#actor, this.#book];
    const { prng } = actor.process;
    const isBad = this.#manner.refuses !== false && prng.chance(0.15);
    const data = `${book.asking(kept)}${isBad ? BAD : ''}`;
    if (isBad) book.refused(kept, data);
    const timeout = prng.chance(0.6) ? Number.POSITIVE_INFINITY : actor.impatience();
    try {
      await node.set(data, { timeout });
      actor.process.call(() => book.told(kept, data, actor.applied));
      actor.count('set');
    } catch (error) {
      const isRefused = QuorateError.is(error, 'INVALID_DATA');
      actor.process.call(() => {
        demand(isRefused === isBad || !isRefused, actor.judge, () => `${data} was refused`);
      });
      const isPassing = QuorateError.is(error, 'TIMED_OUT', 'SESSION_EXPIRED', 'OVERLOADED');
      if (!isRefused && !isPassing) throw error;
      actor.count(error.code);
    }
  }
}
