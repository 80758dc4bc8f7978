/** Deletions tell nobody whose they are: each is given to somebody who asked for it at that time. */
import { Bounds } from './bounds.ts';
import { type Deletion, describe, type Evidence } from './evidence.ts';
import type { Operation } from './history.ts';

interface Candidate {
  readonly operation: Operation;
  readonly after: bigint;
  readonly before: bigint | undefined;
}

/** The one whose time ends first takes what comes first: if there is any way to give them all, this is one. */
export function matchDeletions(evidence: Evidence, operations: readonly Operation[]): void {
  const bounds = new Bounds(operations, evidence.places);
  const candidates = new Map<string, Candidate[]>();
  for (const operation of operations) {
    const { request, outcome, invoked, returned } = operation;
    if (request.kind !== 'delete' && request.kind !== 'delete-all') continue;
    if (outcome === 'not-applied') continue;
    const list = candidates.get(request.path) ?? [];
    list.push({ operation, after: bounds.after(invoked), before: bounds.before(returned) });
    candidates.set(request.path, list);
  }
  for (const deletion of evidence.deletions) {
    const list = candidates.get(deletion.path) ?? [];
    const fitting = list.filter((candidate) => fits(candidate, deletion));
    const [first] = fitting.sort(byEnd);
    if (first === undefined) {
      evidence.violations.push(`${deletion.zxid} deleted ${deletion.path}, which nobody asked for`);
      continue;
    }
    list.splice(list.indexOf(first), 1);
    evidence.places.set(first.operation.id, deletion.zxid);
  }
  for (const { operation, after, before } of [...candidates.values()].flat()) {
    if (operation.outcome !== 'applied') continue;
    if (evidence.isDark(after, before)) evidence.dark += 1;
    else evidence.violations.push(`${describe(operation)} was acknowledged, and deleted nothing`);
  }
}

function fits({ operation, after, before }: Candidate, deletion: Deletion): boolean {
  if (deletion.zxid <= after || (before !== undefined && deletion.zxid >= before)) return false;
  const { request } = operation;
  if (request.kind === 'delete-all') return true;
  if (request.kind !== 'delete' || !deletion.single) return false;
  return request.version === undefined || request.version === deletion.version;
}

function byEnd(a: Candidate, b: Candidate): number {
  // Who was certainly applied comes before who may have been.
  if (a.operation.outcome !== b.operation.outcome)
    return a.operation.outcome === 'applied' ? -1 : 1;
  if (a.before === b.before) return 0;
  if (a.before === undefined) return 1;
  return b.before === undefined || a.before < b.before ? -1 : 1;
}
