/**
 * Step 30, the host's side: which of its sessions the leader can not have expired yet. A session is
 * valid for two thirds of its time-out, counted from the moment at which the last acknowledged TOUCH
 * was sent (not from its answer); the leader's clock for it started later. From then on it is suspect:
 * nobody should rely on its ephemeral nodes. After the whole time-out this host gives it up by itself,
 * since it may never hear of the expiry (ZOOKEEPER-4508). The leader's own sessions go the same way.
 */
import { assert } from '../base/assert.ts';

/** What the host may believe of one of its sessions. `expired` is final. */
export type Validity = 'valid' | 'suspect' | 'expired';

/** A TOUCH to send. */
export interface Touch {
  readonly id: number;
  readonly sessions: readonly bigint[];
}

/** A session whose validity is another one since the last {@link Touches.judge}. */
export interface ValidityChange {
  readonly session: bigint;
  readonly validity: Validity;
}

interface Own {
  readonly timeout: number;
  /** Its holder lives: name it in the next TOUCH. */
  alive: boolean;
  /** Send time of the last acknowledged touch. Valid until two thirds of the time-out later, whatever happens here. */
  confirmed: number;
  /** The process may have slept: not valid before a touch sent after that is acknowledged. */
  doubted: boolean;
  /** When it is given up. Later than confirmed + timeout after a stall of this process, in which nothing could be heard. */
  givenUp: number;
  validity: Validity;
}

/** Fraction of the time-out after which a session without an acknowledged touch is suspect. */
const SUSPECT_AFTER = 2 / 3;
/** A touch is due after this fraction of the shortest time-out, at the latest. */
const TOUCH_AFTER = 1 / 3;
/** TOUCHes that may wait for an answer; the oldest is forgotten. */
const OUTSTANDING_MAX = 64;

/** Times are ms on this host's monotonic clock. */
export class Touches {
  readonly #own = new Map<bigint, Own>();
  /** TOUCHes without an answer on the present link to the leader, oldest first. */
  readonly #outstanding = new Map<
    number,
    { readonly sentAt: number; readonly sessions: readonly bigint[] }
  >();
  #lastId = 0;
  /** When the last TOUCH was due, sent or empty. */
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Ms between two TOUCHes, by the cadence and the shortest time-out there was. */
  #interval: number;
  /** Until then no validity changes. */
  #judgeAt = Number.POSITIVE_INFINITY;

  /** @param cadence ms between two TOUCHes; less if a third of the shortest time-out is less. */
  constructor(cadence: number) {
    assert(cadence > 0, 'a positive cadence');
    this.#interval = cadence;
  }

  /**
   * A session of this host has come into the applied table.
   * @param requestedAt when its createSession (or takeover) was last sent: the leader's clock for it
   * started later. If that is long ago it starts as suspect, and has one time-out from now to be heard of.
   */
  add(session: bigint, timeout: number, requestedAt: number, now: number): Validity {
    assert(!this.#own.has(session), 'a session is added once');
    assert(requestedAt <= now, 'a session is created after it was asked for');
    const own: Own = {
      timeout,
      alive: true,
      confirmed: requestedAt,
      doubted: false,
      givenUp: now + timeout,
      validity: 'valid',
    };
    own.validity = validityAt(own, now);
    this.#own.set(session, own);
    this.#interval = Math.min(this.#interval, timeout * TOUCH_AFTER);
    this.#judgeAt = Math.min(this.#judgeAt, nextChange(own));
    if (own.validity !== 'valid') this.#sentAt = Number.NEGATIVE_INFINITY;
    return own.validity;
  }

  /** It has left the table, or this host has given it up. */
  remove(session: bigint): void {
    this.#own.delete(session);
  }

  /**
   * Whether the session's holder lives: `false` leaves it out of the TOUCHes until it is `true` again.
   * A session of the process itself lives as long as the process; a client's while it is heard.
   */
  setAlive(session: bigint, alive: boolean): void {
    const own = this.#own.get(session);
    if (own !== undefined) own.alive = alive;
  }

  /** The TOUCH that is due now, if one is; send it to the leader at once (to oneself, if leading). */
  due(now: number): Touch | undefined {
    if (now < this.#sentAt + this.#interval) return undefined;
    this.#sentAt = now;
    const sessions: bigint[] = [];
    for (const [session, own] of this.#own)
      if (own.alive && own.validity !== 'expired') sessions.push(session);
    if (sessions.length === 0) return undefined;
    this.#lastId += 1;
    this.#outstanding.set(this.#lastId, { sentAt: now, sessions });
    for (const id of this.#outstanding.keys()) {
      if (this.#outstanding.size <= OUTSTANDING_MAX) break;
      this.#outstanding.delete(id);
    }
    return { id: this.#lastId, sessions };
  }

  /** TOUCHED: these were taken, but for `refused`. Unknown ids are ignored. */
  acknowledged(id: number, refused: readonly bigint[]): void {
    const touch = this.#outstanding.get(id);
    if (touch === undefined) return;
    this.#outstanding.delete(id);
    const isRefused = new Set(refused);
    for (const session of touch.sessions) {
      const own = this.#own.get(session);
      if (own === undefined || isRefused.has(session)) continue;
      own.confirmed = Math.max(own.confirmed, touch.sentAt);
      own.givenUp = Math.max(own.givenUp, touch.sentAt + own.timeout);
      own.doubted = false;
    }
    this.#judgeAt = Number.NEGATIVE_INFINITY;
  }

  /** The link to the leader is another: what is under way is forgotten, and the next TOUCH is due at once. */
  unlinked(): void {
    this.#outstanding.clear();
    this.#sentAt = Number.NEGATIVE_INFINITY;
  }

  /** The process may have slept without its clock counting it: all are suspect until a touch sent from now on is acknowledged. */
  doubt(): void {
    for (const own of this.#own.values()) own.doubted = true;
    this.#judgeAt = Number.NEGATIVE_INFINITY;
    this.unlinked();
  }

  /** This process was stalled for so many ms and could hear nothing: it gives nobody up for that. What is valid does not last longer. */
  stalled(stall: number): void {
    assert(stall >= 0, 'a stall is no gain of time');
    for (const own of this.#own.values()) own.givenUp += stall;
    this.#judgeAt = Number.NEGATIVE_INFINITY;
  }

  /** What may be believed of a session right now; undefined if it is not one of these. */
  validity(session: bigint, now: number): Validity | undefined {
    const own = this.#own.get(session);
    return own === undefined ? undefined : validityAt(own, now);
  }

  /** Until when a session is valid if nothing more is heard. Minus infinity: it is not valid. */
  validUntil(session: bigint): number {
    const own = this.#own.get(session);
    if (own === undefined || own.doubted || own.validity === 'expired') {
      return Number.NEGATIVE_INFINITY;
    }
    return Math.min(suspectAt(own), own.givenUp);
  }

  /** Which sessions changed since the last call. To be asked in each turn, after what came in; cheap when nothing can have changed. */
  judge(now: number): readonly ValidityChange[] {
    if (now < this.#judgeAt) return [];
    const changes: ValidityChange[] = [];
    this.#judgeAt = Number.POSITIVE_INFINITY;
    for (const [session, own] of this.#own) {
      const validity = validityAt(own, now);
      if (validity !== own.validity) changes.push({ session, validity });
      own.validity = validity;
      this.#judgeAt = Math.min(this.#judgeAt, nextChange(own));
    }
    return changes;
  }

  /** When `due` or `judge` has something to say at the earliest; a time in the past: now; Infinity: never, as things stand. */
  deadline(): number {
    return Math.min(
      this.#judgeAt,
      this.#own.size === 0 ? Number.POSITIVE_INFINITY : this.#sentAt + this.#interval,
    );
  }
}

function validityAt(own: Own, now: number): Validity {
  if (own.validity === 'expired' || now >= own.givenUp) return 'expired';
  return own.doubted || now >= suspectAt(own) ? 'suspect' : 'valid';
}

function suspectAt(own: Own): number {
  return own.confirmed + own.timeout * SUSPECT_AFTER;
}

/** When the validity changes by time alone. */
function nextChange(own: Own): number {
  if (own.validity === 'expired') return Number.POSITIVE_INFINITY;
  return own.validity === 'valid' ? Math.min(suspectAt(own), own.givenUp) : own.givenUp;
}
