/** How long nobody's writes are acknowledged when the leader is killed, or frozen. */
import { machineNow } from './load.ts';
import type { LoadProcess, System } from './system.ts';
import type { Row } from './table.ts';

const IN_FLIGHT = 64;

export type Fault = 'SIGKILL' | 'SIGSTOP';

/** Ms from the fault to the first acknowledgement, at another process, of a write begun after it. */
async function trial(system: System, fault: Fault): Promise<number> {
  const leader = await system.leader();
  const survivors: LoadProcess[] = [...system.loads].flatMap(([id, load]) =>
    id === leader ? [] : [load],
  );
  const all = [...system.loads.values()];
  await Promise.all(all.map((load) => load.ask('startWriting', IN_FLIGHT)));
  await new Promise((resolve) => setTimeout(resolve, 700));
  const since = machineNow();
  const first = survivors.map((load) => load.ask('firstAcknowledged', since));
  if (fault === 'SIGKILL') await system.kill(leader);
  else system.pause(leader);
  const at = await Promise.any(first);
  // A client of the dead server may only be able to stop once it is back.
  if (fault === 'SIGSTOP') system.resume(leader);
  else await system.restart(leader);
  await Promise.all([...system.loads.values()].map((load) => load.ask('stop')));
  await system.leader();
  return at - since;
}

export async function failover(
  systems: readonly System[],
  fault: Fault,
  trials: number,
): Promise<Row> {
  const rounds = new Map<string, number[]>(systems.map(({ name }) => [name, []]));
  for (let at = 0; at < trials; at += 1) {
    for (const system of systems) {
      const found = await trial(system, fault);
      process.stderr.write(`${system.name} ${fault} ${Math.round(found)} ms\n`);
      rounds.get(system.name)?.push(found);
    }
  }
  return {
    what: `${fault} of the leader to the next acknowledged write`,
    unit: 'ms',
    rounds,
    goals: [],
  };
}
