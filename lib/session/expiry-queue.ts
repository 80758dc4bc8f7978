/**
 * The leader's clock over sessions. Deadlines stand in buckets of one interval, as in ZooKeeper's
 * ExpiryQueue, always rounded up: a session may live an interval longer, never shorter (S20). Which
 * sessions there are is not decided here: `track` and `untrack` follow the applied session table,
 * whichever way its entries came (ZOOKEEPER-1367).
 */
import { assert, present } from '../base/assert.ts';

/** One session of the applied table. */
export interface TrackedSession {
  readonly session: bigint;
  /** Ms without a touch after which it is due. */
  readonly timeout: number;
}

interface Tracked {
  readonly timeout: number;
  /** End of its bucket, on the clock of `now`. */
  deadline: number;
  /** A closeSession is proposed: no request, touch or second expiry any more, until it applies (ZOOKEEPER-1496). */
  closing: boolean;
}

/** Times are ms on the leader's monotonic clock. */
export class ExpiryQueue {
  readonly #interval: number;
  readonly #sessions = new Map<bigint, Tracked>();
  /** Open sessions by deadline. A closing session is in no bucket. */
  readonly #buckets = new Map<number, Set<bigint>>();
  /** Deadline of the first bucket; Infinity if there is none. */
  #earliest = Number.POSITIVE_INFINITY;

  /** @param interval of the buckets, in ms: how late an expiry may come. */
  constructor(interval: number) {
    assert(Number.isSafeInteger(interval) && interval > 0, 'a positive interval');
    this.#interval = interval;
  }

  /** ESTABLISHED in a new epoch: exactly these sessions, each with its whole time-out from now, none closing (step 30). */
  restart(sessions: Iterable<TrackedSession>, now: number): void {
    this.#sessions.clear();
    this.#buckets.clear();
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const { session, timeout } of sessions) this.track(session, timeout, now);
  }

  /** A session came into the applied table. */
  track(session: bigint, timeout: number, now: number): void {
    assert(!this.#sessions.has(session), 'a session is created once');
    const tracked: Tracked = { timeout, deadline: this.#roundUp(now + timeout), closing: false };
    this.#sessions.set(session, tracked);
    this.#enter(session, tracked.deadline);
  }

  /** A session left the applied table. */
  untrack(session: bigint): void {
    const tracked = this.#sessions.get(session);
    if (tracked === undefined) return;
    if (!tracked.closing) this.#leave(session, tracked.deadline);
    this.#sessions.delete(session);
  }

  /** A sign of life, at the time it was received. False: the session is unknown or closing, and the touch must not be acknowledged (S21). */
  touch(session: bigint, now: number): boolean {
    const tracked = this.#sessions.get(session);
    if (tracked === undefined || tracked.closing) return false;
    const deadline = this.#roundUp(now + tracked.timeout);
    if (deadline > tracked.deadline) {
      this.#leave(session, tracked.deadline);
      tracked.deadline = deadline;
      this.#enter(session, deadline);
    }
    return true;
  }

  /** A closeSession of it is proposed. False: unknown, or closing already. */
  close(session: bigint): boolean {
    const tracked = this.#sessions.get(session);
    if (tracked === undefined || tracked.closing) return false;
    this.#leave(session, tracked.deadline);
    tracked.closing = true;
    return true;
  }

  /** Whether it is tracked and not closing: its requests and touches are welcome. */
  isOpen(session: bigint): boolean {
    return this.#sessions.get(session)?.closing === false;
  }

  /** Whether a closeSession of it is proposed and not yet applied. */
  isClosing(session: bigint): boolean {
    return this.#sessions.get(session)?.closing === true;
  }

  /**
   * Sessions that are due, oldest deadline first; each is closing from now on, so propose the close of
   * each. To be asked only by a leader that may propose, and not after a stall before a quorum was
   * heard again.
   */
  expire(now: number): readonly bigint[] {
    const due: bigint[] = [];
    while (this.#earliest <= now) {
      for (const session of [...present(this.#buckets.get(this.#earliest), 'the first bucket')]) {
        this.close(session);
        due.push(session);
      }
    }
    return due;
  }

  /** When `expire` has something to do at the earliest; Infinity: never, as things stand. */
  deadline(): number {
    return this.#earliest;
  }

  /** This process was stalled for so many ms: everybody is given that time again. */
  extend(stall: number): void {
    assert(stall >= 0, 'a stall is no gain of time');
    this.#buckets.clear();
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [session, tracked] of this.#sessions) {
      tracked.deadline = this.#roundUp(tracked.deadline + stall);
      if (!tracked.closing) this.#enter(session, tracked.deadline);
    }
  }

  /** Sessions tracked, closing ones included. */
  get size(): number {
    return this.#sessions.size;
  }

  #roundUp(time: number): number {
    return Math.ceil(time / this.#interval) * this.#interval;
  }

  #enter(session: bigint, deadline: number): void {
    const bucket = this.#buckets.get(deadline);
    if (bucket === undefined) this.#buckets.set(deadline, new Set([session]));
    else bucket.add(session);
    this.#earliest = Math.min(this.#earliest, deadline);
  }

  #leave(session: bigint, deadline: number): void {
    const bucket = present(this.#buckets.get(deadline), 'the bucket of an open session');
    assert(bucket.delete(session), 'an open session stands in the bucket of its deadline');
    if (bucket.size > 0) return;
    this.#buckets.delete(deadline);
    if (deadline !== this.#earliest) return;
    // Not spread over arguments: of these there can be fewer than of buckets.
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const other of this.#buckets.keys()) this.#earliest = Math.min(this.#earliest, other);
  }
}
