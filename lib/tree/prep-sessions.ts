/** The checks of the operations on sessions, and what they will change. */
import type { Zxid } from '../base/zxid.ts';
import type { Draft } from './draft.ts';
import type { Outstanding, SessionView } from './outstanding.ts';
import type { Failure } from './reader.ts';
import type { Owner, Request, SessionOperation } from './request.ts';
import type { Session } from './session.ts';
import { sameOwner, withIdentity } from './session-table.ts';
import type { TxnBody } from './txn.ts';

/** A session may be known as so many identities besides its address. */
const IDENTITIES_MAX = 64;

/** What is being prepared. */
export interface PreparingSession {
  readonly outstanding: Outstanding;
  readonly draft: Draft;
  readonly zxid: Zxid;
  /** Filled with the sessions that will change. */
  readonly sessions: Map<bigint, SessionView>;
}

/** Sessions that one transaction ends: with more of them no peer could read it. */
const CLOSES_MAX = 65_536;

type Body = TxnBody | Failure;

export function prepareSessionOperation(
  preparing: PreparingSession,
  request: Request,
  operation: SessionOperation,
): Body {
  switch (operation.type) {
    case 'create-session':
      return prepareCreateSession(preparing, request, operation);
    case 'close-session':
      return prepareCloseSession(preparing, request, operation);
    case 'move-session':
      return prepareMoveSession(preparing, request.owner, operation);
    case 'add-auth':
      return prepareAddAuth(preparing, request.session, operation);
  }
}

/** The session ends: its ephemeral nodes, outstanding ones too, go with it (step 29). */
export function close({ outstanding, draft, sessions }: PreparingSession, session: Session): void {
  for (const path of outstanding.ephemerals(session.id)) {
    const node = draft.node(path);
    if (node !== undefined) draft.delete(path, node);
  }
  sessions.set(session.id, { session, closing: true });
}

/** Sessions of earlier incarnations of the store, at most {@link CLOSES_MAX}: whoever asks now has taken the place of their host. */
function predecessors(outstanding: Outstanding, owner: Owner): Session[] {
  const found: Session[] = [];
  if (outstanding.hasSucceeded(owner)) return found;
  for (const { session, closing } of outstanding.sessions()) {
    if (found.length >= CLOSES_MAX) break;
    const { peer, store, boot } = session.owner;
    const earlier = peer === owner.peer && store === owner.store && boot < owner.boot;
    if (earlier && session.kind === 'peer' && !closing) found.push(session);
  }
  return found;
}

function prepareCreateSession(
  preparing: PreparingSession,
  { session, owner, cxid }: Request,
  operation: Extract<SessionOperation, { type: 'create-session' }>,
): Body {
  const { kind, timeout, password, address } = operation;
  if (session !== 0n || !(timeout > 0)) return { type: 'error', code: 'BAD_ARGUMENTS' };
  const earlier = predecessors(preparing.outstanding, owner);
  for (const predecessor of earlier) close(preparing, predecessor);
  // The next one ends what is left.
  if (earlier.length < CLOSES_MAX) preparing.outstanding.succeeded(owner);
  const made = {
    id: preparing.zxid,
    kind,
    owner,
    creator: owner,
    number: cxid,
    timeout,
    password,
    address,
  };
  preparing.sessions.set(preparing.zxid, { session: { ...made, identities: [] }, closing: false });
  return {
    type: 'create-session',
    kind,
    timeout,
    password,
    address,
    closes: earlier.map(({ id }) => id),
  };
}

/** By the session itself, or by its owner with a number of the owner's own. */
function prepareCloseSession(
  preparing: PreparingSession,
  request: Request,
  { session: id, reason }: Extract<SessionOperation, { type: 'close-session' }>,
): Body {
  if (request.session !== 0n && request.session !== id)
    return { type: 'error', code: 'BAD_ARGUMENTS' };
  const view = preparing.outstanding.session(id);
  if (view === undefined || view.closing) return { type: 'error', code: 'SESSION_EXPIRED' };
  if (!sameOwner(view.session.owner, request.owner))
    return { type: 'error', code: 'SESSION_MOVED' };
  close(preparing, view.session);
  return { type: 'close-session', session: id, reason };
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/** From here on the old owner's requests fail with SESSION_MOVED (S19). */
function prepareMoveSession(
  { outstanding, sessions }: PreparingSession,
  owner: Owner,
  { session: id, password }: Extract<SessionOperation, { type: 'move-session' }>,
): Body {
  const view = outstanding.session(id);
  if (view === undefined || view.closing) return { type: 'error', code: 'SESSION_EXPIRED' };
  if (view.session.kind !== 'client' || !equalBytes(view.session.password, password)) {
    return { type: 'error', code: 'AUTH_FAILED' };
  }
  sessions.set(id, { session: { ...view.session, owner }, closing: false });
  return { type: 'move-session', session: id };
}

function prepareAddAuth(
  { outstanding, sessions }: PreparingSession,
  id: bigint,
  { identity }: Extract<SessionOperation, { type: 'add-auth' }>,
): Body {
  const view = outstanding.session(id);
  if (view === undefined) return { type: 'error', code: 'BAD_ARGUMENTS' };
  const session = withIdentity(view.session, identity);
  if (session.identities.length > IDENTITIES_MAX) return { type: 'error', code: 'QUOTA_EXCEEDED' };
  sessions.set(id, { session, closing: false });
  return { type: 'add-auth', identity };
}
