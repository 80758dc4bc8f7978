import type { HeldGrant } from '../client/guard.ts';

/**
 * What a lock, a lease or a term of leadership is to its holder. Its methods are bound.
 *
 * It ends after two thirds of the session's time-out without contact, which is before anybody else may
 * get it, if the session or its node has ended, or when it is released. Over is over, even if the session
 * comes back. Its node stays until it is released, or the function it was given to has settled: while the
 * session lives, a late function never overlaps the next holder.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Mutex } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const held = await new Mutex(peer, '/locks/report').acquire({ timeout: 5_000 });
 * try {
 *   held.assertHeld();                                              // before each side effect
 *   await peer.guardedBy(held).create('/reports', 'the first');     // the tree checks it itself
 * } finally {
 *   await held.release();
 * }
 * await peer.close();
 * ```
 */
export interface Grant extends HeldGrant, AsyncDisposable {
  /** Its node, a path of the client that the recipe was given. */
  readonly path: string;
  /**
   * The czxid of its node: higher than that of every holder before. What is outside of the tree compares
   * it, and refuses a lower one than it has seen. A BIGINT column; in JSON `String(fence)`.
   */
  readonly fence: bigint;
  /** Aborts when it is over; the reason is GRANT_LOST, or RELEASED. After a blocked event loop it tells late. */
  readonly signal: AbortSignal;
  /** The same to await. Never rejects. */
  readonly ended: Promise<void>;
  /**
   * Asks before a side effect whether it is still held. Reads the clock, so that a process that was blocked
   * or frozen knows at once.
   * @throws {QuorateError} GRANT_LOST
   */
  readonly assertHeld: () => void;
  /**
   * Gives it up. Removes its own node only, is idempotent, and never rejects: what cannot be removed now is
   * tried again in the background, until it is gone or the session has ended; then it resolves.
   */
  readonly release: () => Promise<void>;
}
