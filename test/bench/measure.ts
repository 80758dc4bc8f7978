/** How the benchmarks measure and what they print: figures to read, never to assert. */
import { cpus, loadavg } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Several rounds of one measurement. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly number[];
}

function format(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

/** One line: the median, and the least and the greatest round. */
export function report({ name, unit, rounds }: Figure): void {
  const sorted = [...rounds].sort((one, other) => one - other);
  const median = sorted[sorted.length >> 1] ?? Number.NaN;
  const range =
    sorted.length > 1 ? ` (${format(sorted[0] ?? 0)} to ${format(sorted.at(-1) ?? 0)})` : '';
  console.log(`${name.padEnd(44)} ${format(median).padStart(12)} ${unit}${range}`);
}

/** What was measured on: figures of a loaded machine are worth little. */
export function machine(): string {
  const [one] = cpus();
  const load = loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
  return `Node ${process.versions.node}, ${cpus().length} x ${one?.model ?? 'unknown'}, load ${load}`;
}

/** CPU seconds of this process so far, collector threads included: what a busy machine does not distort. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Microseconds for one of `count` operations that a call of `work` does; the best that several rounds show is the machine's. */
export function microseconds(count: number, work: () => unknown, rounds = 7): number[] {
  const times: number[] = [];
  let calls = 1;
  for (let round = -2; round < rounds; round += 1) {
    const begun = performance.now();
    for (let call = 0; call < calls; call += 1) work();
    const elapsed = performance.now() - begun;
    if (round >= 0) times.push((elapsed * 1000) / (calls * count));
    else calls = Math.max(1, Math.ceil((calls * 100) / Math.max(elapsed, 0.01)));
  }
  return times;
}

/** Leaves nothing in memory that nobody holds. */
export function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  for (let round = 0; round < 4; round += 1) gc();
}
