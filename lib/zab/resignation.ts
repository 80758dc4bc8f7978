/** Giving up leadership without losing anything: who takes over, and when it is worth it. */
import type { VoterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { isVoter } from './discovery.ts';
import type { Leading, Learner } from './roles.ts';

function servingVoters(core: Core, leading: Leading): Learner[] {
  return [...leading.learners.values()].filter(
    (learner) => learner.stage === 'serving' && isVoter(core, learner),
  );
}

/** The follower that holds everything; of several, the one that an election would choose. */
function successor(core: Core, leading: Leading): number | undefined {
  const complete = servingVoters(core, leading)
    .filter(({ acked }) => acked === core.history.last.zxid)
    .map(({ id }) => id);
  return complete.length === 0 ? undefined : Math.max(...complete);
}

/** Tells every learner, so that nobody waits for an election that has one possible outcome. */
function handOverTo(core: Core, leading: Leading, heir: number): void {
  const links = [...leading.learners.values()]
    .filter(({ stage }) => stage === 'serving')
    .map(({ link }) => link);
  core.outbox.broadcast(links, { type: 'HANDOVER', epoch: leading.epoch, successor: heir });
}

/** Whether the loss of one more serving voter would end the quorum. */
export function isRedundancyLost(core: Core, leading: Leading): boolean {
  const keys = servingVoters(core, leading).map(({ key }) => key);
  const without = (lost: VoterKey): ReadonlySet<VoterKey> =>
    core.withSelf(keys.filter((key) => key !== lost));
  return keys.some((key) => !core.isQuorum(without(key)));
}

/** Whether those who serve could go on by themselves. */
export function hasQuorumWithout(core: Core, leading: Leading): boolean {
  return core.isQuorum(new Set(servingVoters(core, leading).map(({ key }) => key)));
}

/** Proposes nothing more; stands down once all is committed. `retire`: takes no part in elections any more. */
export function resign(core: Core, leading: Leading, retire: boolean): void {
  leading.resigning ??= { since: core.now, retire };
}

/** Whether everything proposed is committed, or has had its time; the heir has been told then. */
export function standsDown(core: Core, leading: Leading): boolean {
  const { resigning } = leading;
  if (resigning === undefined) return false;
  const settled = leading.established && core.commit === core.history.last.zxid;
  if (!settled && core.now - resigning.since <= core.options.syncTimeout) return false;
  const heir = settled ? successor(core, leading) : undefined;
  if (heir !== undefined) handOverTo(core, leading, heir);
  return true;
}
