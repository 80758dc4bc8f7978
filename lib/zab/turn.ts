/** The end of a turn: what is delivered, and what a leader does for its learners in one go. */
import { lesser, type Zxid } from '../base/zxid.ts';
import { flush, isBroadcasting } from './broadcast.ts';
import type { Configuration } from './configuration.ts';
import type { Core } from './core.ts';
import { cutLaggingLearners } from './deadlines.ts';
import type { Entry } from './log-entry.ts';
import type { PeerRole } from './peer-role.ts';
import type { Ready } from './ready.ts';
import { dueRecord, isAllRecorded } from './record-starts.ts';
import { dueReplacement } from './replace-store.ts';
import { standsDown } from './resignation.ts';
import type { Leading } from './roles.ts';
import { beginRound } from './round.ts';
import { announce, sendHeld, synchronizeAll } from './synchronization.ts';

/** Takes everything that this turn asks of the world. @param mayCopy see {@link Zab.ready}. */
export function endTurn(core: Core, role: PeerRole, mayCopy: boolean): Ready {
  if (role.leading !== undefined) {
    flush(core, role.leading);
    if (standsDown(core, role.leading)) role.leave('hands over');
  }
  const deliver = takeDeliverable(core, role);
  if (role.leading !== undefined) lead(core, role, role.leading, mayCopy);
  core.writes.seal(core.commit);
  return core.outbox.take(deliver, core.applied);
}

/** Everything is applied that the learners are told of. */
function lead(core: Core, role: PeerRole, leading: Leading, mayCopy: boolean): void {
  announce(core, leading);
  if (isBroadcasting(core, leading)) core.outbox.configure = dueConfiguration(core, leading);
  synchronizeAll(core, leading, core.applied, mayCopy);
  sendHeld(core, leading);
  beginRound(core, leading);
  cutLaggingLearners(core, role, leading);
}

/** Who lost its store gets its place back first; then it is recorded who is served. */
function dueConfiguration(core: Core, leading: Leading): Configuration | undefined {
  if (isAllRecorded(leading)) return undefined;
  return dueReplacement(core, leading) ?? dueRecord(core, leading);
}

/** The next entries to apply: no more than one turn may take. */
function takeDeliverable(core: Core, role: PeerRole): readonly Entry[] {
  const through = deliverableThrough(core, role);
  if (through <= core.applied) return [];
  const deliver = core.history.page(core.applied, through, core.options.deliverBytesMax);
  core.applied = deliver[deliver.length - 1]?.zxid ?? core.applied;
  if (deliver.length > 0) core.history.delivered(core.applied);
  return deliver;
}

/** Committed and durable here: no peer, the leader included, applies beyond its own disk (step 23). */
export function deliverableThrough(core: Core, role: PeerRole): Zxid {
  if (!core.born || role.role === 'quarantined') return core.applied;
  // A store without promises waits for a copy of no less than it said to have applied: its tree never moves back.
  if (core.amnesiac) return core.applied;
  return lesser(core.commit, core.history.durable);
}
