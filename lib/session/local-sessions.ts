/**
 * The sessions that this peer hosts. A session belongs to one incarnation of one peer and ends once; a
 * peer may host any number. What is replicated of them stands in the session table; this is what their
 * host alone knows: a handle before there is an id, the state its holder is told, and when to touch it.
 */
import { assert, present } from '../base/assert.ts';
import {
  isFinal,
  type SessionEvent,
  type SessionState,
  sessionStateAfter,
} from './session-state.ts';
import { type Touch, Touches, type Validity } from './touches.ts';

/** `peer`: lives and dies with the process. `client`: ZooKeeper's, with a password; another peer may take it over. */
export type SessionKind = 'peer' | 'client';

/** A session of this peer, as a living view. */
export interface LocalSession {
  /** Local number, from 1; never used again while the process lives. */
  readonly key: number;
  /** zxid of its createSession; 0 while it has none. */
  readonly id: bigint;
  readonly kind: SessionKind;
  /** Ms. */
  readonly timeout: number;
  readonly state: SessionState;
}

/** A state that the holder of the session is to be told. */
export interface SessionChange {
  readonly session: LocalSession;
  readonly before: SessionState;
  readonly state: SessionState;
  readonly event: SessionEvent;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Times are ms on this host's monotonic clock. */
export class LocalSessions {
  readonly #byKey = new Map<number, Mutable<LocalSession>>();
  readonly #byId = new Map<bigint, Mutable<LocalSession>>();
  readonly #touches: Touches;
  #lastKey = 0;

  /** @param cadence of TOUCHes, in ms (the heartbeat). */
  constructor(cadence: number) {
    this.#touches = new Touches(cadence);
  }

  /** A session that is `connecting`: to be created by a request, or taken over. */
  open(kind: SessionKind, timeout: number): LocalSession {
    assert(timeout > 0, 'a positive time-out');
    this.#lastKey += 1;
    const session: Mutable<LocalSession> = {
      key: this.#lastKey,
      id: 0n,
      kind,
      timeout,
      state: 'connecting',
    };
    this.#byKey.set(session.key, session);
    return session;
  }

  /**
   * Its createSession or takeover is applied: the session has an id, and the time-out that the group
   * gave it. It may be suspected in the same step.
   * @param requestedAt when that request was last sent.
   */
  created(
    key: number,
    id: bigint,
    timeout: number,
    requestedAt: number,
    now: number,
  ): readonly SessionChange[] {
    const session = this.#byKey.get(key);
    if (session === undefined) return [];
    assert(session.state === 'connecting' && !this.#byId.has(id), 'a session is created once');
    session.id = id;
    session.timeout = timeout;
    this.#byId.set(id, session);
    const validity = this.#touches.add(id, timeout, requestedAt, now);
    const changes = this.#apply(session, 'created');
    return validity === 'valid' ? changes : [...changes, ...this.#apply(session, 'suspected')];
  }

  /** Its close was applied or its hope given up. Undefined: it had ended already. */
  ended(key: number, event: 'expire' | 'close'): SessionChange | undefined {
    const session = this.#byKey.get(key);
    return session === undefined ? undefined : this.#apply(session, event)[0];
  }

  /** A session that has not ended, by its local number. */
  get(key: number): LocalSession | undefined {
    return this.#byKey.get(key);
  }

  /** A session that has not ended, by its id. */
  byId(id: bigint): LocalSession | undefined {
    return this.#byId.get(id);
  }

  /** All that have not ended, in the order in which they were opened. */
  all(): IterableIterator<LocalSession> {
    return this.#byKey.values();
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** See {@link Touches.due}. */
  touch(now: number): Touch | undefined {
    return this.#touches.due(now);
  }

  /** See {@link Touches.acknowledged}. */
  touched(id: number, refused: readonly bigint[]): void {
    this.#touches.acknowledged(id, refused);
  }

  /** See {@link Touches.setAlive}. */
  setAlive(id: bigint, alive: boolean): void {
    this.#touches.setAlive(id, alive);
  }

  /** The leader, or the link to it, is another. */
  unlinked(): void {
    this.#touches.unlinked();
  }

  /** See {@link Touches.doubt}. */
  doubt(): void {
    this.#touches.doubt();
  }

  /** See {@link Touches.stalled}. */
  stalled(stall: number): void {
    this.#touches.stalled(stall);
  }

  /**
   * What may be believed of a session at this very moment: after a blocked turn its `state` is still
   * the old one. Undefined while it has no id, and when it has ended.
   */
  validity(id: bigint, now: number): Validity | undefined {
    return this.#touches.validity(id, now);
  }

  /** See {@link Touches.validUntil}. */
  validUntil(id: bigint): number {
    return this.#touches.validUntil(id);
  }

  /** What time and the touches have changed. A session that is given up has ended here: close it in the group too, when that can be. */
  judge(now: number): readonly SessionChange[] {
    const changes: SessionChange[] = [];
    for (const { session: id, validity } of this.#touches.judge(now)) {
      const session = present(this.#byId.get(id), 'a touched session is hosted here');
      changes.push(...this.#apply(session, EVENT_OF[validity]));
    }
    return changes;
  }

  /** When `touch` or `judge` has something to do at the earliest; a time in the past: now. */
  deadline(): number {
    return this.#touches.deadline();
  }

  #apply(session: Mutable<LocalSession>, event: SessionEvent): SessionChange[] {
    const before = session.state;
    const state = sessionStateAfter(before, event);
    if (state === before) return [];
    session.state = state;
    if (isFinal(state)) {
      this.#byKey.delete(session.key);
      this.#byId.delete(session.id);
      this.#touches.remove(session.id);
    }
    return [{ session, before, state, event }];
  }
}

const EVENT_OF = { valid: 'confirmed', suspect: 'suspected', expired: 'given-up' } as const;
