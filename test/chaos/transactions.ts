/** The sequence of all transactions, put together from what every watch told of it. */
import type { Feed, Told } from './history.ts';

/** A step of the sequence: a transaction, or the whole tree as somebody was told it. */
export type Step =
  | { readonly type: 'transaction'; readonly told: Told }
  /** `after`: of what came between it and this tree nobody told; undefined: all that came before was told. */
  | {
      readonly type: 'snapshot';
      readonly peer: number;
      readonly told: Told;
      readonly after?: bigint;
    };

/** Zxids of which nobody told, first and last. */
export interface Hole {
  readonly after: bigint;
  readonly until: bigint;
}

/** Everything that is known of the sequence. */
export interface Sequence {
  readonly steps: readonly Step[];
  readonly holes: readonly Hole[];
  readonly violations: readonly string[];
}

function text(told: Told): string {
  return JSON.stringify(told.changes, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Puts the feeds together; where they contradict each other is a violation. */
export function sequenceOf(feeds: readonly Feed[]): Sequence {
  const violations: string[] = [];
  const known = new Map<bigint, Told>();
  for (const { peer, transactions } of feeds) {
    for (const told of transactions) {
      const before = known.get(told.zxid);
      if (before === undefined) known.set(told.zxid, told);
      else if (before !== told && text(before) !== text(told)) {
        const both = `peer ${peer} tells ${text(told)}, another ${text(before)}`;
        violations.push(`transaction ${told.zxid}: ${both}`);
      }
    }
  }
  const zxids = [...known.keys()].sort(compare);
  const places = new Map(zxids.map((zxid, at) => [zxid, at]));
  for (const feed of feeds) violations.push(...gapsOf(feed, zxids, places));
  const holes: Hole[] = [];
  const steps: Step[] = [];
  const starts = [...feeds].sort((a, b) => compare(a.snapshot.zxid, b.snapshot.zxid));
  let covered: bigint | undefined;
  let next = 0;
  const transactionsTo = (zxid: bigint): void => {
    for (let at = zxids[next]; at !== undefined && at <= zxid; next += 1, at = zxids[next]) {
      const told = known.get(at);
      if (told !== undefined) steps.push({ type: 'transaction', told });
    }
  };
  for (const { peer, snapshot, transactions } of starts) {
    transactionsTo(snapshot.zxid);
    const isHole = covered === undefined || covered < snapshot.zxid;
    if (isHole && covered !== undefined) holes.push({ after: covered, until: snapshot.zxid });
    const after = isHole ? { after: covered ?? 0n } : {};
    steps.push({ type: 'snapshot', peer, told: snapshot, ...after });
    const end = transactions.at(-1)?.zxid ?? snapshot.zxid;
    if (covered === undefined || end > covered) covered = end;
  }
  transactionsTo(zxids.at(-1) ?? 0n);
  return { steps, holes, violations };
}

/** A watch tells every transaction, in order, once. */
function gapsOf(
  { peer, snapshot, transactions }: Feed,
  zxids: readonly bigint[],
  places: ReadonlyMap<bigint, number>,
): string[] {
  const found: string[] = [];
  const [first] = transactions;
  if (first === undefined) return found;
  if (first.zxid <= snapshot.zxid) found.push(`peer ${peer} was told ${first.zxid} twice`);
  let place = zxids.findIndex((zxid) => zxid > snapshot.zxid);
  for (const { zxid } of transactions) {
    const at = places.get(zxid) ?? -1;
    if (at < place) found.push(`a watch of peer ${peer} went back to ${zxid}`);
    else if (at > place) found.push(`a watch of peer ${peer} was not told of ${zxids[place]}`);
    place = at + 1;
  }
  return found;
}
