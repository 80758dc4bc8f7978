import type { ReadOptions } from '../client/client.ts';
import type { WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import type { Grant } from './grant.ts';
import type { Contender, Lock, LockOptions } from './lock.ts';
import { lockContention } from './lock-contention.ts';
import { QueueRules } from './queue-rules.ts';

/** What a lock of one line and a lock of several lines share: whoever is first in all of them holds it. */
export abstract class LineLock implements Lock {
  readonly #lock: Lock;

  protected constructor(
    what: string,
    client: AnyClient,
    paths: readonly [string, ...string[]],
    options: LockOptions | undefined,
  ) {
    for (const path of paths) checkPlace(what, client, path);
    this.#lock = lockContention(what, client, options, (owner) => {
      return new QueueRules(paths, 'lock', owner);
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
