/**
 * Barriers in a group of three, in one process: nobody begins before all parts of the input are there; then they
 * work in phases that begin and end together. `node --import tsx examples/barrier.ts`
 */
import type { Peer } from '../lib/index.ts';
import { Barrier, DoubleBarrier } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

const PARTS = 3;
const PHASES = ['map', 'shuffle', 'reduce'];

await using group = await createTestGroup(PARTS);
const [first] = group.peers;
if (first === undefined) throw new Error('a group has peers');

/** How many are in each phase, and how many are done with it. */
const inside = new Map<string, number>();
const done = new Map<string, number>();
const count = (counts: Map<string, number>, phase: string) => {
  counts.set(phase, (counts.get(phase) ?? 0) + 1);
};

async function work({ id }: Peer, phase: string): Promise<void> {
  count(inside, phase);
  await new Promise((resolve) => setTimeout(resolve, id * 20));
  count(done, phase);
}

/** What each process does. */
async function takePart(peer: Peer): Promise<void> {
  const loaded = new Barrier(peer, '/job/loaded', { size: PARTS });
  const opened = new Barrier(peer, '/job/gate');
  await loaded.arrive();
  await opened.wait();
  const phases = new DoubleBarrier(peer, '/job/phases', { size: PARTS });
  for (const phase of PHASES) {
    await phases.run(() => work(peer, phase));
    if (done.get(phase) !== PARTS) throw new Error(`${phase} ended before all were done`);
    if (peer === first)
      console.log(`${phase}: ${inside.get(phase)} began, ${done.get(phase)} are done`);
  }
}

const gate = new Barrier(first, '/job/gate');
await gate.raise();
const loaded = new Barrier(first, '/job/loaded', { size: PARTS });
await loaded.raise();
const parts: Promise<void>[] = [];
for (const peer of group.peers) {
  if (parts.length === PARTS - 1) {
    const early = await loaded.wait({ timeout: 100 }).catch((error: Error) => error.message);
    console.log(early);
  }
  parts.push(takePart(peer));
  const arrived = parts.length;
  // Their nodes go when the last one has come.
  await first.watchChildren('/job/loaded').until((names) => {
    return names.length === arrived || names.includes('ready');
  });
}
await loaded.wait();
console.log(`all ${PARTS} parts are loaded, the gate is closed`);
await gate.lift();
await Promise.all(parts);
