/** How a place in a line becomes a grant, whatever happens to the session meanwhile. */
import { QuorateError } from '../base/errors.ts';
import type { Client, ReadOptions } from '../client/client.ts';
import { bytes } from '../client/codec.ts';
import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import type { Claim } from './claim.ts';
import { contendersAt } from './contenders.ts';
import { inEachSession } from './each-session.ts';
import type { Grant } from './grant.ts';
import { HeldClaim } from './held-claim.ts';
import { type Holding, heldHere, hold } from './held-here.ts';
import { LentGrant } from './lent-grant.ts';
import type { Contender, Lock } from './lock.ts';
import { BUSY_PAUSE, Patience, pause } from './patience.ts';
import type { Rules } from './rules.ts';
import { takeTurn, takeTurnNow } from './turn.ts';
import { whileHeld } from './while-held.ts';

/** How a lock is used beside its rules. */
export interface ContentionOptions {
  /** Options of `acquire` beside signal and timeout. */
  readonly known?: readonly string[];
  /** Whether a `run` inside goes on with the grant that is held. */
  readonly reentrant?: boolean;
  /** Another lock whose grant covers this one, too. */
  readonly covering?: object;
}

/** The calls of a lock, over the rules of one. */
export class Contention<In, O extends WaitOptions = WaitOptions> implements Lock<O> {
  readonly #client: Client<unknown, In>;
  readonly #rules: Rules<In, O>;
  readonly #known: readonly string[];
  /** Locks whose grant a `run` inside goes on with. */
  readonly #covering: ReadonlySet<object>;

  constructor(client: Client<unknown, In>, rules: Rules<In, O>, options: ContentionOptions = {}) {
    const { known = [], reentrant = false, covering } = options;
    this.#client = client;
    this.#rules = rules;
    this.#known = [...WAIT_OPTIONS, ...known];
    const locks = covering === undefined ? [this] : [this, covering];
    this.#covering = new Set(reentrant ? locks : []);
  }

  async acquire(options?: O): Promise<Grant> {
    this.#checkOptions('acquire', options);
    return lend(grantOf(await this.#queue(options)));
  }

  /** The same for a recipe that sees to the release itself, and goes on as long as it is not stopped. */
  async claim(options: O): Promise<HeldClaim> {
    for (;;) {
      try {
        return grantOf(await this.#queue(options));
      } catch (error) {
        if (!QuorateError.is(error, 'OVERLOADED')) throw error;
        await pause(BUSY_PAUSE, options.signal);
      }
    }
  }

  async tryAcquire(options?: O): Promise<Grant | undefined> {
    this.#checkOptions('tryAcquire', options);
    const wait = new Patience(options);
    const { session } = this.#client;
    const raw = session.as(bytes);
    if (await this.#rules.isTaken(raw, options, wait)) {
      // This peer may be the last to know that it was given up.
      await raw.sync(wait.left);
      if (await this.#rules.isTaken(raw, options, wait)) return undefined;
    }
    const claim = await takeTurnNow(this.#rules, session, options, wait);
    return claim === undefined ? undefined : lend(grantOf(claim));
  }

  async run<R>(work: (grant: Grant) => R | Promise<R>, options?: O): Promise<R> {
    if (typeof work !== 'function') throw new TypeError('run: the work is a function');
    this.#checkOptions('run', options);
    const outer = heldHere(this.#covering);
    if (outer !== undefined) return runWithin(outer, work);
    const claim = await this.#queue(options);
    const grant = grantOf(claim);
    try {
      const task = () => whileHeld(grant, () => runWith(grant, work));
      return await hold(this, grant, claim, task);
    } finally {
      await grant.release();
    }
  }

  async contenders(options?: ReadOptions): Promise<Contender[]> {
    const session = this.#client.session.as(bytes);
    return contendersAt(session, await this.#rules.line(session, options ?? {}), options);
  }

  #checkOptions(name: string, options: O | undefined): void {
    checkCall(`${name} ${this.#rules.path}`, options, this.#known);
  }

  /** Stands in line until it is its turn; with the next session if one ends. */
  #queue(options: O | undefined): Promise<Claim> {
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    return inEachSession(this.#client, wait, (session) => {
      return takeTurn(this.#rules, session, options, wait);
    });
  }
}

function lend(held: HeldClaim): Grant {
  return new LentGrant(held, held.session);
}

/** From here on the place in the line is the grant's to give up. */
function grantOf(claim: Claim): HeldClaim {
  // What was needed to get here is for the next one.
  void claim.gate?.remove();
  return new HeldClaim(claim);
}

async function runWith<R>(grant: HeldClaim, work: (grant: Grant) => R | Promise<R>): Promise<R> {
  grant.assertHeld();
  const result = await work(grant);
  // Whoever releases it in the middle knows what he does.
  if (!grant.isReleased) grant.assertHeld();
  return result;
}

/** With a grant that is given up when the outer work has settled, which this one may outlive. */
async function runWithin<R>(outer: Holding, work: (grant: Grant) => R | Promise<R>): Promise<R> {
  const result = await runWith(outer.grant, work);
  if (outer.isOver) outer.grant.assertHeld();
  return result;
}
