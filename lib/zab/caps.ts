/** The caps of ZAB's queues (step 35): memory is bounded by options, not by what others send or how slow a disk is. */
import type { Meter } from '../base/meter.ts';
import type { Core } from './core.ts';
import type { PeerRole } from './peer-role.ts';
import type { Following, Learner } from './roles.ts';

/** What a learner holds back for NEWLEADER, beside what waits for its disk already. */
function heldBack({ sync }: Following): number {
  return sync === undefined || sync.spilled ? 0 : sync.bytes;
}

/**
 * Bytes of proposals kept for a learner behind its history. While its link has taken more than was proposed
 * meanwhile it is quicker than the load, and comes to the end; with a fixed cap one that needs a large tree
 * over a slow link would be cut again and again.
 */
export function heldMax(core: Core, { sentBytes }: Learner): number {
  return Math.max(core.options.heldBytesMax, sentBytes);
}

/** A learner leaves a leader that sends more than it can keep: nothing that is sound is as large. */
export function leaveIfFlooded(core: Core, following: Following): void {
  const waiting = core.writes.bytes + heldBack(following);
  if (waiting > core.options.writeQueueBytesMax) core.leave('more came than the disk can take');
}

/** Every queue with its cap (S34). */
export function measureQueues(core: Core, role: PeerRole, meter: Meter): void {
  const { leading, following } = role;
  const { writeQueueBytesMax } = core.options;
  if (following !== undefined)
    meter('bytes for the disk', core.writes.bytes + heldBack(following), writeQueueBytesMax);
  for (const learner of leading?.learners.values() ?? [])
    meter('bytes held for a learner', learner.held?.lagBytes ?? 0, heldMax(core, learner));
}
