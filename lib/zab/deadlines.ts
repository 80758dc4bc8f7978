/** What the passing of time ends: silent links, leaders without a quorum, learners without progress (steps 33 to 35). */
import type { Core } from './core.ts';
import type { PeerRole } from './peer-role.ts';
import { isRedundancyLost, resign } from './resignation.ts';
import type { Following, Leading } from './roles.ts';

/** Judges every deadline at `core.now`. */
export function judgeDeadlines(core: Core, role: PeerRole): void {
  cutSilentLinks(core, role);
  if (role.leading !== undefined) {
    judgeLeading(core, role.leading);
    cutLaggingLearners(core, role, role.leading);
  }
  if (role.following !== undefined) judgeFollowing(core, role.following);
}

function cutSilentLinks(core: Core, role: PeerRole): void {
  for (const link of [...core.links.all()]) {
    if (core.now - link.heardAt > core.options.syncTimeout) role.drop(link, 'silent');
  }
}

function judgeLeading(core: Core, leading: Leading): void {
  const { syncTimeout, initTimeout, reelectionDelay } = core.options;
  if (leading.established) {
    if (core.now - leading.confirmedAt > syncTimeout) core.leave('no quorum answers');
  } else if (leading.stage === 'discovery') {
    if (core.now - leading.startedAt > syncTimeout) core.leave('no quorum presented itself');
  } else if (core.now - lastProgress(leading) > initTimeout) core.leave('no quorum synchronized');
  const { outpacedAt } = leading;
  if (outpacedAt === undefined || core.now - outpacedAt <= reelectionDelay) return;
  leading.outpacedAt = undefined;
  if (isRedundancyLost(core, leading)) resign(core, leading, false);
}

function lastProgress(leading: Leading): number {
  let last = leading.startedAt;
  for (const { progressAt } of leading.learners.values()) last = Math.max(last, progressAt);
  return last;
}

function cutLaggingLearners(core: Core, role: PeerRole, leading: Leading): void {
  const { initTimeout, lagMax } = core.options;
  for (const learner of [...leading.learners.values()]) {
    const waits = learner.stage === 'syncing' && core.now - learner.progressAt > initTimeout;
    const lags =
      learner.stage === 'serving' &&
      !learner.observer &&
      core.history.countAbove(learner.acked) > lagMax;
    const link = core.links.get(learner.link);
    if ((waits || lags) && link !== undefined) role.drop(link, waits ? 'no progress' : 'lags');
  }
}

function judgeFollowing(core: Core, following: Following): void {
  if (core.now - following.heardAt <= core.options.syncTimeout) return;
  core.leave(`leader ${following.leader} is silent`);
}
