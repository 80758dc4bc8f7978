/** Runs seeds on several processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SimOptions } from './options.ts';
import { kindFor, overridesOf, type Report, reportOf, runAny } from './run.ts';

/** Seeds handed out at a time. */
const CHUNK = 4;
const WORKER = 'QUORATE_SIM_WORKER';

/** Whether this process was started by {@link runAll}. */
export function isWorker(): boolean {
  return process.env[WORKER] !== undefined;
}

/** A worker: takes lists of seeds from its parent, answers with reports, until the parent hangs up. */
export function work(options: SimOptions): void {
  const runEach = async (seeds: readonly number[]): Promise<void> => {
    const reports: Report[] = [];
    for (const seed of seeds) {
      reports.push(reportOf(await runAny(seed, kindFor(options, seed), overridesOf(options))));
    }
    process.send?.(reports);
  };
  process.on('message', (seeds: readonly number[]) => void runEach(seeds));
  process.on('disconnect', () => process.exit());
}

/** Runs every seed; `told` says whether to go on. */
export async function runAll(
  options: SimOptions,
  seeds: readonly number[],
  told: (report: Report) => boolean,
): Promise<void> {
  const waiting = [...seeds];
  let stopped = false;
  const serve = (child: ChildProcess): Promise<void> => {
    return new Promise((resolve, reject) => {
      const next = (): void => {
        const chunk = stopped ? [] : waiting.splice(0, CHUNK);
        if (chunk.length === 0) child.disconnect();
        else child.send(chunk);
      };
      child.on('message', (reports: Report[]) => {
        for (const report of reports) if (!stopped && !told(report)) stopped = true;
        next();
      });
      child.on('error', reject);
      child.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker ended with ${code}`));
      });
      next();
    });
  };
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const count = Math.min(options.workers, Math.ceil(seeds.length / CHUNK));
  const children = Array.from({ length: count }, () => {
    return fork(main, process.argv.slice(2), { env: { ...process.env, [WORKER]: '1' } });
  });
  await Promise.all(children.map(serve));
}
