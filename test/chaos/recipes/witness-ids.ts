/** Ids: none is given twice, and what was given is counted. */
import type { Deed } from '../history.ts';

/** @param final the number of the node that counts, in the end; undefined: nobody told */
export function witnessIds(deeds: readonly Deed[], final: bigint | undefined): string[] {
  const violations: string[] = [];
  const given = new Map<bigint, string>();
  for (const { deed, id, step, value } of deeds) {
    if (deed !== 'name' || step !== 'done' || value === undefined) continue;
    const before = given.get(value);
    if (before !== undefined) violations.push(`${value} was given to ${before} and to ${id}`);
    if (value < 1n) violations.push(`${value} was given to ${id}`);
    if (final !== undefined && value > final) {
      violations.push(`${value} was given to ${id}, and only ${final} were taken`);
    }
    given.set(value, id);
  }
  return violations;
}
