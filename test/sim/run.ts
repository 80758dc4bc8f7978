/** One schedule of the command line, and what is told of it. */

import { runRecipes } from '../../lib/testing/applications/run-recipes.ts';
import type { Outcome } from '../../lib/testing/schedule.ts';
import { type MachineKind, runSeed } from '../../lib/testing/simulate.ts';
import type { SwarmOverrides } from '../../lib/testing/swarm.ts';
import type { SimOptions } from './options.ts';

/** What a worker reports of one schedule. */
export interface Report {
  readonly seed: number;
  readonly predicate: string | undefined;
  readonly detail: string | undefined;
  readonly traceHash: string;
  readonly simulated: number;
  readonly voters: number;
  readonly counts: readonly (readonly [string, number])[];
}

/** Mixed: the whole replica three times out of four, ZAB alone else. */
export function machineFor(kind: SimOptions['machine'], seed: number): MachineKind {
  if (kind !== 'mixed') return kind;
  return seed % 4 === 0 ? 'zab' : 'replica';
}

/** What a schedule drives: a machine, or whole replicas with clients and recipes above them. */
export type RunKind = MachineKind | 'recipes';

/** What of the command line says which kind a seed is run as. */
export function kindFor(options: Pick<SimOptions, 'machine' | 'recipes'>, seed: number): RunKind {
  return options.recipes ? 'recipes' : machineFor(options.machine, seed);
}

/** Runs the schedule of a seed, of any kind. */
export async function runAny(
  seed: number,
  kind: RunKind,
  overrides: SwarmOverrides,
  print?: (line: string) => void,
): Promise<Outcome> {
  if (kind !== 'recipes') return run(seed, kind, overrides, print);
  return await runRecipes(seed, { overrides, ...(print && { print }) });
}

/** Runs the schedule of a seed. */
export function run(
  seed: number,
  machine: MachineKind,
  overrides: SwarmOverrides,
  print?: (line: string) => void,
): Outcome {
  return runSeed(seed, machine, { overrides, ...(print && { print }) });
}

export function reportOf(outcome: Outcome): Report {
  return {
    seed: outcome.seed,
    predicate: outcome.violation?.predicate,
    detail: outcome.violation?.detail,
    traceHash: outcome.traceHash,
    simulated: outcome.simulated,
    voters: outcome.swarm.voters.length,
    counts: [...outcome.counts],
  };
}

/** What the command line says instead of the seed. */
export function overridesOf(options: SimOptions): SwarmOverrides {
  const { keep, size, duration, workInterval } = options;
  return {
    ...(keep !== undefined && { keep }),
    ...(size !== undefined && { size }),
    ...(duration !== undefined && { duration }),
    ...(workInterval !== undefined && { workInterval }),
  };
}
