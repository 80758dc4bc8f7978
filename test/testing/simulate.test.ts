import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PREDICATES, simulate } from '../../lib/testing/index.ts';

test('a seed is a run: it can be traced, and its hash does not depend on who listens', () => {
  const lines: string[] = [];
  const options = { size: 3, duration: 3_000 };
  const first = simulate(5, options);
  const second = simulate(5, { ...options, trace: (line) => lines.push(line) });
  assert.equal(first.violation, undefined);
  assert.equal(second.traceHash, first.traceHash);
  assert.ok(first.simulated >= 3_000);
  assert.ok((first.counts.get('established') ?? 0) > 0);
  assert.ok(lines.some((line) => line.includes('established')));
  assert.notEqual(simulate(6, options).traceHash, first.traceHash);
});

test('the broadcast alone can be simulated, too', () => {
  const { violation, counts } = simulate(5, { machine: 'zab', duration: 3_000 });
  assert.equal(violation, undefined);
  assert.equal(counts.get('sessions opened'), undefined);
});

test('numbers out of their range are refused', () => {
  assert.throws(() => simulate(-1), RangeError);
  assert.throws(() => simulate(1.5), RangeError);
  assert.throws(() => simulate(1, { size: 0 }), RangeError);
  assert.throws(() => simulate(1, { duration: 0 }), RangeError);
});

test('the predicates have names in their order, S1 to S48 but those of the recipes', () => {
  const names = Array.from({ length: 37 }, (_, at) => `S${at + 1}`).filter(
    (name) => name !== 'S33',
  );
  assert.deepEqual([...PREDICATES.keys()], [...names, 'S48']);
});
