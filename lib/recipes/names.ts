/** How the nodes of those who stand in line are called: as Curator writes them; kazoo's are read too. */
import { randomUUID } from 'node:crypto';

/** What a node asks for, or says: that somebody has arrived, or takes part, or takes items. */
export type Kind =
  | 'lock'
  | 'read'
  | 'write'
  | 'lease'
  | 'latch'
  | 'run'
  | 'arrival'
  | 'member'
  | 'taker';

/** What stands between the unique id and the ten digits. Members have their order from nothing but their ids. */
const LABELS: Readonly<Record<Exclude<Kind, 'member'>, string>> = {
  lock: '-lock-',
  read: '-__READ__',
  write: '-__WRIT__',
  lease: '-lease-',
  latch: '-latch-',
  run: '-run-',
  arrival: '-arrival-',
  taker: '-taker-',
};

/** Curator's names with or without its protection, and kazoo's. */
const CONTENDER =
  /(?:(?:^|-)(?:lock|lease|latch)-|__(?<label>lock|rlock|READ|WRIT)__)(?<digits>\d{10})$/;

const MEMBER = /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/;

const DIGITS = 10;

/** One node in a line, as its name tells. */
export interface Place {
  readonly name: string;
  /** Rises in the order of arrival, while the parent lives. */
  readonly sequence: number;
  /** Shares with others of its kind: a reader. */
  readonly isShared: boolean;
}

/** An id that is in no other name, whatever becomes of the counters. */
export function uniqueId(): string {
  return randomUUID();
}

/** The name under which a node is created; ten digits follow where it is sequential. */
export function newNameOf(id: string, kind: Kind): { name: string; sequential: boolean } {
  if (kind === 'member') return { name: id, sequential: false };
  return { name: `_c_${id}${LABELS[kind]}`, sequential: true };
}

/** Whose node it is: Curator's protection, or kazoo's prefix; else the name itself. */
export function idOf(name: string): string {
  const [, curator, kazoo] = /^(?:_c_([\da-f-]{36})-|([\da-f]{32})__)/.exec(name) ?? [];
  return curator ?? kazoo ?? name;
}

/** Whether it is called as who takes part in a double barrier: Curator's ids have hyphens, kazoo's have none. */
export function isMember(name: string): boolean {
  return MEMBER.test(name);
}

/** What a name says; undefined: it is none of those who stand in line. */
export function placeOf(name: string): Place | undefined {
  const groups = CONTENDER.exec(name)?.groups;
  if (groups === undefined) return undefined;
  const { label, digits } = groups;
  return {
    name,
    sequence: Number(digits),
    isShared: label === 'READ' || label === 'rlock',
  };
}

/** Those who stand in line, first come first. */
export function lineOf(names: readonly string[]): Place[] {
  const places = names.map(placeOf).filter((place) => place !== undefined);
  return places.sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

function isBefore(a: Place, b: Place): boolean {
  return a.sequence < b.sequence || (a.sequence === b.sequence && a.name < b.name);
}

/** As the numbers that they end with compare; of names that end with none it says nothing. */
function compareDigits(one: string, other: string): number {
  for (let back = DIGITS; back > 0; back -= 1) {
    const difference = one.charCodeAt(one.length - back) - other.charCodeAt(other.length - back);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The last of those that `aheadOf` tells, whatever the order of the names. A thousand may wait and look when
 * they are woken: few of the names are taken apart.
 */
export function lastAhead(names: readonly string[], own: Place): Place | undefined {
  let last: Place | undefined;
  for (const name of names) {
    if (compareDigits(name, own.name) > 0) continue;
    if (last !== undefined && compareDigits(name, last.name) < 0) continue;
    const place = placeOf(name);
    if (place === undefined || !isBefore(place, own) || (place.isShared && own.isShared)) continue;
    if (last === undefined || isBefore(last, place)) last = place;
  }
  return last;
}

/** Those before `own` that it has to wait for: readers pass readers. */
export function aheadOf(line: readonly Place[], own: Place): Place[] {
  const before = line.slice(0, line.indexOf(own));
  return before.filter(({ isShared }) => !(isShared && own.isShared));
}
