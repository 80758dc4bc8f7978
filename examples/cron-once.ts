/**
 * Cron once over replicas: three of them have the same job, and each tick is run by one. The replica that is
 * at work is killed in the middle of a run; another one runs that tick again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from '../lib/index.ts';
import { Schedule, type ScheduledRun } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

/** Ms between two ticks; a cron expression would do, with the package that reads it. */
const STEP = 200;
const next = (after: Date) => new Date((Math.floor(after.getTime() / STEP) + 1) * STEP);

await using group = await createTestGroup(3);
const stop = new AbortController();
const runs: { readonly tick: number; readonly by: number; readonly attempt: number }[] = [];
/** Which tick hangs, and in whom. */
let hanging: ScheduledRun | undefined;
let hangs: number | undefined;

function replica(peer: Peer): Promise<void> {
  const schedule = new Schedule(peer, '/cron/report', { next, interrupted: 'retry' });
  const job = async (run: ScheduledRun) => {
    run.assertHeld();
    runs.push({ tick: run.tick.getTime(), by: peer.id, attempt: run.attempt });
    if (runs.length === 8) {
      hanging = run;
      hangs = peer.id;
      await run.ended;
      return;
    }
    await peer.guardedBy(run).update('/reports', (count) => String(Number(count ?? 0) + 1));
  };
  return schedule.run(job, stop);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !isSo(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`not so: ${what}`);
  }
}

const replicas = group.peers.map((peer) => replica(peer));
await until('a run hangs', () => hangs !== undefined);
console.log(`three replicas, ${runs.length} ticks, ${runs.length} runs`);
await group.kill(hangs ?? 0);
console.log(`replica ${hangs} is killed in the middle of a run`);
await until('the tick is run again', () => runs.some(({ attempt }) => attempt === 2));
const again = runs.find(({ attempt }) => attempt === 2);
if (again?.tick !== hanging?.tick.getTime()) throw new Error('that is another tick');
console.log(`replica ${again?.by} runs that tick again`);
await until('ticks go on', () => runs.length >= 15);
stop.abort();
await Promise.all(replicas);

const keys = runs.map(({ tick, attempt }) => `${tick} ${attempt}`);
if (new Set(keys).size !== runs.length) throw new Error('a tick was run twice');
const [peer] = group.peers;
await peer?.sync();
const { data } = (await peer?.get('/reports')) ?? {};
if (Number(data) !== runs.length - 1) throw new Error(`${data} reports of ${runs.length} runs`);
console.log(`each tick was run once, but for the one that was cut short: ${data} reports`);
