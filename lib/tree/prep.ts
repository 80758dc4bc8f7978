import type { ErrorCode } from '../base/errors.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import { WINDOW } from './dedup.ts';
import { Draft } from './draft.ts';
import { NO_EFFECT, Outstanding, type SessionView } from './outstanding.ts';
import { BYTES_PER_UNIT, CHANGES_MAX, prepareOperation, TXN_BYTES_MAX } from './prep-operations.ts';
import { close, prepareSessionOperation } from './prep-sessions.ts';
import type { CustomSchemes, Failure, Reader } from './reader.ts';
import { isStill, type Reapable } from './reaper.ts';
import type { NodeOperation, Operation, Owner, Request } from './request.ts';
import { identitiesOf, sameOwner } from './session-table.ts';
import { MAX_TREE_BYTES, type StateMachine } from './state-machine.ts';
import type { Change, Txn, TxnBody } from './txn.ts';

/** The request takes its place in the order: propose this, at the zxid that was given. Failing operations too (an `error` transaction). */
export interface Prepared {
  readonly type: 'txn';
  readonly txn: Txn;
}

/** The same request was proposed before (step 26). */
export interface Duplicate {
  readonly type: 'duplicate';
  /** Where; 0 if it was resolved so long ago that it is forgotten. */
  readonly zxid: Zxid;
}

/** Refused without a place in the order: the number is not used up, and everything after it is refused too (FIFO). */
export interface Rejected {
  readonly type: 'rejected';
  /**
   * `SESSION_EXPIRED`: there is no such session, or it is closing. `SESSION_MOVED`: it has another
   * owner. `REFUSED`: a later incarnation of the owner was heard. `OVERLOADED`: the number is not the
   * next one, or too many are unresolved; send again from `expected` on.
   */
  readonly code: ErrorCode;
  /** The number that would be accepted. */
  readonly expected: number;
}

export type Verdict = Prepared | Duplicate | Rejected;

export interface PrepOptions {
  /** Whose own transactions (EPOCH_START, expiry, clean-up) these are. */
  readonly owner: Owner;
  readonly schemes?: CustomSchemes | undefined;
  /** What EPOCH_START declares. What holds is what the state says. @defaultValue 256 MiB */
  readonly maxTreeBytes?: number | undefined;
}

/** Of a change or a line of an ACL besides its texts: what is read has a bound on how many there are, too. */
const ELEMENT_BYTES = 40;

/** The transaction that a request comes to. */
interface Making {
  readonly draft: Draft;
  readonly zxid: Zxid;
}

/** Of what an operation on nodes changes of sessions: nothing is ever put in. */
const NO_SESSIONS: Map<bigint, SessionView> = new Map();

function isOfSession(operation: Operation): boolean {
  switch (operation.type) {
    case 'create-session':
    case 'close-session':
    case 'move-session':
    case 'add-auth':
      return true;
    default:
      return false;
  }
}

function sizeOf(changes: readonly Change[]): number {
  let size = 0;
  for (const change of changes) {
    size += ELEMENT_BYTES + change.path.length * BYTES_PER_UNIT;
    if (change.type === 'create' || change.type === 'set') size += change.data.length;
    if (change.type === 'create' || change.type === 'set-acl') {
      for (const { scheme, id } of change.acl) {
        size += ELEMENT_BYTES + (scheme.length + id.length) * BYTES_PER_UNIT;
      }
    }
  }
  return size;
}

/**
 * The leader's first processor (PrepRequestProcessor): turns requests into transactions, checked
 * against the state as it will be when all that was proposed has been applied. Use it only while
 * broadcasting, after the epoch's EPOCH_START was applied here: what an earlier epoch proposed is not
 * known to it. Who calls {@link Prep.prepare} proposes what it returns at exactly that zxid.
 */
export class Prep {
  readonly #state: StateMachine;
  readonly #options: PrepOptions;
  readonly #outstanding: Outstanding;
  /** The newest incarnation of each peer and store that has asked for something. */
  readonly #incarnations = new Map<string, number>();
  #time = 0;

  constructor(state: StateMachine, options: PrepOptions) {
    this.#state = state;
    this.#options = options;
    this.#outstanding = new Outstanding(state);
  }

  /** `time`: wall clock, ms since 1970; clamped to be non-decreasing. */
  prepare(request: Request, zxid: Zxid, time: number): Verdict {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return refusal;
    const { session, cxid, owner } = request;
    if (session === 0n) this.#incarnations.set(`${owner.peer}:${owner.store}`, owner.boot);
    const resolved = Math.min(request.resolved, cxid - 1);
    const body = this.#body(request, zxid, resolved);
    return { type: 'txn', txn: { session, cxid, resolved, owner, time: this.#stamp(time), body } };
  }

  /** First of the epoch (rule G12). */
  epochStart(epoch: number, leader: number, version: number, time: number): Txn {
    const { maxTreeBytes = MAX_TREE_BYTES } = this.#options;
    return this.#own({ type: 'epoch-start', epoch, leader, version, maxTreeBytes }, time);
  }

  /** Ends a session whose time is over; undefined if it is gone or closing already. */
  expire(session: bigint, zxid: Zxid, time: number): Txn | undefined {
    const view = this.#outstanding.session(session);
    if (view === undefined || view.closing) return undefined;
    const preparing = {
      outstanding: this.#outstanding,
      draft: this.#draft(),
      zxid,
      sessions: new Map(),
    };
    close(preparing, view.session);
    this.#outstanding.add(
      zxid,
      0n,
      this.#options.owner,
      0,
      0,
      preparing.draft.effect(preparing.sessions),
    );
    return this.#own({ type: 'close-session', session, reason: 'expired' }, time);
  }

  /** Container and TTL clean-up (S32); undefined if the node has changed or is about to. */
  reap(node: Reapable, zxid: Zxid, time: number): Txn | undefined {
    const view = this.#outstanding.node(node.path);
    if (
      this.#outstanding.changes(node.path) ||
      view === undefined ||
      !isStill(this.#state.tree, node)
    )
      return undefined;
    const draft = this.#draft();
    draft.delete(node.path, view);
    this.#outstanding.add(zxid, 0n, this.#options.owner, 0, 0, draft.effect(new Map()));
    const { path, czxid, mzxid, cversion } = node;
    return this.#own({ type: 'reap', path, czxid, mzxid, cversion }, time);
  }

  /** Whether a close was proposed: no touch of it may count any more (step 29). */
  closing(session: bigint): boolean {
    return this.#outstanding.session(session)?.closing ?? false;
  }

  /** Everything up to here has been applied to the state. */
  applied(zxid: Zxid): void {
    this.#outstanding.applied(zxid);
  }

  /** A role change: nothing is outstanding. */
  reset(): void {
    this.#outstanding.reset();
    this.#incarnations.clear();
  }

  /** Why a request gets no place in the order (step 25). */
  #refusal(request: Request): Duplicate | Rejected | undefined {
    const { session, cxid, owner } = request;
    const progress = this.#outstanding.progress(session, owner);
    const view = session === 0n ? undefined : this.#outstanding.session(session);
    if (progress === undefined || (session !== 0n && view === undefined)) {
      return { type: 'rejected', code: 'SESSION_EXPIRED', expected: cxid };
    }
    const expected = progress.last + 1;
    if (view !== undefined && !sameOwner(view.session.owner, owner)) {
      return { type: 'rejected', code: 'SESSION_MOVED', expected };
    }
    if (session === 0n && this.#hasSuccessor(owner))
      return { type: 'rejected', code: 'REFUSED', expected };
    if (cxid > 0 && cxid < expected) {
      const zxid =
        this.#outstanding.proposedAt(session, owner, cxid) ?? this.#state.answer(request)?.zxid;
      return { type: 'duplicate', zxid: zxid ?? ZERO };
    }
    if (view?.closing) return { type: 'rejected', code: 'SESSION_EXPIRED', expected };
    const resolved = Math.max(progress.resolved, Math.min(request.resolved, cxid - 1));
    if (cxid !== expected || cxid - resolved > WINDOW)
      return { type: 'rejected', code: 'OVERLOADED', expected };
    return undefined;
  }

  #hasSuccessor(owner: Owner): boolean {
    const proposed = this.#incarnations.get(`${owner.peer}:${owner.store}`) ?? 0;
    return owner.boot < Math.max(proposed, this.#state.dedup.incarnation(owner));
  }

  /** What the request comes to; its effect becomes outstanding. */
  #body(request: Request, zxid: Zxid, resolved: number): TxnBody {
    const { session, cxid, owner } = request;
    const draft = this.#draft();
    const sessions = isOfSession(request.operation) ? new Map<bigint, SessionView>() : NO_SESSIONS;
    const body = this.#outcome(request, draft, zxid, sessions);
    const effect = body.type === 'error' ? NO_EFFECT : draft.effect(sessions);
    this.#outstanding.add(zxid, session, owner, cxid, resolved, effect);
    return body;
  }

  #outcome(
    request: Request,
    draft: Draft,
    zxid: Zxid,
    sessions: Map<bigint, SessionView>,
  ): TxnBody {
    const { operation } = request;
    switch (operation.type) {
      case 'sync':
        return { type: 'sync' };
      case 'multi':
        return this.#multi({ draft, zxid }, request.session, operation.operations);
      case 'create':
      case 'delete':
      case 'set':
      case 'check':
      case 'set-acl':
        return this.#single({ draft, zxid }, request.session, operation);
      default: {
        const preparing = { outstanding: this.#outstanding, draft, zxid, sessions };
        return prepareSessionOperation(preparing, request, operation);
      }
    }
  }

  #single(making: Making, session: bigint, operation: NodeOperation): TxnBody {
    const reader = this.#readerOf(session);
    if (reader === undefined) return { type: 'error', code: 'BAD_ARGUMENTS' };
    // Field by field: a spread costs more than the rest of the preparation.
    const { draft, zxid } = making;
    const changes = prepareOperation({ draft, reader, session, zxid }, operation);
    if ('type' in changes) return changes;
    if (changes.length > CHANGES_MAX || sizeOf(changes) > TXN_BYTES_MAX) {
      return refuse('TOO_LARGE', operation);
    }
    return { type: 'change', changes, spans: [changes.length], multi: false };
  }

  #multi(making: Making, session: bigint, operations: readonly NodeOperation[]): TxnBody {
    const reader = this.#readerOf(session);
    if (reader === undefined) return { type: 'error', code: 'BAD_ARGUMENTS' };
    const { draft, zxid } = making;
    const preparing = { draft, reader, session, zxid };
    const changes: Change[] = [];
    const spans: number[] = [];
    let size = 0;
    for (const [index, operation] of operations.entries()) {
      // ZooKeeper's multi has no setACL; here a guarded one is a multi, behind the check of its grant.
      const prepared = prepareOperation(preparing, operation);
      if ('type' in prepared) return { ...prepared, index };
      size += sizeOf(prepared);
      if (size > TXN_BYTES_MAX || changes.length + prepared.length > CHANGES_MAX) {
        return { ...refuse('TOO_LARGE', operation), index };
      }
      for (const change of prepared) changes.push(change);
      spans.push(prepared.length);
    }
    return { type: 'change', changes, spans, multi: true };
  }

  /** As whom a session asks; undefined if there will be no such session. */
  #readerOf(session: bigint): Reader | undefined {
    const view = this.#outstanding.session(session);
    if (view === undefined) return undefined;
    return { identities: identitiesOf(view.session), schemes: this.#options.schemes };
  }

  #draft(): Draft {
    return new Draft(this.#outstanding, this.#state.tree, this.#state.maxTreeBytes);
  }

  #own(body: TxnBody, time: number): Txn {
    return {
      session: 0n,
      cxid: 0,
      resolved: 0,
      owner: this.#options.owner,
      time: this.#stamp(time),
      body,
    };
  }

  #stamp(time: number): number {
    this.#time = Math.max(this.#time, this.#state.time, Math.floor(time));
    return this.#time;
  }
}

function refuse(code: ErrorCode, { path }: NodeOperation): Failure {
  return { type: 'error', code, path };
}
