import { QuorateError } from '../base/errors.ts';
import { bytes } from '../client/codec.ts';
import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { cutShort } from './cut-short.ts';
import { DoubleBarrierRounds, type Entered } from './double-barrier-rounds.ts';
import { inEachSession } from './each-session.ts';
import type { Grant } from './grant.ts';
import { HeldClaim } from './held-claim.ts';
import { Patience } from './patience.ts';
import { checkSize } from './size.ts';

/** One's own place inside of a {@link DoubleBarrier}: over when the others do not wait for it any more. */
export interface Attendance extends Grant {
  /**
   * Leaves, and waits until all have left; without end unless there is a `timeout`. A wait that is cut short
   * leaves all the same. One whose place was lost meanwhile waits for the others as well. `release` leaves
   * without waiting for anybody.
   *
   * @throws {QuorateError} TIMED_OUT: says how many are inside. ABORTED. CLOSED, or SESSION_EXPIRED of a `Session`
   */
  readonly leave: (options?: WaitOptions) => Promise<void>;
}

/** What a double barrier is. */
export interface DoubleBarrierOptions {
  /** How many it takes to begin: 1 to 1_000. A threshold, no limit: more may join while it is open. */
  readonly size: number;
}

/**
 * So many begin together, and all end together. See the guide `double-barrier.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { DoubleBarrier } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const phase = new DoubleBarrier(peer, '/import/phase', { size: 2 });
 * await Promise.all([1, 2].map((part) => phase.run(() => console.log('part', part))));
 * await peer.close();
 * ```
 */
export class DoubleBarrier {
  readonly #client: AnyClient;
  readonly #path: string;
  readonly #size: number;
  readonly #rounds: DoubleBarrierRounds;

  /**
   * Free: nothing is asked before `enter` or `run` is.
   * @param path the node that the members stand below; it is made where it is missing, as a container
   */
  constructor(client: AnyClient, path: string, options: DoubleBarrierOptions) {
    checkPlace('DoubleBarrier', client, path);
    checkCall('DoubleBarrier', options, ['size']);
    checkSize('DoubleBarrier', options?.size);
    this.#client = client;
    this.#path = path;
    this.#size = options.size;
    this.#rounds = new DoubleBarrierRounds(path, options.size);
  }

  /**
   * Waits until so many want to enter; without end unless there is a `timeout`. A session that expires meanwhile
   * costs nothing: it stands there again with the next one, unless the barrier was given a `Session`.
   *
   * @throws {QuorateError} TIMED_OUT: says how many were there. ABORTED. CLOSED, or SESSION_EXPIRED of a
   * `Session`. Whatever it is, no node is left.
   */
  async enter(options?: WaitOptions): Promise<Attendance> {
    const what = `enter ${this.#path}`;
    checkCall(what, options, WAIT_OPTIONS);
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    try {
      const entered = await inEachSession(this.#client, wait, (session) => {
        return this.#rounds.enter(session.as(bytes), wait);
      });
      return new Inside(this.#client, this.#rounds, entered);
    } catch (error) {
      const because = () => tell(this.#client, this.#rounds, `of ${this.#size} are there`);
      throw await cutShort(error, { what, path: this.#path, wait, because });
    }
  }

  /**
   * Enters, does the work, leaves, and waits until all have left. The options bound each of the two waits, not
   * the work.
   *
   * @throws what the work throws, as it is, at once; what `enter` and `leave` throw; GRANT_LOST: the work is done, but
   * the others did not wait for it
   */
  async run<R>(work: (inside: Attendance) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    if (typeof work !== 'function') throw new TypeError('run: the work is a function');
    const inside = await this.enter(options);
    try {
      const result = await work(inside);
      if (!QuorateError.is(inside.signal.reason, 'RELEASED')) inside.assertHeld();
      await inside.leave(options);
      return result;
    } finally {
      void inside.release();
    }
  }
}

class Inside extends HeldClaim implements Attendance {
  readonly #client: AnyClient;
  readonly #rounds: DoubleBarrierRounds;
  readonly #entered: Entered;

  constructor(client: AnyClient, rounds: DoubleBarrierRounds, entered: Entered) {
    super(entered.claim);
    this.#client = client;
    this.#rounds = rounds;
    this.#entered = entered;
  }

  readonly leave = async (options?: WaitOptions): Promise<void> => {
    const { path } = this.#rounds;
    const what = `leave ${path}`;
    checkCall(what, options, WAIT_OPTIONS);
    this.giveUp();
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    try {
      await inEachSession(this.#client, wait, (session) => {
        return this.#rounds.leave(session.as(bytes), this.#entered, wait);
      });
    } catch (error) {
      const because = () => tell(this.#client, this.#rounds, 'are inside');
      throw await cutShort(error, { what, path, wait, because });
    } finally {
      void this.release();
    }
  };

  override readonly release = async (): Promise<void> => {
    this.giveUp();
    await this.#rounds.quit(this.#entered.claim);
  };
}

/** How long to look who is there when the time is over already, ms. */
const LOOK = 50;

async function tell(
  client: AnyClient,
  rounds: DoubleBarrierRounds,
  what: string,
): Promise<string | undefined> {
  try {
    const look = { timeout: LOOK, consistency: 'stale' } as const;
    return `${(await rounds.members(client.session.as(bytes), look)).length} ${what}`;
  } catch {
    return undefined;
  }
}
