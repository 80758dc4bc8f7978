import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import { bytes } from '../client/codec.ts';
import { type AnyClient, checkPlace } from './any-client.ts';

/** What node-cron 4.4 and later ask at each fire of a task with `distributed: true`. */
export interface RunCoordinator {
  /** Whether this process is the one that runs it. */
  shouldRun(key: string, ttlMs: number): Promise<boolean>;
}

const EMPTY = new Uint8Array(0);

/**
 * One of all processes runs each fire of a node-cron task, without Redis: for those who stay with node-cron. A
 * {@link Schedule} does more: it hands out a grant with a fence, and knows what was missed and interrupted.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { runCoordinator } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const coordinator = runCoordinator(peer, '/cron/fires');       // setRunCoordinator(coordinator) of node-cron
 * console.log(await coordinator.shouldRun('nightly:2026-01-01T03:00:00.000Z', 60_000));     // true, once
 * await peer.close();
 * ```
 *
 * Each fire is a node, which the group removes `ttlMs` after it was made: clocks that are further apart than
 * that run it twice. `shouldRun` rejects where nobody can tell; whether it was this one, nobody knows then.
 *
 * @param path the node that the fires stand below; it is made where it is missing
 */
export function runCoordinator(client: AnyClient, path: string): RunCoordinator {
  checkPlace('runCoordinator', client, path);
  const view = client.as(bytes);
  return {
    async shouldRun(key, ttlMs) {
      if (typeof key !== 'string') throw new TypeError('shouldRun: the key is a text');
      const node = joinPath(path, `fire-${encodeURIComponent(key)}`);
      const ttl = Math.max(1, Math.ceil(ttlMs));
      try {
        await view.create(node, EMPTY, { ttl, parents: true });
        return true;
      } catch (error) {
        if (QuorateError.is(error, 'NODE_EXISTS')) return false;
        throw error;
      }
    },
  };
}
