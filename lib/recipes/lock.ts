import type { ReadOptions } from '../client/client.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { Grant } from './grant.ts';

/** What every lock can do. Whoever asked first is served first. */
export interface Lock<O extends WaitOptions = WaitOptions> {
  /**
   * Waits until it is granted, without end unless there is a `timeout`. A session that expires meanwhile
   * costs the place, not the wait: it queues again, unless the lock was given a `Session`.
   *
   * @throws {QuorateError} TIMED_OUT: says who holds it and how many wait before you. ABORTED: the signal.
   * WOULD_DEADLOCK: what runs now holds it already. CLOSED, or SESSION_EXPIRED of a `Session`. Whatever it
   * is, no node is left in the queue.
   */
  acquire(options?: O): Promise<Grant>;
  /** Takes it if nobody is in the way; `undefined`: somebody else holds it. `timeout`: that of the client. */
  tryAcquire(options?: O): Promise<Grant | undefined>;
  /**
   * Does the work with the grant, and releases it when the work has settled. Resolves only if it was held to
   * the end. The options bound the wait, not the work.
   *
   * @throws what the work throws, as it is; what `acquire` throws; GRANT_LOST: the work is done, but the
   * grant was over before
   */
  run<R>(work: (grant: Grant) => R | Promise<R>, options?: O): Promise<R>;
  /** Who holds it and who waits, in their order: the holder first. */
  contenders(options?: ReadOptions): Promise<Contender[]>;
}

/** One who holds a lock or waits for it. */
export interface Contender {
  /** Its node. */
  readonly path: string;
  /** Who it says it is: `host:pid`, unless the option `owner` says otherwise. */
  readonly owner: string;
  /** When it came, in ms since 1970, by the clock of the leader. */
  readonly since: number;
  /** The czxid of its node: the fence of its grant. */
  readonly fence: bigint;
}

/** What every lock may be told. */
export interface LockOptions {
  /** How others see this one, in `contenders` and in the text of TIMED_OUT. @default 'host:pid' */
  readonly owner?: string;
  /**
   * Whether a `run` inside of a `run` of the same lock, in one async context, goes on with the grant that
   * is held; otherwise it rejects WOULD_DEADLOCK.
   * @default false
   */
  readonly reentrant?: boolean;
}
