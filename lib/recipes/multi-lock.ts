import type { ReadOptions } from '../client/client.ts';
import type { WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import type { Grant } from './grant.ts';
import type { Contender, Lock, LockOptions } from './lock.ts';
import { lockContention } from './lock-contention.ts';
import { QueueRules } from './queue-rules.ts';

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
export class MultiLock implements Lock {
  readonly #lock: Lock;

  /**
   * Free: nothing is asked before a lock is.
   * @param paths of the locks: one at least, each once; the grant stands on the node in the first
   */
  constructor(client: AnyClient, paths: readonly string[], options?: LockOptions) {
    if (!Array.isArray(paths)) throw new TypeError('MultiLock: paths is an array');
    const [first, ...others] = paths;
    if (first === undefined) throw new RangeError('MultiLock: one path at least');
    for (const path of paths) checkPlace('MultiLock', client, path);
    if (new Set(paths).size < paths.length)
      throw new RangeError('MultiLock: a path is there twice');
    this.#lock = lockContention('MultiLock', client, options, (owner) => {
      return new QueueRules([first, ...others], 'lock', owner);
    });
  }

  acquire(options?: WaitOptions): Promise<Grant> {
    return this.#lock.acquire(options);
  }

  tryAcquire(options?: WaitOptions): Promise<Grant | undefined> {
    return this.#lock.tryAcquire(options);
  }

  run<R>(work: (grant: Grant) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return this.#lock.run(work, options);
  }

  /** Those of the first path, then those of the next. */
  contenders(options?: ReadOptions): Promise<Contender[]> {
    return this.#lock.contenders(options);
  }
}
