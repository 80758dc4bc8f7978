/** What the passing of time ends: silent links, leaders without a quorum, learners without progress (steps 33 to 35). */
import { counterOf, epochOf, type Zxid } from '../base/zxid.ts';
import { isForwarded } from './broadcast.ts';
import { heldMax } from './caps.ts';
import type { Core } from './core.ts';
import { isVoter } from './discovery.ts';
import type { Link } from './links.ts';
import type { PeerRole } from './peer-role.ts';
import { isRedundancyLost, resign } from './resignation.ts';
import type { Following, Leading, Learner } from './roles.ts';
import { judgeDisk } from './slow-disk.ts';

/** Judges every deadline at `core.now`. */
export function judgeDeadlines(core: Core, role: PeerRole): void {
  cutSilentLinks(core, role);
  judgeDisk(core, role.leading);
  if (role.leading !== undefined) judgeLeading(core, role.leading);
  if (role.following !== undefined) judgeFollowing(core, role.following);
}

function cutSilentLinks(core: Core, role: PeerRole): void {
  const silent: Link[] = [];
  for (const link of core.links.all()) {
    if (core.now - link.heardAt > core.options.syncTimeout) silent.push(link);
  }
  for (const link of silent) role.drop(link, 'silent');
}

function judgeLeading(core: Core, leading: Leading): void {
  const { syncTimeout, initTimeout, reelectionDelay } = core.options;
  if (leading.established) {
    if (core.now - leading.confirmedAt > syncTimeout) core.leave('no quorum answers');
  } else {
    if (isAttended(core, leading)) leading.attendedAt = core.now;
    // A slow disk, here or there, is no reason to begin again: the next attempt would be as slow.
    if (core.now - leading.attendedAt > syncTimeout) core.leave('no quorum presented itself');
    else if (core.now - lastProgress(core, leading) > initTimeout)
      core.leave('no quorum synchronized');
  }
  const { outpacedAt } = leading;
  if (outpacedAt === undefined || core.now - outpacedAt <= reelectionDelay) return;
  leading.outpacedAt = undefined;
  if (isRedundancyLost(core, leading)) resign(core, leading, false);
}

/** Whether a quorum is there, however far it has come. */
function isAttended(core: Core, leading: Leading): boolean {
  const voters = [...leading.learners.values()].filter((learner) => isVoter(core, learner));
  return core.isQuorum(core.withSelf(voters.map(({ key }) => key)));
}

/** Of those that count: an observer that comes and goes does not keep a leader without voters. */
function lastProgress(core: Core, leading: Leading): number {
  let last = leading.startedAt;
  for (const learner of leading.learners.values()) {
    if (isVoter(core, learner)) last = Math.max(last, learner.progressAt);
  }
  return last;
}

/** How many proposals have been made since that entry. Counted by zxid: a checkpoint trims the log. */
function proposedSince({ epoch, counter }: Leading, zxid: Zxid): number {
  return epochOf(zxid) === epoch ? counter - counterOf(zxid) : counter;
}

/**
 * Whether it has left too much unacknowledged, and acknowledges nothing. One that comes on is never cut
 * for how far behind it is: under a steady load it would be as far behind after each new beginning. What
 * waits for it is bounded in bytes, here and on its link.
 */
function isStuck(core: Core, leading: Leading, learner: Learner): boolean {
  const { observer, stage, acked, sent, progressAt } = learner;
  const { lagMax, syncTimeout } = core.options;
  if (stage === 'syncing' || core.now - progressAt <= syncTimeout) return false;
  return proposedSince(leading, observer ? sent : acked) > lagMax;
}

/** Cuts whoever others would have to keep too much for, or does not come on; at the end of a turn (step 35). */
export function cutLaggingLearners(core: Core, role: PeerRole, leading: Leading): void {
  const { initTimeout } = core.options;
  for (const learner of [...leading.learners.values()]) {
    if (!isForwarded(learner.stage)) continue;
    const waits = learner.stage === 'syncing' && core.now - learner.progressAt > initTimeout;
    const kept = learner.held?.lagBytes ?? 0;
    const lags = isStuck(core, leading, learner) || kept > heldMax(core, learner);
    const link = core.links.get(learner.link);
    if ((waits || lags) && link !== undefined) role.drop(link, waits ? 'no progress' : 'lags');
  }
}

function judgeFollowing(core: Core, following: Following): void {
  const { leader, stage, startedAt } = following;
  if (stage === 'discovery' && core.now - startedAt > core.options.initTimeout) {
    core.leave(`leader ${leader} does not invite`);
    return;
  }
  if (core.now - following.heardAt <= core.options.syncTimeout) return;
  core.leave(`leader ${leader} is silent`);
}
