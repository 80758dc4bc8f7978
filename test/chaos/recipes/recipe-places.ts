/** What is contended for in a run of the recipes, and how much of it there is. */
import { ROOT } from '../places.ts';

/** More than ever read at once: who writes takes them all. */
const READERS = 1_000;

/** What all processes contend for: how much of it may be held at once. */
export const ROOM: Readonly<Record<Contested, number>> = {
  mutex: 1,
  leader: 1,
  'read-write': READERS,
  semaphore: 3,
};

/** The things that are contended for. */
export type Contested = 'mutex' | 'leader' | 'read-write' | 'semaphore';

/** All of them. */
export const CONTESTED: readonly Contested[] = ['mutex', 'leader', 'read-write', 'semaphore'];

/** The node of a recipe. */
export function placeOf(contested: Contested): string {
  return `${ROOT}/${contested}`;
}

/** Where holders write, guarded by their grant. */
export function logOf(contested: Contested): string {
  return `${ROOT}/log/${contested}`;
}
