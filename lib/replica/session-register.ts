/** The sessions that this host has now: how each is found, and how it leaves. */
import type { ErrorCode, Outcome } from '../base/errors.ts';
import type { LocalSessions, SessionKind } from '../session/local-sessions.ts';
import type { NumberedWrite } from '../session/session-line.ts';
import type { Operation } from '../tree/request.ts';
import { HostedSession } from './hosted-session.ts';
import type { Reads } from './reads.ts';
import type { Ticket } from './ready.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import type { SessionHandle } from './session-handle.ts';
import type { Teller } from './teller.ts';
import type { Watching } from './watching.ts';

/** Where something of a session may wait. */
export interface RegisterParts {
  readonly sessions: LocalSessions;
  readonly pipeline: RequestPipeline;
  readonly reads: Reads;
  readonly watching: Watching;
  readonly teller: Teller;
}

export class SessionRegister {
  readonly #parts: RegisterParts;
  readonly #hosted = new Map<number, HostedSession>();

  constructor(parts: RegisterParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#hosted.size;
  }

  /** As they are now: they may leave while one goes through them. */
  all(): HostedSession[] {
    return [...this.#hosted.values()];
  }

  find(handle: SessionHandle): HostedSession | undefined {
    return this.#hosted.get(handle.key);
  }

  byKey(key: number): HostedSession | undefined {
    return this.#hosted.get(key);
  }

  byId(id: bigint): HostedSession | undefined {
    const handle = this.#parts.sessions.byId(id);
    return handle === undefined ? undefined : this.#hosted.get(handle.key);
  }

  /** @param birth the request that creates it or takes it over. @param pendingMax its writes that may wait. */
  open(kind: SessionKind, timeout: number, birth: Ticket, pendingMax: number): HostedSession {
    const handle = this.#parts.sessions.open(kind, timeout);
    const hosted = new HostedSession(handle, birth, pendingMax);
    this.#hosted.set(handle.key, hosted);
    return hosted;
  }

  /** It has ended in the group, or will never begin. @param outcome of what has left for the leader. */
  end(hosted: HostedSession, event: 'expire' | 'close', code: ErrorCode, outcome: Outcome): void {
    const left = this.finish(hosted, code, outcome);
    if (outcome === 'unknown') {
      for (const write of left)
        this.#parts.teller.settled(hosted.handle, write, 'unknown', undefined);
    }
    const change = this.#parts.sessions.ended(hosted.handle.key, event);
    if (change !== undefined) this.#parts.teller.state(change.session, change.state, code);
  }

  /** Its close is in the log. */
  over(hosted: HostedSession, outcome: Outcome): void {
    if (hosted.closing) this.end(hosted, 'close', 'CLOSED', outcome);
    else this.end(hosted, 'expire', 'SESSION_EXPIRED', outcome);
  }

  /** Everything that waited in it is answered. @returns what has left for the leader. */
  finish(
    hosted: HostedSession,
    code: ErrorCode,
    outcome: Outcome,
  ): readonly NumberedWrite<Operation>[] {
    const { pipeline, reads, watching, teller } = this.#parts;
    this.#hosted.delete(hosted.handle.key);
    pipeline.remove(hosted);
    watching.ended(hosted.handle);
    return teller.remains(hosted, code, outcome, (read) => reads.forget(read));
  }
}
