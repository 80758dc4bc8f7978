/** The command line of the simulator. */
import { parseArgs } from 'node:util';

export interface SimOptions {
  /** The first seed; the schedules have this and the following ones. */
  readonly seed: number;
  readonly schedules: number;
  readonly workers: number;
  readonly machine: 'zab' | 'replica' | 'mixed';
  /** The real client and recipes run in every process, on whole replicas. */
  readonly recipes: boolean;
  readonly trace: boolean;
  readonly shrink: boolean;
  readonly json: boolean;
  readonly stopOnFailure: boolean;
  /** Indexes of the faults to keep; undefined: all. */
  readonly keep: ReadonlySet<number> | undefined;
  readonly size: number | undefined;
  readonly duration: number | undefined;
  readonly workInterval: number | undefined;
}

export const USAGE = `npm run sim -- [options]
  --schedules N        how many (default 1 with --seed, else 100); --max-schedules N is the same
  --seed N             the first seed (default: drawn from the clock)
  --machine KIND       zab, replica, or mixed (default)
  --recipes            the real client and recipes in every process, on whole replicas
  --trace              print the story
  --shrink             make a failing schedule smaller
  --workers N          processes (default 2)
  --stop-on-failure    end at the first failure
  --json               print one object: failed, predicate, schedules, seed
  --keep 1,5,9         only these faults; --size N, --duration MS, --work MS: as a shrunk schedule says`;

function integer(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new TypeError(`not a number: ${text}`);
  return value;
}

function machineOf(text: string | undefined): SimOptions['machine'] {
  if (text === 'zab' || text === 'replica') return text;
  if (text === undefined || text === 'mixed') return 'mixed';
  throw new TypeError(`not a machine: ${text}`);
}

/** @throws TypeError for what it does not understand. */
export function parseOptions(args: readonly string[]): SimOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      schedules: text,
      'max-schedules': text,
      seed: text,
      machine: text,
      workers: text,
      keep: text,
      size: text,
      duration: text,
      work: text,
      recipes: flag,
      trace: flag,
      shrink: flag,
      json: flag,
      'stop-on-failure': flag,
    },
  });
  const schedules = integer(values['max-schedules'] ?? values.schedules);
  const seed = integer(values.seed);
  return {
    seed: seed ?? (Date.now() % 1_000_000) * 1_000,
    schedules: schedules ?? (seed === undefined ? 100 : 1),
    workers: integer(values.workers) ?? 2,
    machine: machineOf(values.machine),
    recipes: values.recipes,
    trace: values.trace,
    shrink: values.shrink,
    json: values.json,
    stopOnFailure: values['stop-on-failure'],
    keep:
      values.keep === undefined
        ? undefined
        : new Set(
            values.keep
              .split(',')
              .filter((part) => part !== '')
              .map(Number),
          ),
    size: integer(values.size),
    duration: integer(values.duration),
    workInterval: integer(values.work),
  };
}
