import type { LocalSession } from '../session/local-sessions.ts';

/** A session whose owner this peer is: a living view, whose fields move with the session. */
export type SessionHandle = LocalSession;

export type { SessionState } from '../session/session-state.ts';
