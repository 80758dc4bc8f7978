import type { Owner } from '../tree/request.ts';

/** Whether both are the same incarnation of the same store of the same peer. */
export function isSameOwner(a: Owner | undefined, b: Owner | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.peer === b.peer && a.store === b.store && a.boot === b.boot;
}
