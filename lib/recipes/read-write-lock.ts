import { type AnyClient, checkPlace } from './any-client.ts';
import type { Lock, LockOptions } from './lock.ts';
import { lockContention } from './lock-contention.ts';
import { QueueRules } from './queue-rules.ts';

/**
 * Many readers or one writer, in the order in which they asked: a reader waits for the last writer before it,
 * a writer for whoever is before it, so neither can be kept out for ever. See the guide `read-write-lock.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { ReadWriteLock } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const catalogue = new ReadWriteLock(peer, '/locks/catalogue');
 * await Promise.all([catalogue.read.run(() => 'one'), catalogue.read.run(() => 'two')]);
 * await catalogue.write.run((held) => peer.guardedBy(held).ensurePath('/catalogue/2'));
 * await peer.close();
 * ```
 */
export class ReadWriteLock {
  /**
   * Held together with other readers. With `reentrant` also inside of a `run` of this lock; without it that is
   * WOULD_DEADLOCK where a writer waits between the two.
   */
  readonly read: Lock;
  /** Held alone. Inside of a `read.run` it is WOULD_DEADLOCK: it would wait for that one. */
  readonly write: Lock;

  /**
   * Free: nothing is asked before a lock is.
   * @param path the node that those who wait stand below
   */
  constructor(client: AnyClient, path: string, options?: LockOptions) {
    checkPlace('ReadWriteLock', client, path);
    const rules = (kind: 'read' | 'write') => (owner: string) =>
      new QueueRules([path], kind, owner);
    this.write = lockContention('ReadWriteLock', client, options, rules('write'));
    const covering = { covering: this.write };
    this.read = lockContention('ReadWriteLock', client, options, rules('read'), covering);
  }
}
