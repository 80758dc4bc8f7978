/** `npm run sim:inject`: the test of the tests. Each known bug is put back into a copy, and must be caught. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { shimIsMissing } from '../storage/shim/disk-shim.ts';
import { INJECTIONS } from './injections/all.ts';
import type { Injection } from './injections/injection.ts';
import { control, type Scored, type ScoreOptions, score } from './scoreboard.ts';

const USAGE = `npm run sim:inject -- [options]
  --quick         one run of each bug, of at most 400 schedules; without those of the recipes
  --recipes       the bugs of the recipes alone
  --only ID       this bug alone; may be given again
  --runs N        runs of each bug, with seeds of their own (default 5)
  --schedules N   schedules of a run at most (default 2000)
  --seed N        another seed, for other runs (default 1)
  --verbose       what each violation says`;

/** Schedules of the source as it is, of each machine, before anything is injected. */
const CONTROL = 20;

interface Settings extends ScoreOptions {
  readonly chosen: readonly Injection[];
  readonly verbose: boolean;
}

function settings(args: readonly string[]): Settings {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      runs: text,
      schedules: text,
      seed: text,
      quick: flag,
      recipes: flag,
      verbose: flag,
    },
  });
  const isWanted = ({ id, machine }: Injection): boolean => {
    if (values.only.length > 0) return values.only.includes(id);
    return machine === 'recipes' ? values.recipes || !values.quick : !values.recipes;
  };
  const chosen = INJECTIONS.filter(isWanted);
  if (chosen.length < values.only.length) throw new TypeError(`unknown: ${values.only.join(', ')}`);
  return {
    chosen,
    runs: Number(values.runs ?? (values.quick ? 1 : 5)),
    schedules: Number(values.schedules ?? (values.quick ? 400 : 2_000)),
    seed: Number(values.seed ?? 1),
    workers: Math.min(2, availableParallelism()),
    verbose: values.verbose,
  };
}

function row({ injection, runs, median, escaped }: Scored): string {
  const caught = [...new Set(runs.map(({ predicate }) => predicate ?? '-'))].join(' ');
  const counts = runs.map((run) =>
    run.predicate === undefined ? `${run.schedules}!` : run.schedules,
  );
  return [
    injection.id.padEnd(38),
    (escaped ? 'ESCAPED' : caught).padEnd(10),
    String(median).padStart(6),
    `  ${counts.join(' ')}`.padEnd(26),
    injection.origin,
  ].join(' ');
}

async function main(): Promise<boolean> {
  const { chosen, verbose, ...options } = settings(process.argv.slice(2));
  const missing = await shimIsMissing();
  const skipped = missing === false ? [] : chosen.filter(({ needs }) => needs === 'disk-shim');
  const started = performance.now();
  const machines = new Set(chosen.map(({ machine }) => machine));
  for (const { detail } of await control([...machines], CONTROL, options.seed)) {
    console.log(`the source itself: ${detail}`);
    return false;
  }
  console.log(`${'bug'.padEnd(38)} ${'caught by'.padEnd(10)} median   schedules of each run`);
  for (const { id } of skipped) console.log(`${id.padEnd(38)} skipped: ${missing}`);
  const tried = chosen.filter((injection) => !skipped.includes(injection));
  const all = await score(tried, options, (scored) => {
    console.log(row(scored));
    for (const run of scored.runs) {
      if (verbose || scored.escaped)
        console.log(`    ${run.detail ?? 'nothing was noticed'}`.slice(0, 400));
    }
  });
  const escaped = all.filter((scored) => scored.escaped);
  const minutes = (performance.now() - started) / 60_000;
  const left = skipped.length === 0 ? '' : `, ${skipped.length} skipped`;
  const others = INJECTIONS.length - chosen.length;
  console.log(
    `${all.length - escaped.length} of ${all.length} bugs caught in ${minutes.toFixed(1)} minutes${left}; ${others} others not asked for`,
  );
  return escaped.length === 0;
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
