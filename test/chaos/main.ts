/**
 * `npm run chaos -- --minutes 20 --peers 5`: real processes on real disks and sockets, under faults that a
 * seed decides; then everything that was asked and answered is held against what it may have been.
 * `--observers N` besides the voters; `--seed N`: the same faults again; `--seconds S`; `--idle MS` between
 * two operations of a worker; `--recipes`: what recipes grant and share instead of operations of all kinds.
 */
import { parseArgs } from 'node:util';
import { chaos } from './chaos.ts';
import { loadMission } from './load-mission.ts';
import { recipesMission } from './recipes/recipes-mission.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    peers: { type: 'string', default: '3' },
    observers: { type: 'string', default: '1' },
    seed: { type: 'string' },
    idle: { type: 'string' },
    recipes: { type: 'boolean', default: false },
  },
});

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`--${name} must be a number above 0, not ${text}`);
  return value;
}

const seconds =
  values.seconds === undefined
    ? 60 * numberOf('minutes', values.minutes)
    : numberOf('seconds', values.seconds);

/** Long runs of many peers ask less often, so that the histories fit into memory. */
const idle = 20 * Number(values.peers) * Math.max(1, seconds / 600);

/** No process is left behind, least of all one that is frozen. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort());
}

const { violations } = await chaos({
  mission: values.recipes ? await recipesMission() : loadMission(),
  seed: values.seed === undefined ? Date.now() % 1_000_000 : numberOf('seed', values.seed),
  peers: numberOf('peers', values.peers),
  observers: Math.max(0, Math.trunc(Number(values.observers))),
  duration: 1_000 * seconds,
  idle: values.idle === undefined ? idle : numberOf('idle', values.idle),
  signal: interrupted.signal,
  print: (line) => process.stdout.write(`${line}\n`),
});
process.exitCode = violations.length > 0 ? 1 : 0;
// Faults that were to come are not waited for.
if (interrupted.signal.aborted) process.exit();
