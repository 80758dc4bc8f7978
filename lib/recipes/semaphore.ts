import type { ReadOptions } from '../client/client.ts';
import { checkCall } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import type { Grant } from './grant.ts';
import type { Contender, Lock, LockOptions } from './lock.ts';
import { lockContention } from './lock-contention.ts';
import { type LeaseOptions, SemaphoreRules } from './semaphore-rules.ts';

/** What a semaphore is. */
export interface SemaphoreOptions extends LockOptions {
  /** How many leases there are in the whole group: 1 to 1_000. Kept in the node's data; whoever names another number is refused. */
  readonly leases: number;
}

/** Each lease is a node, and a transaction holds only so many. */
const LEASES_MAX = 1_000;

/**
 * A number of leases, of which each holder has one or more, in the order in which they asked. The number is
 * kept in the tree. See the guide `semaphore.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Semaphore } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const uploads = new Semaphore(peer, '/limits/uploads', { leases: 3 });
 * await uploads.run((held) => held.assertHeld(), { weight: 2 });
 * await peer.close();
 * ```
 */
export class Semaphore implements Lock<LeaseOptions> {
  readonly #leases: number;
  readonly #lock: Lock<LeaseOptions>;

  /**
   * Free: nothing is asked before a lease is.
   * @param path the node that has their number as its data, and the leases below it
   */
  constructor(client: AnyClient, path: string, options: SemaphoreOptions) {
    checkPlace('Semaphore', client, path);
    checkCall('Semaphore', options, ['leases', 'owner', 'reentrant']);
    const { leases, ...lock } = options ?? {};
    if (typeof leases !== 'number') throw new TypeError('Semaphore: leases is a number');
    if (!Number.isInteger(leases) || leases < 1 || leases > LEASES_MAX) {
      throw new RangeError(`Semaphore: leases is 1 to ${LEASES_MAX}, not ${leases}`);
    }
    this.#leases = leases;
    const rules = (owner: string) => new SemaphoreRules(path, leases, owner);
    this.#lock = lockContention('Semaphore', client, lock, rules, { known: ['weight'] });
  }

  async acquire(options?: LeaseOptions): Promise<Grant> {
    this.#checkWeight(options);
    return await this.#lock.acquire(options);
  }

  async tryAcquire(options?: LeaseOptions): Promise<Grant | undefined> {
    this.#checkWeight(options);
    return await this.#lock.tryAcquire(options);
  }

  async run<R>(work: (grant: Grant) => R | Promise<R>, options?: LeaseOptions): Promise<R> {
    this.#checkWeight(options);
    return await this.#lock.run(work, options);
  }

  /** One for each grant, whatever it weighs; then those who wait. */
  contenders(options?: ReadOptions): Promise<Contender[]> {
    return this.#lock.contenders(options);
  }

  #checkWeight(options: LeaseOptions | undefined): void {
    const weight = options?.weight;
    if (weight === undefined) return;
    if (typeof weight !== 'number') throw new TypeError('Semaphore: weight is a number');
    if (Number.isInteger(weight) && weight >= 1 && weight <= this.#leases) return;
    throw new RangeError(`Semaphore: weight is 1 to ${this.#leases}, not ${weight}`);
  }
}
