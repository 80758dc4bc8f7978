/**
 * Leader side of step 27: answers that may only be given after a quorum round that began when they
 * were asked for. All that is asked in one turn shares one round; rounds also tell when this leader was
 * last known to lead.
 */
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { LinkId } from '../zab/ready.ts';

/** By link: the newest question of a host also answers for those before it. */
type Answers = Map<LinkId, ServiceMessage>;

interface Round {
  readonly began: number;
  readonly answers: Answers;
}

/** Rounds that were begun and are not complete: what is asked meanwhile shares the next. */
export const ROUNDS_MAX = 64;

export class QuorumRounds {
  /** Asked since the last round began. */
  #waiting: Answers = new Map();
  /** By token, in the order of the rounds. */
  readonly #rounds = new Map<number, Round>();
  #lastToken = 0;
  #contact = Number.NEGATIVE_INFINITY;
  #lastBegan = Number.NEGATIVE_INFINITY;

  /** When the last completed round began: then at the latest a quorum still followed. */
  get contact(): number {
    return this.#contact;
  }

  /** When a round last began. */
  get lastBegan(): number {
    return this.#lastBegan;
  }

  /** `message` may go to `link` after the next round. What it says was true when this is called. */
  ask(link: LinkId, message: ServiceMessage): void {
    this.#waiting.set(link, message);
  }

  /** Whether somebody waits for the next round. */
  get wanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** Begun and not complete. */
  get size(): number {
    return this.#rounds.size;
  }

  /** Begins a round for all that waits, and says its token. `confirm` is ZAB's; false: it does not lead, and nobody is answered. */
  begin(now: number, confirm: (token: number) => boolean): number | undefined {
    this.#lastToken += 1;
    if (!confirm(this.#lastToken)) return undefined;
    this.#rounds.set(this.#lastToken, { began: now, answers: this.#waiting });
    this.#waiting = new Map();
    this.#lastBegan = now;
    return this.#lastToken;
  }

  /** The round is complete. */
  confirmed(token: number): ReadonlyMap<LinkId, ServiceMessage> {
    const round = this.#rounds.get(token);
    if (round === undefined) return new Map();
    this.#rounds.delete(token);
    this.#contact = Math.max(this.#contact, round.began);
    return round.answers;
  }

  /** Nobody is answered on a link that ended. */
  unlinked(link: LinkId): void {
    this.#waiting.delete(link);
    for (const { answers } of this.#rounds.values()) answers.delete(link);
  }
}
