/** Inside a patched copy: schedules of one seed after the other, until a predicate does not hold. */
import type { MachineKind } from '../../lib/testing/simulate.ts';
import type { SwarmOverrides } from '../../lib/testing/swarm.ts';
import { run } from './run.ts';

/** What to run. */
export interface RunOrder {
  readonly machine: MachineKind;
  readonly seed: number;
  readonly schedules: number;
  readonly bias: SwarmOverrides;
}

/** What came of it. */
export interface RunReport {
  /** Schedules run, the one that failed included. */
  readonly schedules: number;
  /** Undefined: the bug has escaped. */
  readonly predicate: string | undefined;
  readonly seed: number | undefined;
  readonly detail: string | undefined;
}

function runAll({ machine, seed, schedules, bias }: RunOrder): RunReport {
  for (let index = 0; index < schedules; index += 1) {
    const { violation } = run(seed + index, machine, bias);
    if (violation === undefined) continue;
    const { predicate, detail } = violation;
    return { schedules: index + 1, predicate, seed: seed + index, detail };
  }
  return { schedules, predicate: undefined, seed: undefined, detail: undefined };
}

process.once('message', (order: RunOrder) => {
  const report = runAll(order);
  process.send?.(report, () => process.disconnect());
});
