import { QuorateError } from '../base/errors.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { Weighted } from '../zab/tolerance.ts';
import type { CheckedOptions } from './options.ts';

/**
 * The voters are data in the log. Options that name others would make a peer that nobody talks to; another
 * URL, or another list of observers, is nobody's business but this peer's.
 * @param configuration the last of the log; undefined: there is none yet
 * @throws {QuorateError} PEERS_MISMATCH
 */
export function checkVoters(
  { id, addresses }: CheckedOptions,
  configuration: Configuration | undefined,
): void {
  if (configuration === undefined) return;
  const given = describe(addresses.filter(({ role }) => role === 'participant'));
  const known = describe(configuration.voters);
  if (given === known) return;
  throw QuorateError.make(
    'PEERS_MISMATCH',
    `peer ${id}: the options name the voters ${given}, but the log of the group has ${known}. ` +
      'Who votes is decided by the group, not by options, and cannot be changed at run time yet: name the voters of the log. ' +
      'Further peers can join as observers; a voter that is replaced keeps its id.',
  );
}

/** `1, 2 (weight 3, group 1), 3`, ascending by id. */
function describe(voters: readonly (Weighted & { readonly id: number })[]): string {
  const sorted = [...voters].sort((a, b) => a.id - b.id);
  return sorted
    .map(({ id, weight, group }) => {
      const isPlain = weight === 1 && group === 0;
      return isPlain ? String(id) : `${id} (weight ${weight}, group ${group})`;
    })
    .join(', ');
}
