/**
 * Step 30, the leader's side. A TOUCH moves the deadlines of its sessions when it is received, but is
 * acknowledged only when a quorum round that began after that is complete: a leader that was deposed
 * without knowing it keeps nobody's session valid (S21). Its own sessions go the same way.
 */
import { assert } from '../base/assert.ts';
import type { ExpiryQueue } from './expiry-queue.ts';
import type { Touch } from './touches.ts';

/** A TOUCHED to send. */
export interface Acknowledgement<Source> {
  readonly source: Source;
  readonly id: number;
  /** Not touched: unknown, closing, or not the source's. */
  readonly refused: readonly bigint[];
}

interface Received<Source> {
  readonly source: Source;
  readonly touch: Touch;
  readonly refused: readonly bigint[];
}

interface Round<Source> {
  readonly token: number;
  readonly received: readonly Received<Source>[];
}

/** `Source`: whom to answer, such as a link or the leader itself. */
export class TouchRounds<Source> {
  readonly #expiry: ExpiryQueue;
  /** Received since the last round began. */
  #waiting: Received<Source>[] = [];
  /** Begun, in order of their tokens. */
  #rounds: Round<Source>[] = [];

  constructor(expiry: ExpiryQueue) {
    this.#expiry = expiry;
  }

  /** A TOUCH came in. @param owns whether the session is the source's: nobody keeps another's alive. */
  received(source: Source, touch: Touch, now: number, owns: (session: bigint) => boolean): void {
    const refused = touch.sessions.filter(
      (session) => !owns(session) || !this.#expiry.touch(session, now),
    );
    this.#waiting.push({ source, touch, refused });
  }

  /** Whether a round must begin. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** A quorum round begins now, after all that was received. Tokens rise. */
  begin(token: number): void {
    assert(
      token > (this.#rounds.at(-1)?.token ?? Number.NEGATIVE_INFINITY),
      'rounds begin in the order of their tokens',
    );
    this.#rounds.push({ token, received: this.#waiting });
    this.#waiting = [];
  }

  /**
   * The round is complete, and so is what earlier ones were for. A session that is closing by now is
   * refused after all: its host must not believe in it over its own close.
   */
  confirmed(token: number): readonly Acknowledgement<Source>[] {
    const acknowledgements: Acknowledgement<Source>[] = [];
    const complete = this.#rounds.filter((round) => round.token <= token);
    this.#rounds = this.#rounds.filter((round) => round.token > token);
    for (const { received } of complete) {
      for (const { source, touch, refused } of received) {
        const isRefused = new Set(refused);
        const closing = touch.sessions.filter(
          (session) => !isRefused.has(session) && !this.#expiry.isOpen(session),
        );
        acknowledgements.push({ source, id: touch.id, refused: [...refused, ...closing] });
      }
    }
    return acknowledgements;
  }

  /** The source's link has ended: its touches need no answer. */
  forget(source: Source): void {
    this.#waiting = this.#waiting.filter((received) => received.source !== source);
    this.#rounds = this.#rounds.map(({ token, received }) => ({
      token,
      received: received.filter((one) => one.source !== source),
    }));
  }

  /** Leadership is over: nothing will be acknowledged. */
  reset(): void {
    this.#waiting = [];
    this.#rounds = [];
  }
}
