/**
 * "Am I still the leader?" (step 27): a PING with a fresh nonce to everyone, answered by a quorum. What
 * asked before the round began is confirmed when it is complete. There are no leases and no clocks in it.
 */
import { raiseCommit } from './broadcast.ts';
import type { VoterKey } from './configuration.ts';
import type { Core } from './core.ts';
import type { Ping, Pong } from './messages.ts';
import type { Following, Leading, Learner } from './roles.ts';

/** Asks for a round that begins after now; the token is given back when it is complete. */
export function confirm(leading: Leading, token: number): void {
  leading.confirmations.push({ token, nonce: leading.nonce + 1 });
  leading.roundWanted = true;
}

/**
 * This process stood still for longer than its followers wait for a leader: it commits nothing before
 * a round that begins now is complete. What was acknowledged meanwhile is committed all the same; but
 * whoever leads by now says so first.
 */
export function doubt(leading: Leading): void {
  leading.provenFrom = leading.nonce + 1;
  leading.roundWanted = true;
}

/** Begins a round if one is due or wanted; one a turn at most, so everything asked in a turn shares it. */
export function beginRound(core: Core, leading: Leading): void {
  const due = core.now >= leading.nextHeartbeat;
  if (!due && !leading.roundWanted) return;
  if (leading.epoch === 0 || !leading.epochDurable) return;
  if (due) leading.nextHeartbeat = core.now + core.options.heartbeat;
  leading.roundWanted = false;
  leading.nonce += 1;
  leading.roundStarts.set(leading.nonce, core.now);
  const links = [...leading.learners.values()]
    .filter(({ stage }) => stage !== 'presented')
    .map(({ link }) => link);
  core.outbox.broadcast(links, { type: 'PING', epoch: leading.epoch, nonce: leading.nonce });
  completeRounds(core, leading);
}

/** PING at a learner: the leader lives; answered only by one that has taken this leader's history. */
export function receivePing(core: Core, following: Following, message: Ping): void {
  const { link } = following;
  const { accepted, current } = core.epochs;
  const follows = message.epoch === following.epoch && accepted === current;
  if (link === undefined || !following.joined || !follows || current !== message.epoch) return;
  core.send(link, { type: 'PONG', epoch: message.epoch, nonce: message.nonce });
}

/** PONG at the leader: only on a link on which ACKNEWLEADER came, else it may be a peer that follows another. */
export function receivePong(core: Core, leading: Leading, learner: Learner, message: Pong): void {
  const joined = learner.stage === 'synced' || learner.stage === 'serving';
  if (!joined || message.epoch !== leading.epoch || message.nonce > leading.nonce) return;
  if (message.nonce <= learner.nonce) return;
  learner.nonce = message.nonce;
  completeRounds(core, leading);
}

/** A PONG answers its own round and every earlier one: it was sent after all of them began. */
function completeRounds(core: Core, leading: Leading): void {
  for (let nonce = leading.nonce; nonce > leading.confirmedNonce; nonce -= 1) {
    const keys: VoterKey[] = [];
    for (const learner of leading.learners.values()) {
      if (!learner.observer && learner.nonce >= nonce) keys.push(learner.key);
    }
    if (!core.isQuorum(core.withSelf(keys))) continue;
    complete(core, leading, nonce);
    return;
  }
}

function complete(core: Core, leading: Leading, nonce: number): void {
  leading.confirmedNonce = nonce;
  for (const [round, startedAt] of leading.roundStarts) {
    if (round > nonce) continue;
    leading.confirmedAt = Math.max(leading.confirmedAt, startedAt);
    leading.roundStarts.delete(round);
  }
  if (!leading.established) return;
  raiseCommit(core, leading);
  const done = leading.confirmations.filter((waiting) => waiting.nonce <= nonce);
  if (done.length === 0) return;
  leading.confirmations = leading.confirmations.filter((waiting) => waiting.nonce > nonce);
  core.outbox.confirmed(done.map(({ token }) => token));
}
