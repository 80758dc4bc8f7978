/** ZooKeeper's numbers for what has other names here; those of errors are in {@link ERRORS}. */
import type { SessionState } from '../replica/session-handle.ts';

/**
 * Of what happens to a node (Watcher.Event.EventType).
 *
 * ```ts
 * import { EVENT_TYPES, openPeer } from 'quorate';
 *
 * const peer = await openPeer();
 * peer.watchTree('/').subscribe(({ changes }) => {
 *   for (const { type, path } of changes) console.log(EVENT_TYPES[type], path);
 * });
 * await peer.create('/a');
 * await peer.close();
 * ```
 */
export const EVENT_TYPES: Readonly<
  Record<'created' | 'deleted' | 'changed' | 'children-changed', number>
> = {
  created: 1,
  deleted: 2,
  changed: 3,
  'children-changed': 4,
};

/**
 * Of the states of a session (Watcher.Event.KeeperState). Out of contact is one state there.
 *
 * ```ts
 * import { openPeer, SESSION_STATES } from 'quorate';
 *
 * const peer = await openPeer();
 * await peer.ready();
 * console.log(SESSION_STATES[peer.session.state]);          // 3: SyncConnected
 * await peer.close();
 * ```
 */
export const SESSION_STATES: Readonly<Record<SessionState, number>> = {
  connecting: 0,
  connected: 3,
  suspended: 0,
  expired: -112,
  closed: 7,
};
