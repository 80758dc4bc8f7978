import type { AnyClient } from './any-client.ts';
import { LineLock } from './line-lock.ts';
import type { LockOptions } from './lock.ts';

/**
 * One holder in the whole group at a time, in the order in which they asked. See the guide `mutex.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Mutex } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const mutex = new Mutex(peer, '/locks/report');
 * await mutex.run(async (held) => {
 *   await peer.guardedBy(held).ensurePath('/reports/today');      // applied only while it is held
 * });
 * await peer.close();
 * ```
 */
export class Mutex extends LineLock {
  /**
   * Free: nothing is asked before the lock is.
   * @param client a session too: then the lock ends with it
   * @param path the node that those who wait stand below; it is made where it is missing, as a container
   */
  constructor(client: AnyClient, path: string, options?: LockOptions) {
    super('Mutex', client, [path], options);
  }
}
