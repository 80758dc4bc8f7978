import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/base/errors.ts';
import {
  exponentialBackoff,
  type RetryPolicy,
  retry,
  times,
  untilElapsed,
} from '../../lib/index.ts';
import { failsWith } from './solo.ts';

/** Fails so often, then gives how often it was called. */
function flaky(failures: number, error: unknown): () => Promise<number> {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= failures) throw error;
    return calls;
  };
}

const passing = QuorateError.make('TIMED_OUT', 'x', { outcome: 'not-applied' });
const soon: RetryPolicy = () => 0;

test('what was not applied is done again until it succeeds or the policy gives up', async () => {
  assert.equal(await retry(times(3, 0), flaky(3, passing)), 4);
  await assert.rejects(retry(times(2, 0), flaky(3, passing)), passing);
  const asked: number[] = [];
  const policy: RetryPolicy = (attempt, elapsed) => {
    assert.ok(elapsed >= 0);
    asked.push(attempt);
    return 0;
  };
  await retry(policy, flaky(3, passing));
  assert.deepEqual(asked, [1, 2, 3]);
});

test('what may have been applied, or will fail again, is not repeated', async () => {
  const never: unknown[] = [
    QuorateError.make('TIMED_OUT', 'x', { outcome: 'unknown' }),
    QuorateError.make('NO_NODE'),
    QuorateError.make('BAD_VERSION'),
    QuorateError.make('CLOSED', 'x', { outcome: 'not-applied' }),
    new TypeError('x'),
  ];
  for (const error of never) {
    await assert.rejects(retry(soon, flaky(1, error)), (thrown) => thrown === error);
  }
});

test('a signal ends the wait between two attempts, and nothing begins after it', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = retry(() => 60_000, flaky(1, passing), { signal });
  const ends = assert.rejects(waiting, failsWith('ABORTED', { outcome: 'not-applied' }));
  setTimeout(() => controller.abort(), 1);
  await ends;
  const work = () => assert.fail('it was given up before');
  await assert.rejects(retry(soon, work, { signal }), failsWith('ABORTED'));
});

test('the policies wait as they say', () => {
  assert.deepEqual(
    [1, 2, 3].map((attempt) => times(2, 7)(attempt, 0)),
    [7, 7, undefined],
  );
  const timed = untilElapsed(100, 7);
  assert.deepEqual([timed(9, 99), timed(1, 100)], [7, undefined]);
  const growing = exponentialBackoff({ base: 100, max: 300, times: 5 });
  for (const [attempt, most] of [
    [1, 100],
    [2, 200],
    [3, 300],
    [5, 300],
  ] as const) {
    const waits = Array.from({ length: 200 }, () => growing(attempt, 0) ?? Number.NaN);
    assert.ok(
      waits.every((wait) => wait >= 0 && wait <= most),
      `attempt ${attempt}`,
    );
    assert.ok(Math.max(...waits) > most / 2 && Math.min(...waits) < most / 2, 'at random');
  }
  assert.equal(growing(6, 0), undefined);
});

test('misuse is a TypeError or RangeError', async () => {
  assert.throws(() => times(-1, 0), RangeError);
  assert.throws(() => times(1, Number.NaN), RangeError);
  assert.throws(() => exponentialBackoff({ bse: 1 } as never), TypeError);
  assert.throws(() => untilElapsed('1' as never, 1), TypeError);
  await assert.rejects(
    retry(() => -1, flaky(1, passing)),
    RangeError,
  );
  await assert.rejects(retry(soon, flaky(0, 0), { timeout: 1 } as never), TypeError);
});
