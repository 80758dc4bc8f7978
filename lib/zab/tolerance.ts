/** What a set of voters can bear: the sizes that operators ask for. */
import type { Member } from './configuration.ts';

/** What counts of a voter. */
export type Weighted = Pick<Member, 'weight' | 'group'>;

/** The smallest number of voters that can form a quorum; more than there are if none can. */
export function quorumSize(voters: readonly Weighted[]): number {
  const groups = weightsByGroup(voters);
  if (groups.length === 0) return voters.length + 1;
  const least = groups.map((weights) => heaviest(weights, (held, total) => held * 2 > total));
  return smallest(least, Math.floor(groups.length / 2) + 1);
}

/** How many voters may fail, whichever they are, with a quorum left; negative if there never is one. */
export function faultTolerance(voters: readonly Weighted[]): number {
  const groups = weightsByGroup(voters);
  const least = groups.map((weights) =>
    heaviest(weights, (failed, total) => (total - failed) * 2 <= total),
  );
  // Of so many groups the majority must be broken before the rest is none of all groups.
  return smallest(least, Math.ceil(groups.length / 2)) - 1;
}

/** The weights of each group that has any, the heaviest first. */
function weightsByGroup(voters: readonly Weighted[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const { weight, group } of voters) {
    if (weight > 0) groups.set(group, [...(groups.get(group) ?? []), weight]);
  }
  return [...groups.values()].map((weights) => weights.sort((a, b) => b - a));
}

/** How many of the first it takes until they are enough. */
function heaviest(
  weights: readonly number[],
  enough: (sum: number, total: number) => boolean,
): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let count = 0;
  for (const weight of weights) {
    if (enough(sum, total)) break;
    sum += weight;
    count += 1;
  }
  return count;
}

/** The sum of the smallest of them. */
function smallest(numbers: readonly number[], count: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.slice(0, count).reduce((sum, number) => sum + number, 0);
}
