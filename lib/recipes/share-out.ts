/** Who is to own what: `undefined` is nobody. By partition. */
export type Shares = Readonly<Record<string, string>>;

/**
 * Shares the partitions out evenly: no member has two more than another. As few as possible move, and none from
 * a member that may keep it. The same for the same members and partitions, whoever asks.
 *
 * ```ts
 * import { shareOut, type Shares } from 'quorate/recipes';
 *
 * const before: Shares = { north: 'ann', south: 'ann', west: 'bob' };
 * console.log(shareOut(['north', 'south', 'west'], ['ann', 'bob', 'cid'], before));   // one moves to cid
 * ```
 */
export function shareOut(
  partitions: readonly string[],
  members: readonly string[],
  current: Shares,
): Shares {
  const owned = new Map<string, string[]>([...members].sort().map((name) => [name, []]));
  const free: string[] = [];
  for (const partition of [...partitions].sort()) {
    const owner = Object.hasOwn(current, partition) ? current[partition] : undefined;
    const kept = owner === undefined ? undefined : owned.get(owner);
    (kept ?? free).push(partition);
  }
  // Whoever has most keeps one more where they cannot be shared out alike.
  const byLoad = [...owned].sort(([, a], [, b]) => b.length - a.length);
  const quotas = quotasOf(partitions.length, byLoad.length);
  byLoad.forEach(([, own], at) => {
    free.push(...own.splice(quotas[at] ?? 0));
  });
  free.sort();
  byLoad.forEach(([, own], at) => {
    own.push(...free.splice(0, (quotas[at] ?? 0) - own.length));
  });
  return Object.fromEntries(
    byLoad.flatMap(([name, own]) => own.map((partition) => [partition, name])),
  );
}

function quotasOf(partitions: number, members: number): number[] {
  const least = Math.floor(partitions / members);
  return Array.from({ length: members }, (_, at) => least + (at < partitions % members ? 1 : 0));
}
