import { QuorateError } from '../base/errors.ts';
import { offAbort, onAbort } from '../client/abort.ts';
import type { RawSession } from './any-client.ts';
import type { Claim } from './claim.ts';
import type { Grant } from './grant.ts';

/** A claim whose turn it is. */
export class HeldClaim implements Grant {
  readonly session: RawSession;
  readonly path: string;
  readonly fence: bigint;
  readonly ended: Promise<void>;
  readonly #claim: Claim;
  readonly #controller = new AbortController();
  #setEnded: () => void = () => {};
  /** When the trust in the session would be over, if nothing were heard until then. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(claim: Claim) {
    this.session = claim.session;
    this.path = claim.paths[0];
    this.fence = claim.fence;
    this.#claim = claim;
    this.ended = new Promise((resolve) => {
      this.#setEnded = resolve;
    });
    const { session } = this;
    if (session.closing.aborted) this.#sessionEnds();
    else onAbort(session.closing, this.#sessionEnds);
    for (const path of claim.paths) this.#follow(path);
    this.#check();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** By the clock, which ends the grant if it is time. */
  stillHeld(): boolean {
    if (this.signal.aborted) return false;
    if (this.session.trustedFor > 0) return true;
    this.#lose('nothing was heard of the group for too long');
    return false;
  }

  readonly assertHeld = (): void => {
    if (this.stillHeld()) return;
    const cause: unknown = this.signal.reason;
    const message = cause instanceof Error ? cause.message : `${this.path}: the grant is over`;
    throw QuorateError.make('GRANT_LOST', message, { path: this.path, cause });
  };

  readonly release = (): Promise<void> => {
    this.giveUp();
    return this.#claim.remove();
  };

  /** It is over, but who stands behind still has to wait: its holder is at work. */
  giveUp(): void {
    const { path } = this;
    this.#end(QuorateError.make('RELEASED', `the grant ${path} was released`, { path }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  readonly #check = (): void => {
    if (!this.stillHeld()) return;
    const wait = Math.ceil(this.session.trustedFor) + 1;
    this.#timer = setTimeout(this.#check, wait).unref();
  };

  /** Told before the group is, so that nobody else holds it while this one is still at work unaware. */
  readonly #sessionEnds = (): void => {
    this.#lose('its session has ended', this.session.closing.reason);
  };

  /** An operator may take a grant away by deleting its node. */
  #follow(path: string): void {
    const { signal, fence } = this;
    const gone = this.session.watch(path).until((node) => node?.stat.czxid !== fence, {
      signal,
    });
    // What ends the watch otherwise ends the session too, and is told by its signal.
    gone.then(
      () => this.#lose('its node was deleted'),
      () => {},
    );
  }

  #lose(why: string, cause?: unknown): void {
    const { path } = this;
    this.#end(
      QuorateError.make('GRANT_LOST', `the grant ${path} is over: ${why}`, { path, cause }),
    );
  }

  #end(reason: QuorateError): void {
    if (this.signal.aborted) return;
    clearTimeout(this.#timer);
    offAbort(this.session.closing, this.#sessionEnds);
    this.#controller.abort(reason);
    this.#setEnded();
  }
}
