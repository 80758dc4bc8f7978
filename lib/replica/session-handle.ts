import type { Zxid } from '../base/zxid.ts';

/**
 * - `connecting`: it has no id yet, or is being taken over.
 * - `connected`: the leader can not have expired it (step 30).
 * - `suspended`: two thirds of its time-out went by without an acknowledged touch; whoever relies on
 *   its ephemeral nodes must stop relying on them.
 * - `expired`: the whole time-out went by, or the leader has expired it. Final.
 * - `closed`: by its own wish, or because another peer has taken it over. Final.
 */
export type SessionState = 'connecting' | 'connected' | 'suspended' | 'expired' | 'closed';

/** A session whose owner this peer is. A living view: the fields move with the session. */
export interface SessionHandle {
  /** Local number, from 1; never used again while the process lives. */
  readonly key: number;
  /** zxid of its createSession; 0 while it has none. */
  readonly id: bigint;
  /** `peer`: dies with the process. `client`: ZooKeeper's, with a password; another peer may take it over. */
  readonly kind: 'peer' | 'client';
  /** Ms. */
  readonly timeout: number;
  readonly state: SessionState;
  /** The newest state that it was shown (S24). */
  readonly lastZxid: Zxid;
}
