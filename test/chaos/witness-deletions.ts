/** Deletions tell nobody whose they are: each is given to somebody who asked for it at that time, if there is any way to give them all. */
import { Bounds } from './bounds.ts';
import { assign } from './deletion-assignment.ts';
import { type Deletion, describe, type Evidence } from './evidence.ts';
import type { Operation } from './history.ts';

/** Somebody who asked for a deletion. The window only ever narrows. */
export interface Candidate {
  readonly operation: Operation;
  /** It took effect for certain; else it may have. */
  readonly isCertain: boolean;
  after: bigint;
  /** Undefined: it may be at any later time. */
  before: bigint | undefined;
}

/** What happened to one path, and who asked for it. */
interface Contest {
  readonly deletions: Deletion[];
  readonly candidates: Candidate[];
  seats: ReadonlyMap<Candidate, Deletion>;
}

/** How often what contradicts the order within a session is given out anew. */
const REPAIRS_MAX = 100;

export function matchDeletions(evidence: Evidence, operations: readonly Operation[]): void {
  const contests = contestsOf(evidence, operations);
  for (const contest of contests.values()) contest.seats = assign(contest);
  for (let repairs = 0; repairs < REPAIRS_MAX && repair(contests); repairs += 1);
  for (const { deletions, candidates, seats } of contests.values()) {
    const given = new Set(seats.values());
    for (const deletion of deletions) {
      if (given.has(deletion)) continue;
      const { zxid, path } = deletion;
      evidence.violations.push(`${zxid} deleted ${path}, which nobody asked for`);
    }
    for (const candidate of candidates) {
      const deletion = seats.get(candidate);
      if (deletion !== undefined) evidence.places.set(candidate.operation.id, deletion.zxid);
      else if (candidate.isCertain) tellMissing(evidence, candidate);
    }
  }
}

function tellMissing(evidence: Evidence, { operation, after, before }: Candidate): void {
  if (evidence.isDark(after, before)) evidence.dark += 1;
  else evidence.violations.push(`${describe(operation)} was acknowledged, and deleted nothing`);
}

function contestsOf(
  evidence: Evidence,
  operations: readonly Operation[],
): ReadonlyMap<string, Contest> {
  const contests = new Map<string, Contest>();
  const contestOf = (path: string): Contest => {
    const contest = contests.get(path) ?? { deletions: [], candidates: [], seats: new Map() };
    contests.set(path, contest);
    return contest;
  };
  for (const candidate of candidatesOf(evidence, operations)) {
    const { request } = candidate.operation;
    if ('path' in request) contestOf(request.path).candidates.push(candidate);
  }
  for (const deletion of evidence.deletions) contestOf(deletion.path).deletions.push(deletion);
  return contests;
}

/** In the order in which their sessions asked. */
function candidatesOf(
  { places, told, ends }: Evidence,
  operations: readonly Operation[],
): Candidate[] {
  const bounds = new Bounds(operations, places, told);
  const candidates: Candidate[] = [];
  /** The last of its session that has a place. */
  const latest = new Map<bigint, bigint>();
  for (const operation of operations) {
    const { id, session, request, outcome, invoked, returned } = operation;
    const place = places.get(id);
    if (place !== undefined) latest.set(session, place);
    const { kind } = request;
    if ((kind !== 'delete' && kind !== 'delete-all') || outcome === 'not-applied') continue;
    const [answered, earlier] = [bounds.after(invoked), latest.get(session) ?? 0n];
    const after = answered > earlier ? answered : earlier;
    const isCertain = outcome === 'applied';
    const candidate = { operation, isCertain, after, before: bounds.before(returned) };
    narrow(candidate, ends.get(session));
    candidates.push(candidate);
  }
  /** The next of its session that has a place. */
  const next = new Map<bigint, bigint>();
  const byId = new Map(candidates.map((candidate) => [candidate.operation, candidate]));
  for (const operation of operations.toReversed()) {
    const place = places.get(operation.id);
    if (place !== undefined) next.set(operation.session, place);
    const candidate = byId.get(operation);
    if (candidate !== undefined) narrow(candidate, next.get(operation.session));
  }
  return candidates;
}

function narrow(candidate: Candidate, before: bigint | undefined): void {
  if (before === undefined) return;
  if (candidate.before === undefined || before < candidate.before) candidate.before = before;
}

/** Who was given which deletion. */
interface Seated {
  readonly contest: Contest;
  readonly candidate: Candidate;
  readonly zxid: bigint;
}

/** Two deletions of one session that were given out against its order: the earlier one is to be before the later. */
function repair(contests: ReadonlyMap<string, Contest>): boolean {
  const seated: Seated[] = [...contests.values()].flatMap((contest) => {
    return contest.candidates.flatMap((candidate) => {
      const deletion = contest.seats.get(candidate);
      return deletion === undefined ? [] : [{ contest, candidate, zxid: deletion.zxid }];
    });
  });
  seated.sort((a, b) => a.candidate.operation.invoked - b.candidate.operation.invoked);
  const latest = new Map<bigint, Seated>();
  for (const one of seated) {
    const { session } = one.candidate.operation;
    const before = latest.get(session);
    if (before !== undefined && before.zxid >= one.zxid) {
      // Of one path they change places; else only the earlier one moves.
      narrow(before.candidate, before.contest === one.contest ? before.zxid : one.zxid);
      before.contest.seats = assign(before.contest);
      return true;
    }
    latest.set(session, one);
  }
  return repairTime(seated);
}

/** The same for two of which one was asked for after the other had been answered. */
function repairTime(seated: Seated[]): boolean {
  seated.sort((a, b) => (a.zxid < b.zxid ? 1 : -1));
  let earliest: Seated | undefined;
  for (const one of seated) {
    const { invoked, returned } = one.candidate.operation;
    if (earliest !== undefined && earliest.candidate.operation.returned < invoked) {
      narrow(earliest.candidate, one.zxid);
      earliest.contest.seats = assign(earliest.contest);
      return true;
    }
    if (earliest === undefined || returned < earliest.candidate.operation.returned) earliest = one;
  }
  return false;
}
