import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shrink } from '../../lib/testing/shrink.ts';
import { parseOptions } from './options.ts';
import { REGRESSIONS, regressionOf } from './regressions.ts';
import { machineFor, reportOf, run, runAny } from './run.ts';
import { Summary } from './summary.ts';

const SCHEDULES = 24;
const FIRST = 7_000;

test(`${SCHEDULES} schedules of all kinds hold every predicate, and reach every phase`, () => {
  const summary = new Summary();
  for (let seed = FIRST; seed < FIRST + SCHEDULES; seed += 1) {
    const outcome = run(seed, machineFor('mixed', seed), {});
    assert.equal(outcome.violation, undefined, `seed ${seed}: ${outcome.violation?.detail}`);
    summary.add(reportOf(outcome));
  }
  const reached = ['phase election', 'phase discovery', 'phase synchronization', 'phase broadcast'];
  for (const what of [...reached, 'sync DIFF', 'sync TRUNC', 'sync SNAP', 'told watch', 'expire']) {
    assert.ok(summary.count(what) > 0, `${what} is never reached`);
  }
});

test('one seed is one run: the same trace, whether it is printed or not', () => {
  for (const machine of ['zab', 'replica'] as const) {
    const lines: string[] = [];
    const first = run(11, machine, {});
    const second = run(11, machine, {}, (line) => lines.push(line));
    assert.equal(second.traceHash, first.traceHash);
    assert.notEqual(run(12, machine, {}).traceHash, first.traceHash);
    assert.ok(lines.length > 1_000, 'a story has many lines');
  }
});

for (const { seed, machine, overrides, story } of REGRESSIONS) {
  test(`seed ${seed} no longer fails: ${story}`, async () => {
    const { violation } = await runAny(seed, machine, overrides ?? {});
    assert.equal(violation, undefined);
  });
}

test('a run that is kept as a schedule is the same run, also from its JSON', () => {
  const first = run(11, 'zab', {});
  const kept = JSON.parse(JSON.stringify(regressionOf(first, 'zab')));
  const { seed, machine, overrides } = kept;
  assert.equal(run(seed, machine, overrides).traceHash, first.traceHash);
  assert.ok(overrides.schedule.length > 0);
});

test('a failing schedule shrinks to the faults that it needs', async () => {
  const good = run(21, 'zab', {});
  const { faults } = good.swarm;
  const culprit = faults[5];
  assert.ok(culprit !== undefined);
  const fails = (outcome: typeof good): typeof good => {
    const guilty = outcome.swarm.faults.some(({ at }) => at === culprit.at);
    const violation = guilty ? { predicate: 'S0', detail: 'made up' } : undefined;
    return { ...outcome, violation };
  };
  const kept = (keep: ReadonlySet<number> | undefined): typeof faults => {
    return faults.filter((_, index) => keep === undefined || keep.has(index));
  };
  const { outcome } = await shrink(fails(good), (change) => {
    return fails({ ...good, swarm: { ...good.swarm, faults: kept(change.keep) } });
  });
  assert.deepEqual(outcome.swarm.faults, [culprit]);
});

test('the command line says what it does not understand', () => {
  assert.throws(() => parseOptions(['--schedules', 'many']), TypeError);
  assert.throws(() => parseOptions(['--machine', 'steam']), TypeError);
  assert.throws(() => parseOptions(['--colour']), TypeError);
  const { seed, schedules, machine } = parseOptions(['--seed', '5']);
  assert.deepEqual({ seed, schedules, machine }, { seed: 5, schedules: 1, machine: 'mixed' });
});
