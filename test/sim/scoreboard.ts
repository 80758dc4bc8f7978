/** How soon each injected bug is caught: every bug in a copy of its own, every run in a process of its own. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { RunOrder, RunReport } from './inject-run.ts';
import type { Injection } from './injections/injection.ts';
import { applyPatches, type PatchedCopy, patchedCopy, ROOT } from './patched-copy.ts';

export interface ScoreOptions {
  readonly runs: number;
  /** Of one run, at most. */
  readonly schedules: number;
  readonly seed: number;
  readonly workers: number;
}

export interface Scored {
  readonly injection: Injection;
  readonly runs: readonly RunReport[];
  /** Of the schedules of each run. */
  readonly median: number;
  /** Some run has noticed nothing, or not what it should have. */
  readonly escaped: boolean;
}

/** Seeds of one run and of the next are so far apart. */
const SEEDS_OF_A_RUN = 100_000;
/** A copy that hangs has not been caught. */
const RUN_MS = 20 * 60_000;

/** Waits for the end of a process; it is killed when its time is over. */
function ended(child: ChildProcess): Promise<number | null> {
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

async function runSchedules(copy: PatchedCopy, order: RunOrder): Promise<RunReport> {
  const file = join(copy.directory, 'test/sim/inject-run.ts');
  const child = fork(file, { cwd: copy.directory, execArgv: ['--import', 'tsx'] });
  let report: RunReport | undefined;
  child.once('message', (message) => {
    report = message as RunReport;
  });
  child.send(order);
  const code = await ended(child);
  if (report !== undefined) return report;
  const detail = `the simulator itself ended with ${code ?? 'a signal'}`;
  return { schedules: order.schedules, predicate: undefined, seed: order.seed, detail };
}

async function passes(directory: string, test: string): Promise<boolean> {
  const args = ['--import', 'tsx', '--test', test];
  const child = spawn(process.execPath, args, { cwd: directory, stdio: 'ignore' });
  return (await ended(child)) === 0;
}

/** A directed test must pass on the source as it is, and fail on the copy. */
async function runDirected(copy: PatchedCopy, test: string, predicate: string): Promise<RunReport> {
  const sound = await passes(ROOT, test);
  const caught = sound && !(await passes(copy.directory, test));
  return {
    schedules: 1,
    predicate: caught ? predicate : undefined,
    seed: undefined,
    detail: sound ? `${test} fails on the copy: ${caught}` : `${test} fails on the source itself`,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, two) => one - two);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Whether a run has noticed the bug by a predicate that means it. */
function isCaught({ expects }: Injection, { predicate }: RunReport): boolean {
  return predicate !== undefined && expects.includes(predicate);
}

async function scoreOne(injection: Injection, options: ScoreOptions): Promise<Scored> {
  await using copy = await patchedCopy(injection.patches);
  const { directed, machine, bias = {}, expects } = injection;
  const runs: RunReport[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    const seed = options.seed + run * SEEDS_OF_A_RUN;
    const report =
      directed === undefined
        ? await runSchedules(copy, { machine, seed, schedules: options.schedules, bias })
        : await runDirected(copy, directed, expects[0] ?? '');
    runs.push(report);
    if (!isCaught(injection, report) || directed !== undefined) break;
  }
  return {
    injection,
    runs,
    median: median(runs.map(({ schedules }) => schedules)),
    escaped: runs.some((report) => !isCaught(injection, report)),
  };
}

/** Runs the source as it is: whatever is noticed there says nothing of an injected bug. Answers what was noticed. */
export async function control(
  machines: readonly Injection['machine'][],
  schedules: number,
  seed: number,
): Promise<readonly RunReport[]> {
  await using copy = await patchedCopy([]);
  const reports = await Promise.all(
    machines.map((machine) => runSchedules(copy, { machine, seed, schedules, bias: {} })),
  );
  return reports.filter(({ detail }) => detail !== undefined);
}

/** Scores all of them, some at a time; tells of each as it is done. @throws PatchError */
export async function score(
  injections: readonly Injection[],
  options: ScoreOptions,
  told: (scored: Scored) => void,
): Promise<readonly Scored[]> {
  for (const { patches } of injections) await applyPatches(patches);
  const waiting = [...injections];
  const all: Scored[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const scored = await scoreOne(next, options);
      all.push(scored);
      told(scored);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return all;
}
