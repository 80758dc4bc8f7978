import { QuorateError } from '../base/errors.ts';
import { offAbort, onAbort } from '../client/abort.ts';
import type { RawSession } from './any-client.ts';
import type { Claim } from './claim.ts';
import type { Grant } from './grant.ts';
import type { Patience } from './patience.ts';

/**
 * A claim whose turn it is. Most are held for a moment and given up, and nobody asks why: signal, promise and
 * reason are made for whoever does.
 */
export class HeldClaim implements Grant {
  readonly session: RawSession;
  readonly path: string;
  readonly fence: bigint;
  readonly #claim: Claim;
  #isOver = false;
  /** It is over because it was given up. */
  #isReleased = false;
  /** Why it is over. */
  #reason: QuorateError | undefined;
  #controller: AbortController | undefined;
  #ended: Promise<void> | undefined;
  #setEnded: () => void = () => {};
  /** When the trust in the session would be over, if nothing were heard until then. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the watches of its nodes. */
  readonly #unwatch: (() => void)[] = [];

  constructor(claim: Claim) {
    this.session = claim.session;
    this.path = claim.paths[0];
    this.fence = claim.fence;
    this.#claim = claim;
    const { session } = this;
    if (session.closing.aborted) this.#sessionEnds();
    else onAbort(session.closing, this.#sessionEnds);
    for (const path of claim.paths) void this.#follow(path);
    this.#check();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort(this.#why());
    }
    return this.#controller.signal;
  }

  get ended(): Promise<void> {
    this.#ended ??= new Promise((resolve) => {
      if (this.#isOver) resolve();
      else this.#setEnded = resolve;
    });
    return this.#ended;
  }

  /** By the clock, which ends the grant if it is time. */
  stillHeld(): boolean {
    if (this.#isOver) return false;
    if (this.session.trustedFor > 0) return true;
    this.#lose('nothing was heard of the group for too long');
    return false;
  }

  /** Whether its nodes are there, too: what has just been heard of may not have ended it yet. */
  async stands(wait: Patience): Promise<boolean> {
    return this.stillHeld() && (await this.#claim.stands(wait)) && this.stillHeld();
  }

  /** It was given up before anything else could end it. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  readonly assertHeld = (): void => {
    if (this.stillHeld()) return;
    const { path } = this;
    const cause = this.#why();
    throw QuorateError.make('GRANT_LOST', cause.message, { path, cause });
  };

  readonly release = (): Promise<void> => {
    this.giveUp();
    return this.#claim.remove();
  };

  /** It is over, but who stands behind still has to wait: its holder is at work. */
  giveUp(): void {
    if (this.#isOver) return;
    this.#isReleased = true;
    this.#end();
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
  async #follow(path: string): Promise<void> {
    if (this.#isOver) return;
    const states = this.session.watch(path)[Symbol.asyncIterator]();
    this.#unwatch.push(() => void states.return?.());
    try {
      for (;;) {
        const { value: node, done } = await states.next();
        if (done === true) return;
        if (node?.stat.czxid === this.fence) continue;
        this.#lose('its node was deleted');
        return;
      }
    } catch {
      // What ends the watch ends the session too, and is told by its signal.
    }
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#isOver) return;
    const { path } = this;
    const message = `the grant ${path} is over: ${why}`;
    this.#reason = QuorateError.make('GRANT_LOST', message, { path, cause });
    this.#end();
  }

  #why(): QuorateError {
    const { path } = this;
    this.#reason ??= QuorateError.make('RELEASED', `the grant ${path} was released`, { path });
    return this.#reason;
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    offAbort(this.session.closing, this.#sessionEnds);
    for (const unwatch of this.#unwatch) unwatch();
    this.#controller?.abort(this.#why());
    this.#setEnded();
  }
}
