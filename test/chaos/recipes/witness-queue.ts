/** A queue: what was put is there until it is done, and it is done once. */
import type { Claim, Deed } from '../history.ts';
import { itemOf } from './recipe-places.ts';

/** What is known of one item. */
interface Item {
  isPut: boolean;
  /** Whoever put it was told that it is not there. */
  isRefused: boolean;
  /** Somebody may have acknowledged it, for all that is known. */
  mayBeDone: boolean;
  readonly done: number[];
}

/**
 * @param left the data of all items that are in the queue in the end, and of those that were put aside;
 * undefined: nobody told
 */
export function witnessQueue(
  deeds: readonly Deed[],
  claims: readonly Claim[],
  left: readonly string[] | undefined,
): string[] {
  const items = itemsOf(deeds);
  const violations: string[] = [];
  const still = new Set(left);
  if (left !== undefined && still.size < left.length) violations.push('an item is there twice');
  for (const id of still) {
    if (!items.has(id)) violations.push(`${id} is in the queue, and nobody put it`);
  }
  for (const [id, { isPut, isRefused, mayBeDone, done }] of items) {
    if (done.length > 1) violations.push(`${id} was acknowledged ${done.length} times`);
    if (done.length > 0 && still.has(id)) violations.push(`${id} was acknowledged, and is there`);
    if (isRefused && (done.length > 0 || still.has(id))) {
      violations.push(`${id} was told not to be put, and was`);
    }
    if (isPut && !mayBeDone && left !== undefined && !still.has(id)) {
      violations.push(`${id} was put, and is lost`);
    }
  }
  return [...violations, ...checkClaims(items, claims)];
}

function itemsOf(deeds: readonly Deed[]): ReadonlyMap<string, Item> {
  const items = new Map<string, Item>();
  const known = (id: string): Item => {
    const item = items.get(id) ?? { isPut: false, isRefused: false, mayBeDone: false, done: [] };
    items.set(id, item);
    return item;
  };
  /** Acknowledgements of which nothing was told. */
  const open = new Map<string, number>();
  for (const { deed, id, step, at } of deeds) {
    if (deed === 'put') {
      const item = known(id);
      if (step === 'done') item.isPut = true;
      if (step === 'not done') item.isRefused = true;
    } else if (deed === 'ack') {
      if (step === 'done') known(id).done.push(at);
      open.set(
        id,
        (open.get(id) ?? 0) + (step === 'asked' ? 1 : 0) - (step === 'not done' ? 1 : 0),
      );
    }
  }
  for (const [id, count] of open) if (count > 0) known(id).mayBeDone = true;
  return items;
}

/** Nobody has what is done. */
function checkClaims(items: ReadonlyMap<string, Item>, claims: readonly Claim[]): string[] {
  const byLock = new Map([...items].map(([id, { done }]) => [itemOf(id), done[0]]));
  return claims.flatMap(({ lock, holder, to }) => {
    const done = byLock.get(lock);
    return done !== undefined && to > done
      ? [`${holder} had ${lock} at ${to}, done at ${done}`]
      : [];
  });
}
