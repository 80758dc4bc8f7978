import type { ReadOptions } from '../client/client.ts';
import type { WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import type { Grant } from './grant.ts';
import type { Contender, Lock, LockOptions } from './lock.ts';
import { lockContention } from './lock-contention.ts';
import { QueueRules } from './queue-rules.ts';

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
export class Mutex implements Lock {
  readonly #lock: Lock;

  /**
   * Free: nothing is asked before the lock is.
   * @param client a session too: then the lock ends with it
   * @param path the node that those who wait stand below; it is made where it is missing, as a container
   */
  constructor(client: AnyClient, path: string, options?: LockOptions) {
    checkPlace('Mutex', client, path);
    this.#lock = lockContention('Mutex', client, options, (owner) => {
      return new QueueRules([path], 'lock', owner);
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

  contenders(options?: ReadOptions): Promise<Contender[]> {
    return this.#lock.contenders(options);
  }
}
