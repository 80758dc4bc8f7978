/**
 * What may be believed of a session between two ticks. What the last tick did not see, such as a long
 * computation, makes a session suspect; whether it has ended only the group can tell.
 */
import type { LocalSessions } from '../session/local-sessions.ts';
import type { SessionHandle, SessionState } from './session-handle.ts';
import type { Gap } from './stall.ts';

/** A session that may have slept for this part of its time-out is in doubt (section 4). */
const DOUBT_AFTER = 1 / 3;

/** Times are ms: `now` on the monotonic clock, `wall` on the calendar's. */
export class SessionValidity {
  readonly #sessions: LocalSessions;
  readonly #heartbeat: number;
  #now = 0;
  #wall = 0;

  constructor(sessions: LocalSessions, heartbeat: number) {
    this.#sessions = sessions;
    this.#heartbeat = heartbeat;
  }

  tick(now: number, wall: number): void {
    this.#now = now;
    this.#wall = wall;
  }

  /** Whether some session may have slept too long. */
  isDoubtful({ stall, sleep }: Gap): boolean {
    let shortest = Number.POSITIVE_INFINITY;
    for (const { timeout } of this.#sessions.all()) shortest = Math.min(shortest, timeout);
    return Math.max(stall, sleep) > shortest * DOUBT_AFTER;
  }

  /** At this very moment: after a blocked turn its `state` is still the old one. */
  stateOf({ id, state, timeout }: SessionHandle, now: number, wall: number): SessionState {
    if (state !== 'connected') return state;
    const elapsed = now - this.#now;
    const late = elapsed - this.#heartbeat;
    const slept = wall - this.#wall - elapsed;
    const isDoubtful = Math.max(late, slept) > timeout * DOUBT_AFTER;
    const isValid = this.#sessions.validity(id, now) === 'valid';
    return isValid && !isDoubtful ? 'connected' : 'suspended';
  }

  /** How many ms from `now` the session stays connected if nothing more is heard; 0: it is not. */
  validFor(session: SessionHandle, now: number, wall: number): number {
    if (this.stateOf(session, now, wall) !== 'connected') return 0;
    return Math.max(0, this.#sessions.validUntil(session.id) - now);
  }
}
