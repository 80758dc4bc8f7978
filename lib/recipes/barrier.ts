import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { Gate } from './gate.ts';
import { checkSize } from './size.ts';
import { Threshold } from './threshold.ts';

/** What a barrier is. */
export interface BarrierOptions {
  /**
   * How many have to arrive until it opens: 1 to 1_000. Kept in the node's data; whoever names another number
   * is refused. @default none: it is a gate, closed while its node is there
   */
  readonly size?: number;
}

/**
 * Nobody passes while it is closed. With a size it opens when so many have arrived, and stays open until it is
 * raised again; without one it is a gate, closed from `raise` to `lift`. See the guide `barrier.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Barrier } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const loaded = new Barrier(peer, '/import/loaded', { size: 2 });
 * await Promise.all([loaded.arrive(), loaded.arrive()]);            // in two processes
 *
 * const maintenance = new Barrier(peer, '/maintenance');
 * await maintenance.raise();
 * const passing = maintenance.wait();
 * await maintenance.lift();
 * await passing;
 * await peer.close();
 * ```
 */
export class Barrier {
  readonly #path: string;
  readonly #gate: Gate | Threshold;

  /**
   * Free: nothing is asked before a verb is.
   * @param path of the node; nothing else stands below it
   */
  constructor(client: AnyClient, path: string, options?: BarrierOptions) {
    checkPlace('Barrier', client, path);
    checkCall('Barrier', options, ['size'], ['size']);
    this.#path = path;
    const size = options?.size;
    if (size === undefined) {
      this.#gate = new Gate(client, path);
    } else {
      checkSize('Barrier', size);
      this.#gate = new Threshold(client, path, size);
    }
  }

  /**
   * Arrives, and waits, without end unless there is a `timeout`, until it is open; at once where it is. A wait
   * that is cut short takes the arrival back. A session that expires meanwhile costs nothing but the arrival:
   * it arrives again, unless the barrier was given a `Session`.
   *
   * @throws {TypeError} it is a gate: there is nothing to count
   * @throws {QuorateError} TIMED_OUT: says how many have arrived. ABORTED. BAD_ARGUMENTS: its size is another.
   * CLOSED, or SESSION_EXPIRED of a `Session`
   */
  async arrive(options?: WaitOptions): Promise<void> {
    this.#check('arrive', options);
    if (this.#gate instanceof Gate) {
      throw new TypeError(`arrive ${this.#path}: a barrier without a size counts nobody; use wait`);
    }
    await this.#gate.arrive(options);
  }

  /** Waits until it is open, without being counted; without end unless there is a `timeout`. Throws as `arrive`. */
  async wait(options?: WaitOptions): Promise<void> {
    this.#check('wait', options);
    await this.#gate.wait(options);
  }

  /** Closes it, for all who come from now on. One that is closed already stays so. `timeout`: that of the client. */
  async raise(options?: WaitOptions): Promise<void> {
    this.#check('raise', options);
    await this.#gate.raise(options);
  }

  /** Opens it, however many have arrived. One that is open already stays so. `timeout`: that of the client. */
  async lift(options?: WaitOptions): Promise<void> {
    this.#check('lift', options);
    await this.#gate.lift(options);
  }

  #check(name: string, options: WaitOptions | undefined): void {
    checkCall(`${name} ${this.#path}`, options, WAIT_OPTIONS);
  }
}
