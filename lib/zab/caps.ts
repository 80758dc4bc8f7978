/** The caps of ZAB's queues (step 35): memory is bounded by options, not by what others send or how slow a disk is. */
import type { Meter } from '../base/meter.ts';
import type { Core } from './core.ts';
import type { PeerRole } from './peer-role.ts';
import type { Following } from './roles.ts';

/** What a learner holds back for NEWLEADER, beside what waits for its disk already. */
function heldBack({ sync }: Following): number {
  return sync === undefined || sync.spilled ? 0 : sync.bytes;
}

/** A learner leaves a leader that sends more than it can keep: nothing that is sound is as large. */
export function leaveIfFlooded(core: Core, following: Following): void {
  const waiting = core.writes.bytes + heldBack(following);
  if (waiting > core.options.writeQueueBytesMax) core.leave('more came than the disk can take');
}

/** Every queue with its cap (S34). */
export function measureQueues(core: Core, role: PeerRole, meter: Meter): void {
  const { leading, following } = role;
  const { writeQueueBytesMax, heldBytesMax } = core.options;
  if (following !== undefined)
    meter('bytes for the disk', core.writes.bytes + heldBack(following), writeQueueBytesMax);
  for (const { held } of leading?.learners.values() ?? [])
    meter('bytes held for a learner', held?.lagBytes ?? 0, heldBytesMax);
}
