import type { Zab } from '../zab/zab.ts';
import type { ReplicaStatus } from './ready.ts';

/** What a peer says of itself. */
export function statusOf(zab: Zab, serving: boolean, failure: string | undefined): ReplicaStatus {
  const { role, phase, leader, epoch } = zab;
  const reason = serving ? undefined : reasonOf(zab, failure);
  return Object.freeze({ role, phase, serving, reason, leader, epoch });
}

function reasonOf(zab: Zab, failure: string | undefined): string {
  const { role, phase, leader } = zab;
  switch (role) {
    case 'quarantined':
      return `quarantined: ${failure ?? 'the log cannot be trusted'}`;
    case 'looking':
      return birthReason(zab.awaited) ?? 'no leader';
    case 'leading':
      return phase === 'broadcast' ? 'the epoch begins' : 'no quorum follows yet';
    case 'following':
    case 'observing':
      return `${phase} with leader ${leader ?? 'unknown'}`;
  }
}

/** Why a group that is not born yet is not, as far as this peer sees. */
function birthReason(awaited: readonly number[] | undefined): string | undefined {
  if (awaited === undefined) return undefined;
  if (awaited.length === 0) return 'the group is being founded';
  return `waiting for the first start of ${awaited.length === 1 ? 'peer' : 'peers'} ${awaited.join(', ')}`;
}

export function isSameStatus(a: ReplicaStatus, b: ReplicaStatus): boolean {
  return (
    a.role === b.role &&
    a.phase === b.phase &&
    a.serving === b.serving &&
    a.reason === b.reason &&
    a.leader === b.leader &&
    a.epoch === b.epoch
  );
}
