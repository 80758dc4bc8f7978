/**
 * Runs that once failed, by what they found. What is kept is the schedule: the group, its knobs and the
 * faults as data, so that it means the same when seeds draw something else (swarm.ts, faults.ts).
 * The seed still draws what the clients do and how the network and the disks behave. One that is
 * a seed alone is worth its name only as long as it draws the same run.
 */
import type { Outcome } from '../../lib/testing/schedule.ts';
import type { SwarmOverrides } from '../../lib/testing/swarm.ts';
import { CLOSED_UNHEARD, TAKE_OVER_UNANSWERED, TICK_TAKEN_LATE } from './kept.ts';
import type { RunKind } from './run.ts';

export interface Regression {
  readonly seed: number;
  readonly machine: RunKind;
  /** The faults, the knobs and the applications; without them the seed draws all. */
  readonly overrides?: Pick<SwarmOverrides, 'schedule' | 'fixed' | 'applications'>;
  /** What went wrong. */
  readonly story: string;
}

/** A run as it is kept: plain data, that survives JSON. */
export function regressionOf(
  { seed, swarm }: Outcome,
  machine: RunKind,
): Omit<Regression, 'story'> {
  const { seed: _, faults, ...fixed } = swarm;
  return { seed, machine, overrides: { schedule: faults, fixed } };
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
  {
    seed: 11,
    machine: 'recipes',
    overrides: { applications: ['group'] },
    story: 'a member came back with older data, because newer data was refused meanwhile (S41)',
  },
  {
    seed: 6,
    machine: 'recipes',
    overrides: { applications: ['group'] },
    story: 'a member was told that its data is there, and its node was gone before (S41)',
  },
  {
    seed: 105,
    machine: 'recipes',
    overrides: CLOSED_UNHEARD,
    story:
      'a client whose session expired while it was being closed was told of that instead (S46)',
  },
  {
    seed: 110,
    machine: 'recipes',
    overrides: TAKE_OVER_UNANSWERED,
    story: 'who got no answer when it took over a task was told as a failure of its work (S46)',
  },
  {
    seed: 7,
    machine: 'recipes',
    overrides: TICK_TAKEN_LATE,
    story: 'a job was called for a run that was over before the answer came (S45)',
  },
];
