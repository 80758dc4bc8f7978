/** What the workers of one process do with a queue, a counter and a barrier; each step is written down before and behind. */
import { type Peer, QuorateError } from '../../../lib/index.ts';
import { Barrier, Counter, Queue, type QueueItem, UniqueId } from '../../../lib/recipes/index.ts';
import type { Deed, Instant } from '../history.ts';
import { instant, type Recorder } from '../recorder.ts';
import { isHeld, pause } from './contending.ts';
import { ARRIVALS, itemOf, placeOf } from './recipe-places.ts';

/** Whoever puts waits while so many are there. */
const ITEMS_MAX = 60;
/** How long one waits for what others may never do, ms. */
const TIMEOUT = 4_000;

export class Deeds {
  readonly #peer: Peer;
  readonly #recorder: Recorder;
  readonly #name: string;
  readonly #idle: number;
  readonly #queue: Queue;
  readonly #counter: Counter;
  readonly #barrier: Barrier;
  readonly #ids: UniqueId;
  #count = 0;

  /** @param name unique to this process. @param idle ms between two steps, on the average */
  constructor(peer: Peer, recorder: Recorder, name: string, idle: number) {
    this.#peer = peer;
    this.#recorder = recorder;
    this.#name = name;
    this.#idle = idle;
    this.#queue = new Queue(peer, placeOf('queue'), { maxItems: ITEMS_MAX });
    this.#counter = new Counter(peer, placeOf('counter'));
    this.#barrier = new Barrier(peer, placeOf('barrier'), { size: ARRIVALS });
    this.#ids = new UniqueId(peer, placeOf('ids'), { block: Math.random() < 0.5 ? 1 : 7 });
  }

  /** Adds; now and then several additions share a transaction. */
  async add(signal: AbortSignal): Promise<void> {
    const one = (): Promise<void> => {
      const delta = 1 + Math.floor(Math.random() * 5);
      return this.#do('add', this.#next(), BigInt(delta), async () => {
        return BigInt(await this.#counter.add(delta, { timeout: TIMEOUT, signal }));
      });
    };
    await Promise.all(Math.random() < 0.3 ? [one(), one(), one()] : [one()]);
  }

  /** Asks for an id that nobody else is given. */
  async name(signal: AbortSignal): Promise<void> {
    await this.#do('name', this.#next(), undefined, async () => {
      return BigInt(await this.#ids.next({ timeout: TIMEOUT, signal }));
    });
  }

  /** Puts one item, or a few in one transaction. */
  async put(signal: AbortSignal): Promise<void> {
    const options = { timeout: TIMEOUT, signal };
    const first = this.#next();
    const items = Math.random() < 0.3 ? [first, this.#next(), this.#next()] : [first];
    let all: Promise<unknown> | undefined;
    const put = async (): Promise<undefined> => {
      all ??=
        items.length > 1 ? this.#queue.putAll(items, options) : this.#queue.put(first, options);
      await all;
    };
    await Promise.all(items.map((id) => this.#do('put', id, undefined, put)));
  }

  /** Takes an item, works on it for a while, and acknowledges it, mostly. */
  async take(signal: AbortSignal): Promise<void> {
    const item = await this.#queue.take({ signal });
    try {
      const holder = this.#next();
      const from = instant();
      for (let turn = Math.random() * 3; turn > 0; turn -= 1) {
        this.#claim(item, holder, from);
        await pause(Math.random() * this.#idle);
      }
      this.#claim(item, holder, from);
      if (Math.random() < 0.15) return;
      await this.#do('ack', item.data, undefined, async () => {
        await item.ack();
        return undefined;
      });
    } finally {
      await item.release();
    }
  }

  /** Waits for others, and closes it behind itself. */
  async pass(signal: AbortSignal): Promise<void> {
    const options = { timeout: TIMEOUT, signal };
    await this.#do('pass', this.#next(), this.#peer.status.zxid, async () => {
      await this.#barrier.arrive(options);
      return this.#peer.status.zxid;
    });
    await pause(Math.random() * this.#idle);
    await this.#barrier.raise(options);
  }

  #claim(item: QueueItem<string>, holder: string, from: Instant): void {
    // The clock first: what is known after it was true at it.
    const to = instant();
    if (isHeld(item)) {
      this.#recorder.record({ t: 'claim', lock: itemOf(item.data), holder, from, to });
    }
  }

  #next(): string {
    this.#count += 1;
    return `${this.#name}.${this.#count}`;
  }

  /** @param asked what it is asked with. Throws what the work throws. */
  async #do(
    deed: Deed['deed'],
    id: string,
    asked: bigint | undefined,
    work: () => Promise<bigint | undefined>,
  ): Promise<void> {
    const tell = (step: Deed['step'], value?: bigint): void => {
      const what = { t: 'deed', deed, id, step, at: instant() } as const;
      this.#recorder.record(value === undefined ? what : { ...what, value });
    };
    tell('asked', asked);
    try {
      tell('done', await work());
    } catch (error) {
      if (QuorateError.is(error)) {
        void error.settled.then((outcome) => {
          if (outcome === 'applied') tell('done');
          if (outcome === 'not-applied') tell('not done');
        });
      }
      throw error;
    }
  }
}
