/** What the code that runs now holds already, so that it does not wait for itself. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { nameOf } from '../base/path.ts';
import type { Claim } from './claim.ts';
import type { HeldClaim } from './held-claim.ts';

/** One grant and the function that runs with it. */
export class Holding {
  /** The lock whose `run` it is. */
  readonly lock: object;
  readonly grant: HeldClaim;
  /** The names of its nodes, unique in the whole group. */
  readonly names: ReadonlySet<string>;
  readonly outer: Holding | undefined;
  /** The function has settled: what it has left running holds nothing. */
  isOver = false;

  constructor(lock: object, grant: HeldClaim, claim: Claim, outer: Holding | undefined) {
    this.lock = lock;
    this.grant = grant;
    this.names = new Set(claim.paths.map(nameOf));
    this.outer = outer;
  }
}

/** Switched off while nothing is held: until then Node follows every promise of the host, not only ours. */
const present = new AsyncLocalStorage<Holding>();
/** Functions that run now. */
let running = 0;

/** Runs the work as what holds the grant. */
export async function hold<R>(
  lock: object,
  grant: HeldClaim,
  claim: Claim,
  work: () => R | Promise<R>,
): Promise<R> {
  // Not one that is over: what a function has left running may hold the next, and so on without end.
  const [outer] = holdings();
  const holding = new Holding(lock, grant, claim, outer);
  running += 1;
  try {
    return await present.run(holding, work);
  } finally {
    holding.isOver = true;
    running -= 1;
    if (running === 0) present.disable();
  }
}

function* holdings(): Generator<Holding> {
  for (let holding = present.getStore(); holding !== undefined; holding = holding.outer) {
    if (!holding.isOver) yield holding;
  }
}

/** The names of the nodes that are held by the code that runs now. */
export function namesHeldHere(): string[] {
  return [...holdings()].flatMap(({ names }) => [...names]);
}

/** How the code that runs now holds one of these locks. */
export function heldHere(locks: ReadonlySet<object>): Holding | undefined {
  for (const holding of holdings()) if (locks.has(holding.lock)) return holding;
  return undefined;
}
