/** Inside a patched copy: schedules of one seed after the other, until a predicate does not hold. */
import type { SwarmOverrides } from '../../lib/testing/swarm.ts';
import { type RunKind, runAny } from './run.ts';

/** What to run. */
export interface RunOrder {
  readonly machine: RunKind;
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

async function runAll({ machine, seed, schedules, bias }: RunOrder): Promise<RunReport> {
  for (let index = 0; index < schedules; index += 1) {
    const { violation } = await runAny(seed + index, machine, bias);
    if (violation === undefined) continue;
    const { predicate, detail } = violation;
    return { schedules: index + 1, predicate, seed: seed + index, detail };
  }
  return { schedules, predicate: undefined, seed: undefined, detail: undefined };
}

process.once('message', (order: RunOrder) => {
  void runAll(order).then((report) => process.send?.(report, () => process.disconnect()));
});
