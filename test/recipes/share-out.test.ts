import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkShares } from '../../lib/recipes/assignment.ts';
import { type Shares, shareOut } from '../../lib/recipes/index.ts';

const names = (prefix: string, maxLength: number) =>
  fc
    .uniqueArray(fc.nat({ max: 40 }), { maxLength })
    .map((numbers) => numbers.map((number) => `${prefix}${number}`));
const current = fc.dictionary(
  fc.nat({ max: 40 }).map((number) => `p${number}`),
  fc.nat({ max: 12 }).map((number) => `m${number}`),
);
const members = names('m', 9).filter(({ length }) => length > 0);

/** How many each has. */
function loads(shares: Shares, all: readonly string[]): number[] {
  const owners = Object.values(shares);
  return all.map((member) => owners.filter((owner) => owner === member).length);
}

test('every partition has one owner who is there, and nobody has two more than another', () => {
  const property = fc.property(names('p', 40), members, current, (partitions, all, before) => {
    const shares = shareOut(partitions, all, before);
    assert.deepEqual(Object.keys(shares).sort(), [...partitions].sort());
    const counts = loads(shares, all);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      partitions.length,
    );
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
  });
  fc.assert(property);
});

test('as few move as can: those whose owner has gone, and what somebody has too much of', () => {
  const property = fc.property(names('p', 40), members, current, (partitions, all, before) => {
    const shares = shareOut(partitions, all, before);
    const present = partitions.filter((partition) => all.includes(before[partition] ?? ''));
    const stayed = present.filter((partition) => shares[partition] === before[partition]);
    // The best that is even: the fullest keep one more than the others.
    const had = all
      .map((member) => present.filter((partition) => before[partition] === member).length)
      .sort((a, b) => b - a);
    const least = Math.floor(partitions.length / all.length);
    const most = partitions.length % all.length;
    const best = had.map((count, at) => Math.min(count, least + (at < most ? 1 : 0)));
    assert.equal(
      stayed.length,
      best.reduce((sum, count) => sum + count, 0),
    );
  });
  fc.assert(property);
});

test('what is shared out already stays, and the order of what is given does not matter', () => {
  const property = fc.property(names('p', 40), members, current, (partitions, all, before) => {
    const shares = shareOut(partitions, all, before);
    assert.deepEqual(shareOut(partitions, all, shares), shares);
    const reversed = shareOut([...partitions].reverse(), [...all].reverse(), before);
    assert.deepEqual(reversed, shares);
  });
  fc.assert(property);
});

test('an asynchronous strategy is refused: a promise gives nothing to anybody', () => {
  assert.throws(() => checkShares(Promise.resolve({ a: 'one' }), ['a'], ['one']), TypeError);
});
