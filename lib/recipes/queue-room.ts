/** Keeps a queue from growing beyond its bound: whoever puts waits for room. */
import { QuorateError } from '../base/errors.ts';
import type { Client } from '../client/client.ts';
import { bytes } from '../client/codec.ts';
import { type CutShort, Deadline, NOT_APPLIED, type WaitOptions } from '../client/wait.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { pause } from './patience.ts';
import type { QueuePlace } from './queue-place.ts';

/** Before it looks again where it could not, ms. */
const PAUSE = 20;

interface Putter {
  readonly count: number;
  let(): void;
  refuse(error: unknown): void;
}

export class Room {
  readonly #client: Client<Uint8Array>;
  readonly #place: QueuePlace;
  readonly #maxItems: number;
  /** Items that were ever let in, and those of them of which it was told what became of them. */
  #entered = 0;
  #told = 0;
  /** In their order: nobody is let in before the first one. */
  readonly #putters = new Set<Putter>();
  /** Ends the watch of those who wait; undefined: nobody does. */
  #watching: AbortController | undefined;
  #isLooking = false;
  /** There was a reason to look since the look began. */
  #isDue = false;

  constructor(client: Client<unknown, never>, place: QueuePlace, maxItems: number) {
    this.#client = client.as(bytes);
    this.#place = place;
    this.#maxItems = maxItems;
  }

  /**
   * Puts so many items when there is room for all of them, in the order in which it was asked for.
   * What others put at the same time is not seen: each may be above the bound by what is on its way.
   */
  async put<R>(count: number, options: WaitOptions | undefined, put: () => Promise<R>): Promise<R> {
    await this.#enter(count, options);
    try {
      return await put();
    } finally {
      this.#told += count;
      // What was not put after all has left room.
      if (this.#putters.size > 0) void this.#letIn();
    }
  }

  async #enter(count: number, options: WaitOptions | undefined): Promise<void> {
    if (this.#putters.size === 0) {
      const bound = await this.#bound(options);
      if (this.#putters.size === 0 && this.#isLet(count, bound)) return;
    }
    await this.#wait(count, options);
  }

  /** How many may have been let in by now, ever. */
  async #bound(options: WaitOptions | undefined): Promise<number> {
    const { entries, delayed } = this.#place;
    // What is told of from here on need not be in what is read.
    const told = this.#told;
    const [waiting, later] = await Promise.all([
      this.#client.exists(entries, options),
      this.#client.exists(delayed, options),
    ]);
    const here = (waiting?.numChildren ?? 0) + (later?.numChildren ?? 0);
    return this.#maxItems - here + told;
  }

  /** It is counted at once: many may have seen the same room. */
  #isLet(count: number, bound: number): boolean {
    if (this.#entered + count > bound) return false;
    this.#entered += count;
    return true;
  }

  #wait(count: number, options: WaitOptions | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        deadline.dispose();
        this.#putters.delete(putter);
        if (this.#putters.size > 0) return;
        this.#watching?.abort();
        this.#watching = undefined;
      };
      const putter: Putter = {
        count,
        let: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const { path } = this.#place;
      const deadline = new Deadline(options, Number.POSITIVE_INFINITY, {
        what: `put ${path}`,
        path,
        reason: () => `there is no room: it holds ${this.#maxItems} items`,
        cutShort: (error: CutShort) => {
          putter.refuse(error(NOT_APPLIED));
          // There may be room for whoever has waited behind it.
          if (this.#putters.size > 0) void this.#letIn();
        },
      });
      this.#putters.add(putter);
      if (this.#watching !== undefined) return;
      this.#watching = new AbortController();
      void this.#watch(this.#watching.signal);
    });
  }

  /** One for all who wait in this process, as long as somebody does. */
  async #watch(signal: AbortSignal): Promise<void> {
    try {
      const changes = this.#client.watchChildren(this.#place.entries, { limit: 0, signal });
      for await (const _ of changes) await this.#letIn();
    } catch (error) {
      if (!signal.aborted) this.#refuse(error);
    }
  }

  /** Those for whom there is room. One looks at a time, and once more where there was a reason meanwhile. */
  async #letIn(): Promise<void> {
    this.#isDue = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#isDue && this.#putters.size > 0) {
      this.#isDue = false;
      try {
        const bound = await this.#bound(WITHOUT_END);
        for (const putter of this.#putters) {
          if (!this.#isLet(putter.count, bound)) break;
          putter.let();
        }
      } catch (error) {
        const isPassing = QuorateError.is(error, 'SESSION_EXPIRED', 'OVERLOADED');
        this.#isDue = isPassing && !this.#client.session.signal.aborted;
        if (this.#isDue) await pause(PAUSE);
        else this.#refuse(error);
      }
    }
    this.#isLooking = false;
  }

  #refuse(error: unknown): void {
    for (const putter of [...this.#putters]) putter.refuse(error);
  }
}
