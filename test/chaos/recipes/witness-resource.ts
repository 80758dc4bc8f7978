/** What the resource took came from grants, in their order; and whom it refused did not hold any more. */
import type { History, Instant } from '../history.ts';
import type { Resource } from './resource.ts';

/** What is wrong with what holders wrote outside of the tree. */
export function witnessResource(
  { accepted, refused }: Pick<Resource, 'accepted' | 'refused'>,
  { grants, claims }: Pick<History, 'grants' | 'claims'>,
): string[] {
  const granted = new Set(grants.map(({ contested, fence }) => `${contested} ${fence}`));
  const violations = [...accepted].flatMap(([contested, fences]) => {
    return fences.flatMap((fence, at) => {
      const stale = (fences[at - 1] ?? 0n) > fence ? [`${contested} took the stale ${fence}`] : [];
      if (granted.has(`${contested} ${fence}`)) return stale;
      return [...stale, `${fence} was never granted for ${contested}`];
    });
  });
  // The first time counts.
  const late: ReadonlyMap<string, Instant> = new Map(
    refused.map((one) => [`${one.contested} ${one.fence}`, one.at] as const).toReversed(),
  );
  const holders = new Map(
    grants.map(({ holder, contested, fence }) => [holder, `${contested} ${fence}`] as const),
  );
  for (const { holder, lock, to } of claims) {
    const at = late.get(holders.get(holder) ?? '');
    if (at !== undefined && to > at) violations.push(`${holder} held ${lock}, and was refused`);
  }
  return violations;
}
