/**
 * A disk that hangs without an error. Nothing it was given may be taken back (rule G8), so the peer can
 * only wait; but a leader that does not write holds up everybody, and others can lead. While it hangs,
 * a peer that has left its role is not LOOKING yet: it has no vote, and nobody elects it (step 1).
 */
import type { Core } from './core.ts';
import { hasQuorumWithout, resign } from './resignation.ts';
import type { Leading } from './roles.ts';

/**
 * Tells once of each write that takes longer than `syncTimeout`. An established leader whose disk has
 * written nothing for `initTimeout`, the time that synchronization may be without any progress, gives
 * way, if the others are a quorum without it: a disk that is as slow could not be led anyway, and
 * with a shorter patience a group on slow disks would have no leader for long.
 */
export function judgeDisk(core: Core, leading: Leading | undefined): void {
  const { syncTimeout, initTimeout } = core.options;
  const ms = core.writes.waitedFor(core.now);
  if (ms <= syncTimeout) {
    core.slowDiskTold = false;
    return;
  }
  if (!core.slowDiskTold) core.outbox.event({ type: 'slow-disk', ms });
  core.slowDiskTold = true;
  if (ms <= initTimeout || leading === undefined || !leading.established) return;
  if (hasQuorumWithout(core, leading)) resign(core, leading, false);
}
