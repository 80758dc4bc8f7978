/** One who watches a subtree for a while, in any of the ways that there are to do it. */
import type { Live, Watch } from '../../client/feed.ts';
import type { StopOptions } from '../../client/wait.ts';
import type { Actor } from './actor.ts';
import type { View, Views } from './views.ts';

/** How to watch, and the words for what is seen. */
export interface Sight<S> {
  readonly watch: (options: StopOptions) => Watch<S>;
  readonly words: (state: S) => string;
}

/** Mean ms for which it watches, between two looks, and that it takes its time over one. */
const TERM = 6_000;
const LOOK = 300;
const SLOW = 300;

export class Watcher<S> {
  readonly #actor: Actor;
  readonly #views: Views;
  readonly #sight: Sight<S>;

  constructor(actor: Actor, views: Views, sight: Sight<S>) {
    this.#actor = actor;
    this.#views = views;
    this.#sight = sight;
  }

  /** For a while, in some way. */
  async watch(): Promise<void> {
    const { process, life } = this.#actor;
    const leave = new AbortController();
    setTimeout(() => leave.abort(), process.prng.exponential(TERM));
    const signal = AbortSignal.any([life.stop, leave.signal]);
    const ways = [
      () => this.#look(signal),
      () => this.#listen(signal),
      () => this.#iterate(signal),
    ];
    await process.prng.pick(ways)();
  }

  /** Has the newest at hand. */
  async #look(signal: AbortSignal): Promise<void> {
    const actor = this.#actor;
    const { process, life } = actor;
    const { watch, words } = this.#sight;
    const live = await actor.patiently(() => watch({ signal: life.stop }).live());
    const look = (view: View): void => view.has(words(live.value), live.zxid);
    const view = this.#views.open(actor, look);
    try {
      while (!signal.aborted && isGood(live)) {
        process.call(() => look(view));
        actor.count('looked');
        await actor.pause(process.prng.exponential(LOOK));
      }
      if (live.error !== undefined) throw live.error;
    } finally {
      this.#views.close(view);
      await live.close();
    }
  }

  /** Is called with each. */
  async #listen(signal: AbortSignal): Promise<void> {
    const actor = this.#actor;
    const { process, client } = actor;
    const { prng } = process;
    const { watch, words } = this.#sight;
    const view = this.#views.open(actor);
    const told = (state: S): void | Promise<void> => {
      process.call(() => view.told(words(state)));
      actor.count('told');
      return prng.chance(0.1) ? actor.pause(prng.exponential(SLOW)) : undefined;
    };
    const subscription = watch({}).subscribe(told);
    try {
      while (!signal.aborted && client.status.state !== 'closed') {
        await actor.pause(prng.exponential(LOOK));
      }
    } finally {
      this.#views.close(view);
      subscription[Symbol.dispose]();
    }
  }

  /** Takes one after the other. */
  async #iterate(signal: AbortSignal): Promise<void> {
    const actor = this.#actor;
    const { process } = actor;
    const { prng } = process;
    const { watch, words } = this.#sight;
    const view = this.#views.open(actor);
    try {
      for await (const state of watch({ signal })) {
        process.call(() => view.told(words(state)));
        actor.count('taken');
        if (prng.chance(0.2)) await actor.pause(prng.exponential(SLOW));
      }
    } finally {
      this.#views.close(view);
    }
  }
}

function isGood(live: Live<unknown>): boolean {
  return live.error === undefined;
}
