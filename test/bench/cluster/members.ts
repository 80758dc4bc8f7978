/** Groups of other shapes: observers beside voters, and followers that come, go and come late. */
import { join } from 'node:path';
import { QuorateSystem } from './quorate-system.ts';
import type { Row } from './table.ts';
import { KEYS, measureOnce } from './throughput.ts';

async function prepared(system: QuorateSystem): Promise<QuorateSystem> {
  await system.start();
  const loads = [...system.loads.values()];
  await Promise.all(loads.map((load) => load.ask('prepare', KEYS)));
  return system;
}

/** Three voters and two observers beside five voters, in turns. */
export async function observersBesideVoters(
  directory: string,
  rounds: number,
  seconds: number,
): Promise<readonly Row[]> {
  const groups = await Promise.all(
    [
      { name: '3 voters + 2 observers', voters: 3, observers: 2 },
      { name: '5 voters', voters: 5 },
    ].map((variant) => prepared(new QuorateSystem(join(directory, 'members'), variant))),
  );
  const writes = new Map<string, number[]>(groups.map(({ name }) => [name, []]));
  const reads = new Map<string, number[]>([
    ['a voter', []],
    ['an observer', []],
  ]);
  try {
    const order = { inFlight: 64, seconds } as const;
    for (let round = 0; round < rounds; round += 1) {
      for (const group of groups) {
        const { perSecond } = await measureOnce(group, { operation: 'write', ...order });
        writes.get(group.name)?.push(perSecond);
      }
      const [mixed] = groups;
      if (mixed === undefined) continue;
      for (const [who, id] of [
        ['a voter', 1],
        ['an observer', 4],
      ] as const) {
        const { perSecond } = await measureOnce(mixed, { operation: 'read', ...order }, [id]);
        reads.get(who)?.push(perSecond);
      }
    }
  } finally {
    await Promise.all(groups.map((group) => group.stop()));
  }
  return [
    { what: 'writes, 64 in flight, from all five', unit: '/s', rounds: writes, goals: [] },
    { what: 'local reads, 64 in flight', unit: '/s', rounds: reads, goals: [] },
  ];
}

/** A follower is killed, stays away, and comes back while the others write: counted, not timed. */
export async function comeAndGo(directory: string, trials: number): Promise<string> {
  const system = await prepared(new QuorateSystem(join(directory, 'come-and-go')));
  try {
    const leader = await system.leader();
    const gone = leader === 1 ? 2 : 1;
    const staying = [...system.loads].filter(([id]) => id !== gone).map(([, load]) => load);
    const before = await staying[0]?.ask('status');
    await Promise.all(staying.map((load) => load.ask('startWriting', 64)));
    for (let at = 0; at < trials; at += 1) {
      await system.kill(gone);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await system.restart(gone);
    }
    const counts = await Promise.all(staying.map((load) => load.ask('stop')));
    const after = await staying[0]?.ask('status');
    const done = counts.reduce((sum, one) => sum + one.done, 0);
    const failed = counts.reduce((sum, one) => sum + one.failed, 0);
    const elections = (after?.epoch ?? 0) - (before?.epoch ?? 0);
    return `${trials} times a follower was killed, came late and joined again under load: ${elections} elections, ${failed} of ${done} writes failed`;
  } finally {
    await system.stop();
  }
}
