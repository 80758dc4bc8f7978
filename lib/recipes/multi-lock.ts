import type { AnyClient } from './any-client.ts';
import { LineLock } from './line-lock.ts';
import type { LockOptions } from './lock.ts';

/**
 * Several mutexes as one: all or none. Its places in all the lines are taken in one transaction, so that two
 * that want the same locks meet in the same order everywhere, and never wait for each other. Each line is
 * that of the `Mutex` of its path. See the guide `multi-lock.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { MultiLock } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const both = new MultiLock(peer, ['/accounts/ann', '/accounts/bob']);
 * await both.run(async (held) => {
 *   held.assertHeld();
 * });
 * await peer.close();
 * ```
 */
export class MultiLock extends LineLock {
  /**
   * Free: nothing is asked before a lock is.
   * @param paths of the locks: one at least, each once; the grant stands on the node in the first
   */
  constructor(client: AnyClient, paths: readonly string[], options?: LockOptions) {
    if (!Array.isArray(paths)) throw new TypeError('MultiLock: paths is an array');
    const [first, ...others] = paths;
    if (first === undefined) throw new RangeError('MultiLock: one path at least');
    if (new Set(paths).size < paths.length)
      throw new RangeError('MultiLock: a path is there twice');
    super('MultiLock', client, [first, ...others], options);
  }
}
