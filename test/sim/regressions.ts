/**
 * Seeds that once failed, by what they found. A seed is worth its name only as long as it draws the
 * same run: whoever changes what a seed means (swarm.ts, faults.ts, workload.ts) looks for new ones
 * with the bug put back.
 */
import type { MachineKind } from '../../lib/testing/simulate.ts';

export interface Regression {
  readonly seed: number;
  readonly machine: MachineKind;
  /** What went wrong. */
  readonly story: string;
}

export const REGRESSIONS: readonly Regression[] = [
  {
    seed: 5533,
    machine: 'replica',
    story: 'entries behind a SNAP were applied to the tree that it replaced (S16)',
  },
  {
    seed: 5281,
    machine: 'replica',
    story: 'a session expired between the proposal of its move and the move (S21)',
  },
];
