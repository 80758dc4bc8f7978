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
  left: 1,
  right: 1,
  schedule: 1,
  rounds: READERS,
};

/** The things that are contended for. */
export type Contested =
  | 'mutex'
  | 'leader'
  | 'read-write'
  | 'semaphore'
  /** Two that some want together. */
  | 'left'
  | 'right'
  /** Whose runs are grants. */
  | 'schedule'
  /** In which many are together. */
  | 'rounds';

/** What is shared out among all processes; each has one owner, as a lock has. */
export const PARTITIONS: readonly string[] = Array.from(
  { length: 8 },
  (_, at) => `partition-${at}`,
);

/** Whose holders write to a node of their own and to the resource. */
export const WRITTEN: readonly string[] = [
  ...['mutex', 'leader', 'read-write', 'left', 'right', 'schedule'],
  ...PARTITIONS,
];

/** How much may be held at once: of a partition, and of an item of the queue, one. */
export function roomOf(contested: string): number {
  const room: Readonly<Record<string, number>> = ROOM;
  return room[contested] ?? 1;
}

/** Recipes that grant nothing, and what shares the partitions out. */
export type Place = Contested | 'partitions' | 'queue' | 'counter' | 'barrier' | 'ids' | 'registry';

/** The node of a recipe. */
export function placeOf(place: Place): string {
  return `${ROOT}/${place}`;
}

/** Where holders write, guarded by their grant. */
export function logOf(contested: string): string {
  return `${ROOT}/log/${contested}`;
}

/** As claims call an item of the queue. */
export function itemOf(id: string): string {
  return `item ${id}`;
}

/** How many have to arrive at the barrier. */
export const ARRIVALS = 3;

/** How many it takes to begin a round of the double barrier. */
export const PARTNERS = 2;

/** The name of the service whose instances come and go. */
export const SERVICE = 'orders';
