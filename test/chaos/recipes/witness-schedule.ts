/** A schedule whose interrupted runs are left out: a tick is run once in the whole group, and they are run in their order. */
import type { Deed, GrantTold } from '../history.ts';
import { placeOf } from './recipe-places.ts';
import type { Replayed } from './replay.ts';

/** What was found, and how many ticks were run. */
export interface ScheduleTestimony {
  readonly violations: readonly string[];
  readonly ticks: number;
}

/** A tick that somebody was told to run, by the transaction that took it. */
interface Run {
  readonly holder: string;
  readonly tick: bigint;
  readonly fence: bigint;
}

/** @param grants under which the ticks were run */
export function witnessSchedule(
  deeds: readonly Deed[],
  grants: readonly GrantTold[],
  replayed: Replayed,
): ScheduleTestimony {
  const fences = new Map(grants.map(({ holder, fence }) => [holder, fence]));
  const runs: Run[] = [];
  const violations: string[] = [];
  for (const { deed, id, step, value: tick } of deeds) {
    if (deed !== 'tick' || step !== 'asked' || tick === undefined) continue;
    const fence = fences.get(id);
    if (fence === undefined) violations.push(`${id} ran the tick ${tick} without a grant`);
    else runs.push({ holder: id, tick, fence });
  }
  const records = recordsIn(replayed);
  violations.push(...checkOrder(runs), ...checkOrder(records), ...checkTaken(runs, replayed));
  return { violations, ticks: runs.length };
}

/** Ticks as they were taken, as the watches told: one that is seen again behind a hole was taken where it was written. */
function recordsIn({ model }: Replayed): Run[] {
  const runs = new Map<bigint, Run>();
  for (const { node } of model.versions(placeOf('schedule'))) {
    const run = node === undefined ? undefined : runOf(node.data, node.stat.mzxid);
    if (run !== undefined) runs.set(run.fence, run);
  }
  return [...runs.values()];
}

/** Undefined: nothing was taken by it. */
function runOf(data: string, zxid: bigint): Run | undefined {
  const { tick, state, owner }: Record<string, string> = JSON.parse(data);
  if (state !== 'running' || tick === undefined) return undefined;
  return { holder: `${owner}`, tick: BigInt(Date.parse(tick)), fence: zxid };
}

/** Each is later than all before, so none is there twice. */
function checkOrder(runs: readonly Run[]): string[] {
  const inOrder = [...runs].sort((a, b) => (a.fence < b.fence ? -1 : 1));
  return inOrder.flatMap(({ holder, tick, fence }, at) => {
    const before = inOrder[at - 1];
    if (before === undefined || (before.tick < tick && before.fence < fence)) return [];
    return [`${holder} ran ${tick} under ${fence}, after ${before.holder} ran ${before.tick}`];
  });
}

/** What was run is what was recorded in the transaction that took it. */
function checkTaken(runs: readonly Run[], { model, holes }: Replayed): string[] {
  const states = new Map(model.versions(placeOf('schedule')).map((one) => [one.zxid, one.node]));
  return runs.flatMap(({ holder, tick, fence }) => {
    if (holes.some(({ after, until }) => after < fence && fence <= until)) return [];
    const data = states.get(fence)?.data;
    const taken = data === undefined ? undefined : runOf(data, fence)?.tick;
    return taken === tick ? [] : [`${holder} ran ${tick}, and ${fence} took ${taken}`];
  });
}
