/** A million nodes of 100 bytes: what they weigh, how soon a peer is back, what the host notices. */
import { residentMiB, type System } from './system.ts';
import type { Row } from './table.ts';

const NODES = 1_000_000;

async function follower(system: System): Promise<number> {
  const leader = await system.leader();
  return leader === 1 ? 2 : 1;
}

/** Ms from the start of the process until it serves again. */
async function restart(system: System): Promise<number> {
  const id = await follower(system);
  await system.kill(id);
  const begun = performance.now();
  await system.restart(id);
  return performance.now() - begun;
}

export async function million(systems: readonly System[], trials: number): Promise<readonly Row[]> {
  const memory = new Map<string, number[]>();
  const back = new Map<string, number[]>();
  for (const system of systems) {
    const loads = [...system.loads.values()];
    const each = Math.ceil(NODES / loads.length);
    await Promise.all(loads.map((load) => load.ask('prepare', each)));
    const servers = [1, 2, 3].map((id) => residentMiB(system.serverPid(id)));
    memory.set(system.name, await Promise.all(servers));
    const found: number[] = [];
    for (let at = 0; at < trials; at += 1) found.push(await restart(system));
    back.set(system.name, found);
  }
  return [
    {
      what: 'resident memory of a server (quorate: of the application), 1 million nodes',
      unit: 'MiB',
      rounds: memory,
      goals: [{ rival: 'zookeeper', ratio: 0.6, better: 'less' }],
    },
    {
      what: 'restart of one follower with 1 million nodes until it serves',
      unit: 'ms',
      rounds: back,
      goals: [{ rival: 'zookeeper', ratio: 0.55, better: 'less' }],
    },
  ];
}

/** What quorate's turns, and its checkpoints, take from the event loop of its host. */
export async function loopDelay(system: System, seconds: number, when: string): Promise<Row> {
  const loads = [...system.loads.values()];
  const delays = (): Promise<{ p50: number; p99: number; max: number }[]> =>
    Promise.all(loads.map((load) => load.ask('loopDelay')));
  await delays();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const idle = await delays();
  const order = { operation: 'write', inFlight: 64, seconds } as const;
  await Promise.all(loads.map((load) => load.ask('run', order)));
  const busy = await delays();
  const added = busy.map(({ p99 }, at) => p99 - (idle[at]?.p99 ?? 0));
  return {
    what: `event-loop delay added at 64 writes in flight${when}, 99 %`,
    unit: 'ms',
    rounds: new Map([[system.name, added]]),
    goals: [],
  };
}
