import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Repeats } from '../../lib/peer/repeats.ts';

test('a cause is news once, however often it shows itself, and again when it had gone', () => {
  const repeats = new Repeats();
  const seen = (cause: string, ...times: number[]): boolean[] =>
    times.map((time) => repeats.isNews(cause, time));
  const everySecond = Array.from({ length: 300 }, (_, at) => 1_000 * at);
  assert.deepEqual(seen('peer 3 is not of the group', ...everySecond).filter(Boolean), [true]);
  assert.deepEqual(seen('peer 2 is not of the group', 299_000, 299_500), [true, false]);
  assert.deepEqual(seen('peer 3 is not of the group', 358_000, 418_000), [false, true]);
});

test('of causes without end only the latest are remembered', () => {
  const repeats = new Repeats();
  for (let at = 0; at < 5_000; at += 1) assert.ok(repeats.isNews(`peer ${at}`, at));
  assert.equal(repeats.isNews('peer 4999', 5_000), false);
  assert.equal(repeats.isNews('peer 0', 5_000), true);
});
