/** Who of those that asked for deletions of one path made which. */
import type { Deletion } from './evidence.ts';
import { isKept } from './places.ts';
import { parentOf } from './tree-model.ts';
import type { Candidate } from './witness-deletions.ts';

/** What happened to one path, and who asked for it. */
export interface Contest {
  readonly deletions: readonly Deletion[];
  readonly candidates: readonly Candidate[];
}

/** Everyone who certainly deleted gets a deletion, and every deletion somebody, if both can be. */
export function assign({ deletions, candidates }: Contest): ReadonlyMap<Candidate, Deletion> {
  const assignment = new Assignment(deletions, candidates);
  // A way that makes room for one more never takes anybody's seat without giving another.
  for (const candidate of candidates) {
    if (candidate.isCertain) assignment.seat(candidate, new Set());
  }
  for (const deletion of deletions) assignment.give(deletion, new Set());
  return assignment.seats;
}

/** What cannot be otherwise: the only deletion that somebody can have made, and the only one who can have made it. */
export function settle({ deletions, candidates }: Contest): ReadonlyMap<Candidate, Deletion> {
  const settled = new Map<Candidate, Deletion>();
  const wanted = new Map(candidates.map((one) => [one, new Set(fitting(one, deletions))]));
  const takers = new Map(deletions.map((one) => [one, new Set<Candidate>()]));
  for (const [candidate, some] of wanted) {
    for (const deletion of some) takers.get(deletion)?.add(candidate);
  }
  const due: (readonly [Candidate, Deletion])[] = [];
  const look = (candidate: Candidate): void => {
    const [only, ...others] = wanted.get(candidate) ?? [];
    if (candidate.isCertain && only !== undefined && others.length === 0) {
      due.push([candidate, only]);
    }
  };
  const ask = (deletion: Deletion): void => {
    const [only, ...others] = takers.get(deletion) ?? [];
    if (only !== undefined && others.length === 0) due.push([only, deletion]);
  };
  candidates.forEach(look);
  deletions.forEach(ask);
  for (let one = due.pop(); one !== undefined; one = due.pop()) {
    const [candidate, deletion] = one;
    const [others, rest] = [takers.get(deletion), wanted.get(candidate)];
    // Either is somebody else's already: that all of them cannot be had is for the assignment to say.
    if (others === undefined || rest === undefined) continue;
    settled.set(candidate, deletion);
    takers.delete(deletion);
    wanted.delete(candidate);
    for (const other of others) if (wanted.get(other)?.delete(deletion)) look(other);
    for (const other of rest) if (takers.get(other)?.delete(candidate)) ask(other);
  }
  return settled;
}

class Assignment {
  readonly seats = new Map<Candidate, Deletion>();
  readonly #takers = new Map<Deletion, Candidate>();
  readonly #candidates: readonly Candidate[];
  readonly #fitting: ReadonlyMap<Candidate, readonly Deletion[]>;

  constructor(deletions: readonly Deletion[], candidates: readonly Candidate[]) {
    this.#candidates = candidates;
    this.#fitting = new Map(candidates.map((one) => [one, fitting(one, deletions)]));
  }

  /** Finds a deletion for somebody; who has it now finds another one. */
  seat(candidate: Candidate, tried: Set<Deletion>): boolean {
    for (const deletion of this.#fitting.get(candidate) ?? []) {
      if (tried.has(deletion)) continue;
      tried.add(deletion);
      const taker = this.#takers.get(deletion);
      if (taker === undefined || this.seat(taker, tried)) return this.#take(candidate, deletion);
    }
    return false;
  }

  /** Finds somebody for a deletion; what they have now finds somebody else. */
  give(deletion: Deletion, tried: Set<Candidate>): boolean {
    if (this.#takers.has(deletion) && tried.size === 0) return true;
    for (const candidate of this.#candidates) {
      if (tried.has(candidate) || !fits(candidate, deletion)) continue;
      tried.add(candidate);
      const seat = this.seats.get(candidate);
      if (seat === undefined || this.give(seat, tried)) return this.#take(candidate, deletion);
    }
    return false;
  }

  #take(candidate: Candidate, deletion: Deletion): true {
    this.seats.set(candidate, deletion);
    this.#takers.set(deletion, candidate);
    return true;
  }
}

function fitting(candidate: Candidate, deletions: readonly Deletion[]): Deletion[] {
  return deletions.filter((deletion) => fits(candidate, deletion));
}

function fits({ operation, after, before }: Candidate, deletion: Deletion): boolean {
  if (deletion.zxid <= after || (before !== undefined && deletion.zxid >= before)) return false;
  const { request, isKeeper } = operation;
  if (isKept(parentOf(deletion.path)) && !isKeeper) return false;
  if (request.kind === 'delete-all') return true;
  if (request.kind !== 'delete' || !deletion.single) return false;
  return request.version === undefined || request.version === deletion.version;
}
