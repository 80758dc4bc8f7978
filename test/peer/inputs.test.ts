/** What comes in is dealt with in its order, however much it is, and a turn takes its share of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inputs } from '../../lib/peer/inputs.ts';

const KIB = 1024;

/** Inputs of such sizes in KiB; their numbers come to the second list when they are done. */
function filled(sizes: readonly number[]): readonly [Inputs, number[]] {
  const inputs = new Inputs();
  const done: number[] = [];
  for (const [number, size] of sizes.entries()) inputs.push(() => done.push(number), size * KIB);
  return [inputs, done];
}

test('what is little is done in one turn', () => {
  const [inputs, done] = filled(new Array(100).fill(1));
  inputs.take();
  assert.equal(done.length, 100);
  assert.equal(inputs.isEmpty, true);
});

test('what is much is done in several turns, in its order', () => {
  const [inputs, done] = filled(new Array(100).fill(64));
  let turns = 0;
  for (; !inputs.isEmpty; turns += 1) inputs.take();
  assert.deepEqual(done, [...done.keys()]);
  assert.equal(done.length, 100);
  assert.equal(turns, 25);
});

test('what fills the memory is done at once', () => {
  const [inputs, done] = filled(new Array(17).fill(1024));
  inputs.take();
  assert.equal(done.length, 17);
});

test('what comes in while a turn is under way is for the next one', () => {
  const inputs = new Inputs();
  const done: string[] = [];
  inputs.push(() => {
    done.push('first');
    inputs.push(() => done.push('second'));
  });
  inputs.take();
  assert.deepEqual(done, ['first']);
  inputs.take();
  assert.deepEqual(done, ['first', 'second']);
});

test('after the end nothing is done', () => {
  const [inputs, done] = filled([1, 1, 1]);
  inputs.clear();
  inputs.take();
  assert.deepEqual(done, []);
});
