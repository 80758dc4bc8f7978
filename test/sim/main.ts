/** `npm run sim`: schedules by the thousand, or one seed in full. */
import { shrink } from '../../lib/testing/shrink.ts';
import { parseOptions, type SimOptions, USAGE } from './options.ts';
import { isWorker, runAll, work } from './pool.ts';
import { regressionOf } from './regressions.ts';
import { kindFor, overridesOf, type Report, reportOf, runAny } from './run.ts';
import { Summary } from './summary.ts';

function describe(report: Report): string {
  return `seed ${report.seed} at ${(report.simulated / 1000).toFixed(3)} s: ${report.detail?.split('\n')[0]?.slice(0, 300)}`;
}

function replayLine(report: Report, options: SimOptions, more = ''): string {
  const kind = kindFor(options, report.seed);
  const flag = kind === 'recipes' ? '--recipes' : `--machine ${kind}`;
  return `replay: npm run sim -- --seed ${report.seed} ${flag} --trace${more}`;
}

/** Makes a failing seed smaller, and says how to run what is left. */
async function shrinkSeed(report: Report, options: SimOptions): Promise<void> {
  const { seed } = report;
  const kind = kindFor(options, seed);
  const first = await runAny(seed, kind, {});
  const { overrides, outcome, runs } = await shrink(first, (change) => runAny(seed, kind, change));
  const { keep, size, duration, workInterval } = overrides;
  const flags = [
    keep === undefined ? '' : ` --keep ${[...keep].join(',') || ','}`,
    size === undefined ? '' : ` --size ${size}`,
    duration === undefined ? '' : ` --duration ${duration}`,
    workInterval === undefined ? '' : ` --work ${workInterval}`,
  ].join('');
  console.log(
    `shrunk in ${runs} runs to ${outcome.swarm.faults.length} faults: ${outcome.violation?.detail}`,
  );
  console.log(replayLine(report, options, flags));
  const regression = { ...regressionOf(outcome, kind), story: report.detail?.split('\n')[0] };
  console.log(`to keep it, whatever seeds will mean: ${JSON.stringify(regression)}`);
}

async function collect(options: SimOptions, summary: Summary): Promise<void> {
  const seeds = Array.from({ length: options.schedules }, (_, index) => options.seed + index);
  const told = (report: Report): boolean => {
    summary.add(report);
    if (report.predicate !== undefined && !options.json) console.log(describe(report));
    return report.predicate === undefined || !options.stopOnFailure;
  };
  if (options.schedules > 1 && options.workers > 1) {
    await runAll(options, seeds, told);
    return;
  }
  const print = options.trace ? (line: string): void => console.log(line) : undefined;
  for (const seed of seeds) {
    const outcome = await runAny(seed, kindFor(options, seed), overridesOf(options), print);
    const report = reportOf(outcome);
    if (!options.json && seeds.length === 1)
      console.log(`seed ${seed}: trace hash ${report.traceHash}`);
    if (!told(report)) return;
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (isWorker()) {
    work(options);
    return;
  }
  const started = performance.now();
  const summary = new Summary();
  if (!options.json) console.log(`seed ${options.seed}, ${options.schedules} schedules`);
  await collect(options, summary);
  const failure = summary.failures[0];
  if (failure !== undefined) process.exitCode = 1;
  if (options.json) {
    const { schedules } = summary;
    const { predicate, seed, detail } = failure ?? {};
    console.log(
      JSON.stringify({ failed: failure !== undefined, predicate, schedules, seed, detail }),
    );
    return;
  }
  for (const line of summary.lines(performance.now() - started)) console.log(line);
  for (const report of summary.failures.slice(0, 5)) {
    console.log(replayLine(report, options));
    if (options.shrink) await shrinkSeed(report, options);
  }
  console.log(failure === undefined ? 'no failure' : `${summary.failures.length} failures`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
