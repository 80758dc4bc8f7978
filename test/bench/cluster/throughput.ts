/** How much three processes get done, all loading at once; the systems take turns within a round. */
import type { Operation, Order, Result } from './load.ts';
import { cpuSecondsOf, type System } from './system.ts';
import { type Goal, median, type Row } from './table.ts';

/** The group whose links are sealed frame by frame: beside the first, under the same load. */
export const SECRET = 'quorate with a secret';

/** Nodes that each process writes to and reads from. */
export const KEYS = 1_000;

export interface Measure {
  readonly what: string;
  readonly order: Omit<Order, 'seconds'>;
  readonly goals: readonly Goal[];
  /** Systems that have nothing of the kind. */
  readonly without?: readonly string[];
  /** Which processes put load on it. @default all */
  readonly ids?: readonly number[];
}

export const more = (rival: string, ratio: number): Goal => ({ rival, ratio, better: 'more' });
const less = (rival: string, ratio: number): Goal => ({ rival, ratio, better: 'less' });

/** Only reported: it says what the secret costs. */
const beside: Goal = { rival: SECRET, better: 'more' };

const MEASURES: readonly Measure[] = [
  {
    what: 'writes, 512 in flight',
    order: { operation: 'write', inFlight: 512 },
    goals: [more('zookeeper', 10), beside],
  },
  {
    what: 'writes, 64 in flight',
    order: { operation: 'write', inFlight: 64 },
    goals: [more('zookeeper', 7), more('etcd', 25), beside],
  },
  {
    what: 'writes, 1 in flight',
    order: { operation: 'write', inFlight: 1 },
    goals: [more('zookeeper', 1.5), beside],
  },
  {
    what: 'local reads, 64 in flight',
    order: { operation: 'read', inFlight: 64 },
    goals: [more('zookeeper', 80)],
    // They cross no link.
    without: [SECRET],
  },
  {
    what: 'linearizable reads, 64 in flight',
    order: { operation: 'linearizable', inFlight: 64 },
    goals: [more('etcd', 30), beside],
    // Its client has no sync, and a sync would be no quorum operation (ZOOKEEPER-1675).
    without: ['zookeeper'],
  },
  {
    what: '90 % reads, 10 % writes, 64 in flight',
    order: { operation: 'mixed', inFlight: 64 },
    goals: [more('zookeeper', 10)],
    without: [SECRET],
  },
  {
    what: '90 % unordered reads, 10 % writes, 64 in flight',
    order: { operation: 'mixed-unordered', inFlight: 64 },
    goals: [more('zookeeper', 10)],
    without: [SECRET],
  },
];

/** What a secret can make a difference to. */
export const SECRET_MEASURES: readonly Measure[] = MEASURES.filter(({ goals }) =>
  goals.includes(beside),
);

/** One system under one kind of load, all its processes at once. */
export async function measureOnce(
  system: System,
  order: Order,
  ids: readonly number[] = [...system.loads.keys()],
): Promise<{ perSecond: number; p50: number; p99: number; cpuPer100k: number; failed: number }> {
  const pids = system.pids();
  const before = await cpuSecondsOf(pids);
  const results: Result[] = await Promise.all(
    ids.flatMap((id) => {
      const load = system.loads.get(id);
      return load === undefined ? [] : [load.ask('run', order)];
    }),
  );
  const used = (await cpuSecondsOf(pids)) - before;
  const operations = results.reduce((sum, one) => sum + one.operations, 0);
  return {
    perSecond: results.reduce((sum, one) => sum + one.operations / one.seconds, 0),
    p50: median(results.map(({ p50 }) => p50)),
    p99: Math.max(...results.map(({ p99 }) => p99)),
    cpuPer100k: (used / operations) * 100_000,
    failed: results.reduce((sum, one) => sum + one.failed, 0),
  };
}

/**
 * Seconds of writes and of reads before anything is measured: a compiler turns to a function once it has run
 * often, and what runs once for a group of writes has run often after some seconds only, in Node as in Java.
 */
const WARM_UP = 10;

export async function warmUp(
  systems: readonly System[],
  operations: readonly Operation[] = ['write', 'mixed'],
): Promise<void> {
  for (const system of systems) {
    for (const operation of operations) {
      await measureOnce(system, { operation, inFlight: 64, seconds: WARM_UP });
    }
  }
}

class Rounds {
  readonly #figures = new Map<string, number[]>();

  add(system: string, figure: number): void {
    const figures = this.#figures.get(system) ?? [];
    figures.push(figure);
    this.#figures.set(system, figures);
  }

  row(what: string, unit: string, goals: readonly Goal[]): Row {
    return { what, unit, rounds: this.#figures, goals };
  }
}

export async function throughput(
  systems: readonly System[],
  rounds: number,
  seconds: number,
  measures: readonly Measure[] = MEASURES,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { what, order, goals, without = [], ids } of measures) {
    const able = systems.filter(({ name }) => !without.includes(name));
    const [rate, p50, p99, cpu] = [new Rounds(), new Rounds(), new Rounds(), new Rounds()];
    for (let round = 0; round <= rounds; round += 1) {
      for (const system of able) {
        // The first round, a short one, is for what only this measure runs.
        const timed = { ...order, seconds: round === 0 ? 1 : seconds };
        const found = await measureOnce(system, timed, ids);
        if (round === 0) continue;
        if (found.failed > 0) console.log(`${system.name}: ${found.failed} of '${what}' failed`);
        rate.add(system.name, found.perSecond);
        p50.add(system.name, found.p50);
        p99.add(system.name, found.p99);
        cpu.add(system.name, found.cpuPer100k);
      }
    }
    rows.push(rate.row(what, '/s', goals));
    if (order.operation === 'write' && order.inFlight === 64) {
      rows.push(p50.row(what, 'p50 ms', []), p99.row(what, 'p99 ms', [less('zookeeper', 0.3)]));
      rows.push(cpu.row(what, 'CPU s per 100,000', [less('zookeeper', 0.15)]));
    }
    if (order.operation === 'lock') rows.push(cpu.row(what, 'CPU s per 100,000', []));
    if (order.operation !== 'read' && order.inFlight === 1) rows.push(p50.row(what, 'p50 ms', []));
  }
  return rows;
}
