/**
 * Deletions tell nobody whose they are. What can only be one's is that one's; of the rest it is asked whether
 * there is any way to give them all, and nothing else: a guess would accuse whom it is wrong about.
 */
import { Bounds } from './bounds.ts';
import { assign, type Contest, settle } from './deletion-assignment.ts';
import { type Deletion, describe, type Evidence } from './evidence.ts';
import type { Operation } from './history.ts';

/** Somebody who asked for a deletion, and between which transactions it can have been. */
export interface Candidate {
  readonly operation: Operation;
  /** It took effect for certain, and watches told of it; else it may have. */
  readonly isCertain: boolean;
  readonly after: bigint;
  /** Undefined: it may be at any later time. */
  readonly before: bigint | undefined;
}

/** How often what is known is used to know more. */
const ROUNDS_MAX = 8;

/** Matches deletions with those who asked for them; who certainly made which has its place from then on. */
export function matchDeletions(evidence: Evidence, operations: readonly Operation[]): void {
  const settled = new Set<Deletion>();
  let contests = contestsOf(evidence, operations, settled);
  // Every place that is known leaves less room for the others.
  for (let rounds = 0, found = 1; found > 0 && rounds < ROUNDS_MAX; rounds += 1) {
    found = 0;
    for (const contest of contests) {
      for (const [{ operation }, deletion] of settle(contest)) {
        evidence.places.set(operation.id, deletion.zxid);
        settled.add(deletion);
        found += 1;
      }
    }
    contests = contestsOf(evidence, operations, settled);
  }
  for (const contest of contests) judge(evidence, contest);
}

/** Whether everybody who deleted can have deleted something, and everything was deleted by somebody. */
function judge(evidence: Evidence, contest: Contest): void {
  const seats = assign(contest);
  const given = new Set(seats.values());
  for (const deletion of contest.deletions) {
    if (given.has(deletion)) continue;
    const { zxid, path } = deletion;
    evidence.violations.push(`${zxid} deleted ${path}, which nobody asked for`);
  }
  for (const candidate of contest.candidates) {
    const { operation, isCertain } = candidate;
    if (seats.has(candidate) || operation.outcome !== 'applied') continue;
    if (!isCertain) evidence.dark += 1;
    else {
      evidence.violations.push(`${describe(operation)} was acknowledged, and deleted nothing`);
    }
  }
}

/** Of each path what is not settled. */
function contestsOf(
  evidence: Evidence,
  operations: readonly Operation[],
  settled: ReadonlySet<Deletion>,
): readonly Contest[] {
  const contests = new Map<string, { deletions: Deletion[]; candidates: Candidate[] }>();
  const contestOf = (path: string) => {
    const contest = contests.get(path) ?? { deletions: [], candidates: [] };
    contests.set(path, contest);
    return contest;
  };
  for (const candidate of candidatesOf(evidence, operations)) {
    const { request } = candidate.operation;
    if ('path' in request) contestOf(request.path).candidates.push(candidate);
  }
  for (const deletion of evidence.deletions) {
    if (!settled.has(deletion)) contestOf(deletion.path).deletions.push(deletion);
  }
  return [...contests.values()];
}

/** Those without a place. Their sessions' writes before and behind, and what was answered before or asked behind, bound them. */
function candidatesOf(evidence: Evidence, operations: readonly Operation[]): Candidate[] {
  const { places, told, ends } = evidence;
  const bounds = new Bounds(operations, places, told);
  /** The next of its session that has a place. */
  const next = new Map<bigint, bigint>();
  const behind = new Map<Operation, bigint>();
  for (const operation of operations.toReversed()) {
    const { id, session } = operation;
    const place = places.get(id);
    if (place !== undefined) next.set(session, place);
    else if (isOne(operation)) {
      const least = earlier(next.get(session), ends.get(session));
      if (least !== undefined) behind.set(operation, least);
    }
  }
  const candidates: Candidate[] = [];
  /** The last of its session that has a place. */
  const latest = new Map<bigint, bigint>();
  for (const operation of operations) {
    const { id, session, invoked, returned, outcome } = operation;
    const place = places.get(id);
    if (place !== undefined) latest.set(session, place);
    else if (isOne(operation)) {
      const [answered, last] = [bounds.after(invoked), latest.get(session) ?? 0n];
      const after = answered > last ? answered : last;
      const before = earlier(bounds.before(returned), behind.get(operation));
      const isCertain = outcome === 'applied' && !evidence.isDark(after, before);
      candidates.push({ operation, isCertain, after, before });
    }
  }
  return candidates;
}

function isOne({ request: { kind }, outcome }: Operation): boolean {
  return (kind === 'delete' || kind === 'delete-all') && outcome !== 'not-applied';
}

function earlier(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
