/** What becomes of each key of zoo.cfg. The guide `zoo-cfg.md` has a line for every one of them. */

/** Becomes an option. */
export const TAKEN = [
  'tickTime',
  'initLimit',
  'syncLimit',
  'dataDir',
  'dataLogDir',
  'snapCount',
  'autopurge.snapRetainCount',
  'fsync.warningthresholdms',
  'minSessionTimeout',
  'maxSessionTimeout',
  'cnxTimeout',
  'peerType',
] as const;

/** Is for ZooKeeper's client port: handed back as it is. */
export const KEPT = ['clientPort', 'clientPortAddress', 'maxClientCnxns', 'leaderServes'] as const;

/** Has no meaning here: named, and otherwise without effect. */
export const IGNORED = ['preAllocSize', 'autopurge.purgeInterval', 'electionAlg'] as const;

/** Come with a number behind the dot. */
export const NUMBERED = ['server', 'weight', 'group'] as const;

/** The plain keys that have a meaning. */
export type ZooKey = (typeof TAKEN)[number] | (typeof KEPT)[number] | (typeof IGNORED)[number];

const PLAIN: readonly ZooKey[] = [...TAKEN, ...KEPT, ...IGNORED];

/** Whether it is one of the plain keys. ZooKeeper minds upper and lower case, and so does this. */
export function isPlainKey(key: string): key is ZooKey {
  return PLAIN.some((known) => known === key);
}

/** The known key that is nearest to an unknown one. */
export function nearestKey(unknown: string): string {
  const numbered = NUMBERED.map((key) => `${key}.N`);
  let nearest = '';
  let least = Number.POSITIVE_INFINITY;
  for (const known of [...PLAIN, ...numbered]) {
    const distance = distanceOf(unknown.toLowerCase(), known.toLowerCase());
    if (distance < least) [nearest, least] = [known, distance];
  }
  return nearest;
}

/** How many characters must be put in, taken out or replaced to make one text of the other. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
