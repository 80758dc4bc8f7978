import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPlacement } from '../../lib/peer/check-placement.ts';

test('three rooms without a majority in any: each may fail whole', () => {
  assert.deepEqual(checkPlacement({ a: 7, b: 3, c: 5 }), {
    quorumSize: 8,
    faultTolerance: 7,
    rooms: { a: true, b: true, c: true },
  });
});

test('two rooms: the larger one may not fail', () => {
  assert.deepEqual(checkPlacement({ a: 2, b: 1 }), {
    quorumSize: 2,
    faultTolerance: 1,
    rooms: { a: false, b: true },
  });
});

test('an even number bears no more than the odd one below it, and two halves bear nothing', () => {
  assert.deepEqual(checkPlacement({ a: 2, b: 2 }), {
    quorumSize: 3,
    faultTolerance: 1,
    rooms: { a: false, b: false },
  });
});

test('an empty room may fail, and a single voter may not', () => {
  assert.deepEqual(checkPlacement({ a: 1, b: 0 }), {
    quorumSize: 1,
    faultTolerance: 0,
    rooms: { a: false, b: true },
  });
});

test('what is no count is refused', () => {
  assert.throws(() => checkPlacement({}), /no voter/);
  assert.throws(() => checkPlacement({ a: 1.5 }), { name: 'RangeError', message: /'a'/ });
  assert.throws(() => checkPlacement({ a: -1 }), RangeError);
  for (const wrong of [[3], { a: '3' }, null] as unknown[]) {
    assert.throws(() => checkPlacement(wrong as Record<string, number>), TypeError);
  }
});
