import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf } from '../base/path.ts';
import { abortWith } from '../client/abort.ts';
import type { Client, Created } from '../client/client.ts';
import { bytes } from '../client/codec.ts';
import {
  checkCall,
  type StopOptions,
  throwIfAborted,
  WAIT_OPTIONS,
  type WaitOptions,
} from '../client/wait.ts';
import { reasonOf, report } from '../client/warn.ts';
import { checkPlace } from './any-client.ts';
import { LentItem } from './lent-item.ts';
import { Patience, pause } from './patience.ts';
import type { QueueItem } from './queue-item.ts';
import { delayedPrefix, entryPrefix, PRIORITY_MAX, QueuePlace } from './queue-place.ts';
import { Room } from './queue-room.ts';
import { Taker } from './queue-taker.ts';
import { Waiting } from './queue-waiting.ts';

/** How a queue behaves; the same wherever it is used. */
export interface QueueOptions {
  /** Whoever puts waits while there are so many, the taken and the delayed ones included. @default 10_000 */
  readonly maxItems?: number;
  /** An item that was taken so often without being acknowledged goes to `<path>/dead`. @default 5 */
  readonly maxAttempts?: number;
  /**
   * How many items this process claims beyond those that are waited for. Higher is faster where the work is
   * short; but what lies here nobody else can take. @default 0
   */
  readonly prefetch?: number;
}

/** How items are put. */
export interface PutOptions extends WaitOptions {
  /** 0 to 999; lower ones are taken first. @default 100 */
  readonly priority?: number;
  /** Ms before which it is not taken, by the clocks of the processes. @default 0 */
  readonly delay?: number;
}

/** How many items to work on at once, and when to stop. */
export interface QueueRunOptions extends StopOptions {
  /** @default 1 */
  readonly concurrency?: number;
}

/** An acknowledgement came too late, or with the end of its session. */
const NOT_IN_TIME = ['GRANT_LOST', 'RELEASED', 'SESSION_EXPIRED', 'QUARANTINED', 'CLOSED'] as const;
/** Before it asks again with the next session, ms. */
const PAUSE = 10;

/**
 * Items that are each worked on by one of many, at least once: whoever takes one has to acknowledge it, else
 * it is taken again. To coordinate work, not to carry it: see the guide `queue.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Queue } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const queue = new Queue(peer, '/queues/thumbnails');
 * await queue.put('/images/1.png');
 * await queue.putAll(['/images/2.png', '/images/3.png'], { priority: 10 });
 * const stop = new AbortController();
 * await queue.run(
 *   async (item) => {
 *     console.log(item.data, 'for the', item.attempt, 'time');
 *     if (item.data === '/images/1.png') stop.abort();
 *   },
 *   { concurrency: 2, signal: stop.signal },
 * );
 * await peer.close();
 * ```
 */
export class Queue<T = string, In = T> {
  readonly #client: Client<T, In>;
  readonly #place: QueuePlace;
  readonly #maxItems: number;
  readonly #maxAttempts: number;
  readonly #prefetch: number;
  readonly #room: Room;
  readonly #waiting: Waiting<T>;
  #isServing = false;

  /**
   * Free: nothing is asked before something is put or taken.
   * @param client a session too: then what was taken goes back when that has ended
   * @param path the node that holds it all; it is made where it is missing
   */
  constructor(client: Client<T, In>, path: string, options?: QueueOptions) {
    checkPlace('Queue', client, path);
    checkCall('Queue', options, ['maxItems', 'maxAttempts', 'prefetch']);
    const { maxItems = 10_000, maxAttempts = 5, prefetch = 0 } = options ?? {};
    this.#client = client;
    this.#place = new QueuePlace(path);
    this.#maxItems = checkCount('maxItems', maxItems, 1);
    this.#maxAttempts = checkCount('maxAttempts', maxAttempts, 1);
    this.#prefetch = checkCount('prefetch', prefetch, 0);
    this.#room = new Room(client, this.#place, maxItems);
    this.#waiting = new Waiting(path, () => reasonOf(client));
  }

  /**
   * Puts an item at the end, or behind those of its priority. Waits while the queue is full. Resolves with its
   * name when it is there for good. It is encoded when there is room: do not change it before.
   *
   * @throws {QuorateError} TIMED_OUT: there is no room, or no quorum; `outcome` says what became of it
   */
  async put(item: In, options?: PutOptions): Promise<string> {
    const [name] = await this.#put('put', [item], options);
    return name ?? '';
  }

  /** Puts all of them or none, one behind the other, in one transaction: at most 1 MiB together. */
  async putAll(items: readonly In[], options?: PutOptions): Promise<string[]> {
    if (!Array.isArray(items)) throw new TypeError('putAll: items is an array');
    return this.#put('putAll', items, options);
  }

  /**
   * Takes the first item: waits for one, without end unless there is a `timeout`. An expiry of the session does
   * not end the wait, unless the queue was given a `Session`. Whoever has it acknowledges it or gives it back.
   *
   * @throws {QuorateError} TIMED_OUT, ABORTED: nothing was taken. CLOSED, or SESSION_EXPIRED of a `Session`.
   * GRANT_LOST: the client is guarded by a grant that is over
   */
  async take(options?: WaitOptions): Promise<QueueItem<T>> {
    checkCall('Queue.take', options, WAIT_OPTIONS);
    return new LentItem(await this.#next(options), this.#client);
  }

  /**
   * Works on the items, so many at a time, until the signal stops it or the client is closed: then it resolves,
   * when what was begun has settled. An item is acknowledged when the work on it resolves; when it throws, the
   * item is given back, and the error goes to the `error` event of the peer.
   *
   * @throws SESSION_EXPIRED of a `Session`, GRANT_LOST and the like, as `take`: when what was begun has settled
   */
  async run(work: (item: QueueItem<T>) => unknown, options?: QueueRunOptions): Promise<void> {
    if (typeof work !== 'function') throw new TypeError('Queue.run: the work is a function');
    checkCall('Queue.run', options, ['signal', 'concurrency']);
    const { concurrency = 1, signal } = options ?? {};
    checkCount('concurrency', concurrency, 1);
    const stop = new AbortController();
    abortWith(stop, signal);
    const workers = Array.from({ length: concurrency }, () =>
      this.#work(work, stop.signal).catch((error: unknown) => {
        // The first one: those that are stopped by it just end.
        stop.abort();
        throw error;
      }),
    );
    const ends = await Promise.allSettled(workers);
    stop.abort();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** How many items there are, the taken ones included, the delayed ones not; as this peer knows it. */
  async size(): Promise<number> {
    const stat = await this.#client.exists(this.#place.entries);
    return stat?.numChildren ?? 0;
  }

  async #next(options: WaitOptions | undefined): Promise<QueueItem<T>> {
    const { path } = this.#place;
    throwIfAborted(options, { what: `take ${path}`, path });
    const item = this.#waiting.wait(options);
    if (!this.#isServing) void this.#serve();
    return item;
  }

  async #work(work: (item: QueueItem<T>) => unknown, signal: AbortSignal): Promise<void> {
    for (;;) {
      let item: QueueItem<T>;
      try {
        item = await this.#next({ signal });
      } catch (error) {
        const wasStopped = signal.aborted && QuorateError.is(error, 'ABORTED');
        if (wasStopped || QuorateError.is(error, 'CLOSED')) return;
        throw error;
      }
      try {
        await work(item);
      } catch (error) {
        if (!QuorateError.is(error, 'GRANT_LOST', 'RELEASED')) report(this.#client, error);
        await item.release();
        continue;
      }
      try {
        await item.ack();
      } catch (error) {
        // It will be taken again, or it is done. Nobody needs to hear of either.
        if (!QuorateError.is(error, ...NOT_IN_TIME)) report(this.#client, error);
        await item.release();
      }
    }
  }

  /** One taker after the other, while somebody waits. */
  async #serve(): Promise<void> {
    this.#isServing = true;
    while (this.#waiting.size > 0) {
      const { session } = this.#client;
      if (session.signal.aborted) {
        this.#waiting.refuse(session.signal.reason);
        break;
      }
      try {
        await new Taker(session, this.#place, this.#waiting, {
          maxAttempts: this.#maxAttempts,
          prefetch: this.#prefetch,
          report: (error) => report(this.#client, error),
        }).run();
      } catch (error) {
        // A grant that is lost is not the taker's own, but one that the client is guarded by.
        const isPassing = QuorateError.is(error, 'SESSION_EXPIRED', 'CLOSED', 'OVERLOADED');
        if (!isPassing && !session.signal.aborted) this.#waiting.refuse(error);
        await pause(PAUSE);
      }
    }
    this.#isServing = false;
  }

  async #put(
    name: string,
    items: readonly In[],
    options: PutOptions | undefined,
  ): Promise<string[]> {
    checkCall(`Queue.${name}`, options, [...WAIT_OPTIONS, 'priority', 'delay']);
    const { path } = this.#place;
    throwIfAborted(options, { what: `${name} ${path}`, path });
    if (items.length > this.#maxItems) throw new RangeError(`${name}: more than maxItems`);
    const { priority = 100, delay = 0 } = options ?? {};
    const target = this.#target(priority, delay);
    const wait = new Patience(options);
    const limit = wait.timeout === undefined ? {} : { timeout: wait.timeout };
    const patience = wait.signal === undefined ? limit : { ...limit, signal: wait.signal };
    return await this.#room.put(items.length, patience, async () => {
      for (;;) {
        try {
          return await this.#create(target, items, wait.left);
        } catch (error) {
          if (!QuorateError.is(error, 'NO_NODE')) throw error;
          await this.#place.make(this.#client.session.as(bytes), wait.left);
        }
      }
    });
  }

  async #create(target: string, items: readonly In[], wait: WaitOptions): Promise<string[]> {
    const [first] = items;
    if (items.length === 1 && first !== undefined) {
      const { path } = await this.#client.create(target, first, { sequential: true, ...wait });
      return [nameOf(path)];
    }
    const ops = items.map((data) => ({ create: target, data, sequential: true }));
    const created: readonly Created[] = await this.#client.multi(ops, wait);
    return created.map(({ path }) => nameOf(path));
  }

  #target(priority: number, delay: number): string {
    checkCount('priority', priority, 0);
    if (priority > PRIORITY_MAX) throw new RangeError(`priority: at most ${PRIORITY_MAX}`);
    if (typeof delay !== 'number') throw new TypeError('delay is a number of milliseconds');
    if (!(delay >= 0) || delay > Number.MAX_SAFE_INTEGER / 2) {
      throw new RangeError('delay: milliseconds, not negative');
    }
    const { entries, delayed } = this.#place;
    if (delay === 0) return joinPath(entries, entryPrefix(priority));
    return joinPath(delayed, delayedPrefix(Math.ceil(Date.now() + delay), priority));
  }
}

function checkCount(name: string, value: number, least: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} is a number`);
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`${name}: a whole number, ${least} or more`);
  }
  return value;
}
