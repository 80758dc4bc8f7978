/** From a place in a line to the moment in which it is its turn. */
import { unreachable } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import type { Session } from '../client/client.ts';
import { reasonOf } from '../client/warn.ts';
import { notBegun } from './beforehand.ts';
import type { Claim } from './claim.ts';
import { whoIsAhead } from './contenders.ts';
import { cutShort } from './cut-short.ts';
import { Patience, pause } from './patience.ts';
import type { Rules } from './rules.ts';

/** While a session that answers is not trusted yet, ms. */
const TRUST_PAUSE = 20;
/** How long to look who is ahead when the time is over already, ms. */
const LOOK = 50;

/**
 * Stands in line until it is granted.
 * @returns undefined: somebody deleted its node. Then, and whenever this throws, nothing of it stays.
 */
export async function takeTurn<In, O>(
  rules: Rules<In, O>,
  session: Session<unknown, In>,
  options: O | undefined,
  wait: Patience,
): Promise<Claim | undefined> {
  let claim: Claim | undefined;
  try {
    claim = await rules.stand(session, options, wait, true);
    for (;;) {
      const standing = await rules.standing(claim, options, wait);
      switch (standing.type) {
        case 'granted':
          if (await isTrusted(claim, wait)) return claim;
          break;
        case 'moved':
          claim = standing.claim;
          break;
        case 'displaced':
          void claim.remove();
          return undefined;
        case 'waiting':
          if (standing.isForItself) throw wouldDeadlock(rules.path);
          await standing.changed(wait);
          break;
        default:
          unreachable(standing);
      }
    }
  } catch (error) {
    const { path } = rules;
    const because = async () => (claim && (await tellWho(rules, claim))) ?? reasonOf(session);
    const told = await cutShort(error, { what: `acquire ${path}`, path, wait, because });
    void claim?.remove();
    throw told;
  }
}

/**
 * Takes its turn if it is at once.
 * @returns undefined: somebody is in the way
 */
export async function takeTurnNow<In, O>(
  rules: Rules<In, O>,
  session: Session<unknown, In>,
  options: O | undefined,
  wait: Patience,
): Promise<Claim | undefined> {
  let claim: Claim | undefined;
  try {
    claim = await rules.stand(session, options, wait, false);
    while ((await rules.standing(claim, options, wait)).type === 'granted') {
      if (await isTrusted(claim, wait)) return claim;
    }
  } catch (error) {
    void claim?.remove();
    throw notBegun(error);
  }
  void claim.remove();
  return undefined;
}

/**
 * Whether its nodes are there and its session can be relied on: whoever slept through a disconnection may be
 * granted what it is about to lose. False: look again.
 */
export async function isTrusted(claim: Claim, wait: Patience): Promise<boolean> {
  const { session } = claim;
  if (session.trustedFor > 0) return await claim.stands(wait);
  await session.sync(wait.left);
  if (session.trustedFor === 0) await pause(TRUST_PAUSE, wait.signal);
  return false;
}

async function tellWho(rules: Rules<never, unknown>, claim: Claim): Promise<string | undefined> {
  try {
    const look = new Patience({ timeout: LOOK });
    const ahead = await rules.ahead(claim, look);
    if (ahead.length === 0) return undefined;
    const stale = { ...look.left, consistency: 'stale' } as const;
    return `it is ${await whoIsAhead(claim.session, ahead, stale)}`;
  } catch {
    // Without a quorum nobody knows.
    return undefined;
  }
}

function wouldDeadlock(path: string): QuorateError {
  const message = `${path} is held by the code that asks for it, which would wait for itself`;
  return QuorateError.make('WOULD_DEADLOCK', message, { path });
}
