/** The life of a session as its host tells it, as a table. */

/**
 * - `connecting`: it has no id yet, or is being taken over.
 * - `connected`: the leader can not have expired it (step 30).
 * - `suspended`: two thirds of its time-out went by without an acknowledged touch; whoever relies on its
 *   ephemeral nodes must stop relying on them. May come back.
 * - `expired`: the leader has expired it, or the whole time-out went by. Final.
 * - `closed`: by its own wish, with its peer, or because another peer has taken it over. Final.
 */
export type SessionState = 'connecting' | 'connected' | 'suspended' | 'expired' | 'closed';

/**
 * - `created`: its createSession or takeover is applied here.
 * - `suspected`, `confirmed`, `given-up`: what became of its validity (see {@link Touches}).
 * - `expire`: its close by expiry is applied here, or its takeover was refused.
 * - `close`: its close is applied here, it was moved away, or the host ends.
 */
export type SessionEvent = 'created' | 'suspected' | 'confirmed' | 'given-up' | 'expire' | 'close';

/** An event that is not named leaves the state as it is. */
const TRANSITIONS: Readonly<
  Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>
> = {
  connecting: { created: 'connected', expire: 'expired', close: 'closed' },
  connected: { suspected: 'suspended', 'given-up': 'expired', expire: 'expired', close: 'closed' },
  suspended: { confirmed: 'connected', 'given-up': 'expired', expire: 'expired', close: 'closed' },
  expired: {},
  closed: {},
};

/** The state after an event. */
export function sessionStateAfter(state: SessionState, event: SessionEvent): SessionState {
  return TRANSITIONS[state][event] ?? state;
}

/** Whether nothing can follow: requests are refused, watches are gone. */
export function isFinal(state: SessionState): boolean {
  return state === 'expired' || state === 'closed';
}
