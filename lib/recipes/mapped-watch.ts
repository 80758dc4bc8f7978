/** Watches whose states are made of those of another watch, one of one. */
import type { QuorateError } from '../base/errors.ts';
import type { Feed, Live, Watch } from '../client/feed.ts';
import type { WaitOptions } from '../client/wait.ts';
import { type Step, SteppedIterator } from './stepped-iterator.ts';

/** Of one state another one: no effects, and the same again for the same. */
type Mapping<T, S> = (item: T) => S;

/** Who looks is not told twice of what looks the same. */
function stepsOf<T, S>(map: Mapping<T, S>): (item: T) => Step<S> {
  let last: Step<S>;
  return (item) => {
    const state = map(item);
    if (last !== undefined && Object.is(last.state, state)) return undefined;
    last = { state };
    return last;
  };
}

class MappedFeed<T, S> implements Feed<S> {
  readonly #feed: Feed<T>;
  readonly #map: Mapping<T, S>;

  constructor(feed: Feed<T>, map: Mapping<T, S>) {
    this.#feed = feed;
    this.#map = map;
  }

  subscribe(listener: (item: S) => void | Promise<void>): Disposable {
    if (typeof listener !== 'function') throw new TypeError('subscribe: a listener is a function');
    const step = stepsOf(this.#map);
    return this.#feed.subscribe((item) => {
      const next = step(item);
      return next === undefined ? undefined : listener(next.state);
    });
  }

  until<U extends S>(test: (item: S) => item is U, options?: WaitOptions): Promise<U>;
  until(test: (item: S) => boolean, options?: WaitOptions): Promise<S>;
  async until(test: (item: S) => boolean, options?: WaitOptions): Promise<S> {
    const map = this.#map;
    return map(await this.#feed.until((item) => test(map(item)), options));
  }

  [Symbol.asyncIterator](): AsyncIterator<S, undefined, undefined> {
    return new SteppedIterator(this.#feed[Symbol.asyncIterator](), stepsOf(this.#map));
  }
}

/** A watch through a function. */
export class MappedWatch<T, S> extends MappedFeed<T, S> implements Watch<S> {
  readonly #watch: Watch<T>;
  readonly #map: Mapping<T, S>;

  constructor(watch: Watch<T>, map: Mapping<T, S>) {
    super(watch, map);
    this.#watch = watch;
    this.#map = map;
  }

  async live(options?: WaitOptions): Promise<Live<S>> {
    return new MappedLive(await this.#watch.live(options), this.#map);
  }
}

/** Its value is made when somebody looks, and kept as long as it is the same. */
class MappedLive<T, S> extends MappedFeed<T, S> implements Live<S> {
  readonly #live: Live<T>;
  readonly #map: Mapping<T, S>;
  #made: { readonly of: T; readonly value: S } | undefined;

  constructor(live: Live<T>, map: Mapping<T, S>) {
    super(live, map);
    this.#live = live;
    this.#map = map;
  }

  get value(): S {
    const { value } = this.#live;
    if (this.#made === undefined || !Object.is(this.#made.of, value)) {
      this.#made = { of: value, value: this.#map(value) };
    }
    return this.#made.value;
  }

  get zxid(): bigint {
    return this.#live.zxid;
  }

  get error(): QuorateError | undefined {
    return this.#live.error;
  }

  close(): Promise<void> {
    return this.#live.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
