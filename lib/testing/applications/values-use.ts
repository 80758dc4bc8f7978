/** Those who set values, those who follow them, and those who have all of them at hand. */
import { QuorateError } from '../../base/errors.ts';
import type { Zxid } from '../../base/zxid.ts';
import { Config, TreeCache } from '../../recipes/index.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { operate } from './operator.ts';
import { listed, SubtreeBook } from './subtree-book.ts';
import { madeFrom, NONE, ValuesBook } from './values-book.ts';
import { Views } from './views.ts';
import { Watcher } from './watcher.ts';

const JUDGE = 'S44';
const PATH = '/settings';
/** Mean ms between two values that one sets, and between two looks. */
const PAUSE = 1_000;

/** A value, whoever sets or follows it. */
class Value {
  readonly path: string;
  /** How many values its history has. */
  readonly kept: number;
  readonly book: ValuesBook;
  readonly states: SubtreeBook;
  readonly views: Views;

  constructor(name: string, kept: number) {
    this.path = `${PATH}/${name}`;
    this.kept = kept;
    this.book = new ValuesBook(JUDGE, this.path, kept);
    this.states = new SubtreeBook(this.path, (nodes) => nodes.get(this.path)?.data ?? NONE);
    this.views = new Views(this.states);
  }
}

export class ValuesUse implements Application {
  /** One with a history, and one that is deleted now and then. */
  readonly #values = [new Value('limits', 3), new Value('flag', 0)];
  readonly #tree = new SubtreeBook(PATH, (nodes) => {
    return listed([...nodes].map(([path, { data, written }]) => wordsOf(path, data, written)));
  });
  readonly #views = new Views(this.#tree);

  get predicate(): Predicate {
    return {
      name: JUDGE,
      title: 'a value is what was set last, over what it was made from; a cache is the tree',
      judges: 'replica',
      watch: () => ({
        decided: (decided) => {
          this.#tree.decided(decided);
          for (const { book, states } of this.#values) {
            book.decided(decided);
            states.decided(decided);
          }
        },
      }),
    };
  }

  begin(life: Life): void {
    const { prng } = life.process;
    for (const value of this.#values) {
      const { path, kept, views } = value;
      const config = new Config(life.client, path, { history: kept, fallback: NONE });
      const setter = new Actor(life, 'setter', JUDGE);
      setter.repeat(() => this.#set(setter, value, config));
      const watcher = new Actor(life, 'follower', JUDGE);
      const watch = new Watcher(watcher, views, {
        watch: (options) => config.watch(options),
        words: (state) => state,
      });
      watcher.repeat(() => watch.watch());
      const reader = new Actor(life, 'reader', JUDGE);
      reader.repeat(() => this.#read(reader, value, config));
    }
    const cache = new TreeCache(life.client, PATH);
    const keeper = new Actor(life, 'cache', JUDGE);
    const watch = new Watcher(keeper, this.#views, {
      watch: (options) => cache.watch(options),
      words: (nodes) => {
        return listed(
          [...nodes.values()].map((one) => wordsOf(one.path, one.data, one.stat.mzxid)),
        );
      },
    });
    keeper.repeat(() => watch.watch());
    if (prng.chance(0.5)) operate(life, JUDGE, ({ client }) => client.delete(`${PATH}/flag`));
  }

  owed(): () => readonly string[] {
    const debts = [this.#views, ...this.#values.map(({ views }) => views)].map((one) =>
      one.behind(),
    );
    return () => debts.flatMap((owed) => owed());
  }

  /** Values stay, whoever has set them. */
  left(): readonly string[] {
    return [];
  }

  async #set(
    setter: Actor,
    { book }: Value,
    config: Config<string, string, string>,
  ): Promise<void> {
    const { process } = setter;
    const { prng } = process;
    await setter.pause(prng.exponential(PAUSE));
    const name = book.name();
    const isPatient = prng.chance(0.6);
    const timeout = isPatient ? Number.POSITIVE_INFINITY : setter.impatience();
    const change = (): Promise<unknown> => {
      if (prng.chance(0.4)) return config.set(name, { timeout });
      return config.update((value) => madeFrom(name, value), { timeout });
    };
    try {
      await (isPatient ? setter.patiently(change) : change());
      process.call(() => book.told(name, setter.applied));
      setter.count('set');
    } catch (error) {
      if (QuorateError.is(error)) void this.#settle(setter, book, name, error);
      throw error;
    }
  }

  async #settle(
    { process }: Actor,
    book: ValuesBook,
    name: string,
    error: QuorateError,
  ): Promise<void> {
    const outcome = await error.settled;
    if (!process.alive || outcome === 'unknown') return;
    try {
      process.call(() => {
        if (outcome === 'applied') book.told(name, process.peer.view.applied);
        else book.notApplied(name);
      });
    } catch {
      // The run has failed by it.
    }
  }

  /** Asks again and again: never for what is older than what it saw. */
  async #read(
    reader: Actor,
    { views }: Value,
    config: Config<string, string, string>,
  ): Promise<void> {
    const { process, life } = reader;
    const view = views.open(reader);
    try {
      for (let count = process.prng.below(10); count > 0 && !life.stop.aborted; count -= 1) {
        const value = await config.get({ timeout: reader.impatience() });
        process.call(() => view.told(value));
        reader.count('read');
        await reader.pause(process.prng.exponential(PAUSE));
      }
    } finally {
      views.close(view);
    }
  }
}

function wordsOf(path: string, data: string, written: bigint): string {
  return `${path}=${data}@${written as Zxid}`;
}
