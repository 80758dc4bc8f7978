import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFault, FAULT_KINDS, planFaults } from './plan.ts';

test('a seed is a plan, and another seed another one', () => {
  assert.deepEqual(planFaults(7, 3, 60_000), planFaults(7, 3, 60_000));
  assert.notDeepEqual(planFaults(7, 3, 60_000), planFaults(8, 3, 60_000));
});

test('every kind of fault strikes once before any strikes again, in time', () => {
  for (const duration of [20_000, 180_000, 1_200_000]) {
    const faults = planFaults(3, 5, duration);
    const first = faults.slice(0, FAULT_KINDS.length).map(({ kind }) => kind);
    assert.deepEqual([...first].sort(), [...FAULT_KINDS].sort());
    assert.ok(faults.every(({ at }) => at < duration));
    assert.ok(faults.every(({ victim }) => victim === 'leader' || (victim >= 1 && victim <= 5)));
    assert.ok(faults.every((fault) => describeFault(fault).length > 0));
  }
});

test('long runs freeze for longer than any session lives, up to a minute', () => {
  const freezes = planFaults(5, 3, 7_200_000).filter(({ kind }) => kind === 'freeze');
  assert.ok(freezes.some(({ duration }) => duration > 20_000));
  assert.ok(freezes.every(({ duration }) => duration >= 100 && duration <= 60_000));
});
