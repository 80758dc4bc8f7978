/** Who of those that asked for deletions of one path made which: a matching in which nobody is left out that need not be. */
import type { Deletion } from './evidence.ts';
import { isKept } from './places.ts';
import { parentOf } from './tree-model.ts';
import type { Candidate } from './witness-deletions.ts';

interface Contest {
  readonly deletions: readonly Deletion[];
  readonly candidates: readonly Candidate[];
}

/** Everyone who certainly deleted gets a deletion, and every deletion somebody, if both can be. */
export function assign({ deletions, candidates }: Contest): ReadonlyMap<Candidate, Deletion> {
  const assignment = new Assignment(deletions, candidates);
  // A way that makes room for one more never takes anybody's seat without giving another.
  for (const candidate of [...candidates].sort(byEnd)) {
    if (candidate.isCertain) assignment.seat(candidate, new Set());
  }
  for (const deletion of deletions) assignment.give(deletion, new Set());
  return assignment.seats;
}

class Assignment {
  readonly seats = new Map<Candidate, Deletion>();
  readonly #takers = new Map<Deletion, Candidate>();
  readonly #candidates: readonly Candidate[];
  readonly #fitting: ReadonlyMap<Candidate, readonly Deletion[]>;

  constructor(deletions: readonly Deletion[], candidates: readonly Candidate[]) {
    this.#candidates = candidates;
    const fitting = (candidate: Candidate): readonly Deletion[] =>
      deletions.filter((deletion) => fits(candidate, deletion));
    this.#fitting = new Map(candidates.map((candidate) => [candidate, fitting(candidate)]));
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

function fits({ operation, after, before }: Candidate, deletion: Deletion): boolean {
  if (deletion.zxid <= after || (before !== undefined && deletion.zxid >= before)) return false;
  const { request, isKeeper } = operation;
  if (isKept(parentOf(deletion.path)) && !isKeeper) return false;
  if (request.kind === 'delete-all') return true;
  if (request.kind !== 'delete' || !deletion.single) return false;
  return request.version === undefined || request.version === deletion.version;
}

/** Whose time ends first comes first. */
function byEnd(a: Candidate, b: Candidate): number {
  if (a.before === b.before) return 0;
  if (a.before === undefined) return 1;
  return b.before === undefined || a.before < b.before ? -1 : 1;
}
