import { QuorateError } from '../base/errors.ts';
import { formatZxid } from '../base/zxid.ts';
import type { Identity } from '../tree/acl.ts';
import type { ClientPeer } from './client-peer.ts';
import type { Failure } from './failure.ts';
import { Lane } from './lane.ts';
import { SessionCore, type SessionOwner } from './session-core.ts';

/** Where a view finds the session to ask through. */
export interface SessionSource {
  readonly peer: ClientPeer;
  /** The present one; of a session's own view always the same, dead or alive. */
  readonly current: SessionCore;
  /** Takes what a listener throws. */
  readonly report: (error: unknown) => void;
  /** Takes what an operator should know. */
  readonly warn: (warning: QuorateError) => void;
  /** Where listeners are called. */
  readonly lane: Lane;
  /** The present session has this identity: give it to those that follow, too. */
  remember(identity: Identity): void;
}

/** Who holds a client. */
export interface ClientObserver {
  /** A session is connected for the first time. */
  connected(core: SessionCore): void;
  warning(warning: QuorateError): void;
  error(error: unknown): void;
}

/** What outlives sessions: opens the next one when one has ended. */
export class ClientCore implements SessionSource, SessionOwner {
  readonly peer: ClientPeer;
  readonly report: (error: unknown) => void;
  readonly warn: (warning: QuorateError) => void;
  readonly lane: Lane = new Lane();
  readonly #observer: ClientObserver;
  readonly #identities: Identity[] = [];
  /** The last session that was announced. */
  #announced: SessionCore | undefined;
  #current: SessionCore;

  constructor(peer: ClientPeer, observer: ClientObserver) {
    this.peer = peer;
    this.#observer = observer;
    this.report = (error) => observer.error(error);
    this.warn = (warning) => observer.warning(warning);
    this.#current = new SessionCore(peer, peer.options.sessionTimeout, this);
  }

  get current(): SessionCore {
    return this.#current;
  }

  get end(): QuorateError | undefined {
    return this.peer.end;
  }

  remember(identity: Identity): void {
    const isNew = this.#identities.every(
      ({ scheme, id }) => scheme !== identity.scheme || id !== identity.id,
    );
    if (isNew) this.#identities.push(identity);
  }

  changed(core: SessionCore): void {
    if (core.handle.state !== 'connected' || this.#announced === core) return;
    this.#announced = core;
    this.#observer.connected(core);
  }

  ended(core: SessionCore): void {
    if (core !== this.#current || !this.peer.isOpen) return;
    this.#current = new SessionCore(this.peer, this.peer.options.sessionTimeout, this);
    for (const identity of this.#identities) this.#authenticate(identity);
    // Last: whoever hears of it may already ask through the next session, or close the peer.
    const id = formatZxid(core.handle.id);
    this.#observer.warning(QuorateError.make('SESSION_EXPIRED', `session ${id} has ended`));
  }

  #authenticate(identity: Identity): void {
    const what = `addAuth ${identity.scheme}`;
    const question = {
      what,
      path: undefined,
      result: () => undefined,
      error: ({ code }: Failure) => {
        const isOver = code === 'CLOSED' || code === 'SESSION_EXPIRED';
        const told = isOver ? code : 'AUTH_FAILED';
        return QuorateError.make(told, `${what} failed for the next session`);
      },
    };
    // Waits as long as the session does: its requests come behind it.
    const options = { timeout: Number.POSITIVE_INFINITY };
    const operation = { type: 'add-auth', identity } as const;
    this.#current.write(operation, question, options).catch((error: unknown) => {
      // The session that follows is given it again; a peer that is closed needs it no more.
      if (!QuorateError.is(error, 'CLOSED', 'SESSION_EXPIRED')) this.report(error);
    });
  }
}

/** A view that is pinned to one session. */
export class PinnedSource implements SessionSource {
  readonly peer: ClientPeer;
  readonly current: SessionCore;
  readonly report: (error: unknown) => void;
  readonly warn: (warning: QuorateError) => void;
  readonly lane: Lane;
  readonly #client: SessionSource | undefined;

  /** @param client that the session belongs to; a further session belongs to none */
  constructor(
    core: SessionCore,
    { report, warn }: Pick<SessionSource, 'report' | 'warn'>,
    client?: SessionSource,
  ) {
    this.peer = core.peer;
    this.current = core;
    this.report = report;
    this.warn = warn;
    this.lane = client?.lane ?? new Lane();
    this.#client = client;
  }

  remember(identity: Identity): void {
    this.#client?.remember(identity);
  }
}

/** The same sessions, with listeners that wait for nobody else's. */
export class OwnLaneSource implements SessionSource {
  readonly lane: Lane = new Lane();
  readonly #source: SessionSource;

  constructor(source: SessionSource) {
    this.#source = source;
  }

  get peer(): ClientPeer {
    return this.#source.peer;
  }

  get current(): SessionCore {
    return this.#source.current;
  }

  get report(): (error: unknown) => void {
    return this.#source.report;
  }

  get warn(): (warning: QuorateError) => void {
    return this.#source.warn;
  }

  remember(identity: Identity): void {
    this.#source.remember(identity);
  }
}
