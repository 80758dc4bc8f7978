/** Makes a failing schedule smaller while it still fails in the same way: first fewer faults, then less client work, then fewer peers. */
import type { Outcome } from './schedule.ts';
import type { SwarmOverrides } from './swarm.ts';

export interface Shrunk {
  readonly overrides: SwarmOverrides;
  readonly outcome: Outcome;
  /** Runs that were made. */
  readonly runs: number;
}

/** @param run a run of the seed with these overrides, always the same one. */
export async function shrink(
  first: Outcome,
  run: (overrides: SwarmOverrides) => Outcome | Promise<Outcome>,
  runsMax: number = 200,
): Promise<Shrunk> {
  let runs = 0;
  let best = first;
  let overrides: SwarmOverrides = {};
  const attempt = async (change: SwarmOverrides): Promise<boolean> => {
    if (runs >= runsMax) return false;
    runs += 1;
    const candidate = { ...overrides, ...change };
    const outcome = await run(candidate);
    if (outcome.violation?.predicate !== first.violation?.predicate) return false;
    overrides = candidate;
    best = outcome;
    return true;
  };
  let kept = first.swarm.faults.map((_, index) => index);
  for (
    let size = Math.ceil(kept.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < kept.length; ) {
      const without = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await attempt({ keep: new Set(without) })) kept = without;
      else from += size;
    }
  }
  for (const workInterval of [5_000, 1_000, 200]) if (await attempt({ workInterval })) break;
  for (let size = 1; size < first.swarm.voters.length; size += 1)
    if (await attempt({ size })) break;
  await attempt({ duration: Math.max(1, Math.min(best.simulated, best.swarm.duration)) });
  return { overrides, outcome: best, runs };
}
