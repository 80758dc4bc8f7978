/** The recipes in the simulator: see `npm run sim -- --recipes` for more than a few schedules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportOf, runAny } from './run.ts';
import { Summary } from './summary.ts';

const SCHEDULES = 5;
const FIRST = 7_000;

/** What a schedule of each application reaches. */
const DEEDS: Readonly<Record<string, readonly string[]>> = {
  queue: ['putter: put', 'worker: taken'],
  barrier: ['arriver: passed', 'visitor: passed'],
  rounds: ['member: entered', 'member: left'],
  partitions: ['owner: owned'],
  tally: ['adder: added', 'namer: named'],
  schedule: ['runner: ran'],
  standby: ['stander: ran'],
  migrations: ['migrator: migrated'],
  group: ['member: kept', 'watcher: looked', 'watcher: told'],
  kept: ['owner: kept', 'cart: set'],
  registry: ['instance: set', 'chooser: chosen', 'console: told'],
  values: ['setter: set', 'follower: looked', 'cache: told'],
  fires: ['asker: ran', 'asker: left it'],
  scanner: ['instance: registered', 'scanner: passed', 'scanner: failed'],
};

for (const [name, deeds] of Object.entries(DEEDS)) {
  test(`a schedule with nothing but ${name} holds every predicate, and something happens in it`, async () => {
    const { violation, counts } = await runAny(FIRST, 'recipes', { applications: [name] });
    assert.equal(violation, undefined, violation?.detail);
    for (const what of deeds) assert.ok((counts.get(what) ?? 0) > 0, `${what} is never reached`);
  });
}

test(`${SCHEDULES} schedules of applications as they are drawn hold every predicate`, async () => {
  const summary = new Summary();
  for (let seed = FIRST; seed < FIRST + SCHEDULES; seed += 1) {
    const outcome = await runAny(seed, 'recipes', {});
    assert.equal(outcome.violation, undefined, `seed ${seed}: ${outcome.violation?.detail}`);
    summary.add(reportOf(outcome));
  }
  for (const what of ['grants', 'waited', 'writes taken by a resource', 'expire', 'told watch']) {
    assert.ok(summary.count(what) > 0, `${what} is never reached`);
  }
});

test('one seed is one run, though clients and recipes are asynchronous', async () => {
  const lines: string[] = [];
  const short = { duration: 8_000 };
  const first = await runAny(11, 'recipes', short);
  // What the real event loop has to do meanwhile is not in it.
  const noise = setInterval(() => Promise.resolve(), 1);
  const second = await runAny(11, 'recipes', short, (line) => lines.push(line));
  clearInterval(noise);
  assert.equal(second.traceHash, first.traceHash);
  assert.notEqual((await runAny(12, 'recipes', short)).traceHash, first.traceHash);
  assert.ok(lines.some((line) => line.includes('is granted /locks/')));
});

test('a simulation leaves the clocks and timers of Node as they were', async () => {
  const before = [setTimeout, setInterval, clearTimeout, Date, Math.random].map(String);
  const early = performance.now();
  await runAny(1, 'recipes', { duration: 100 });
  assert.deepEqual([setTimeout, setInterval, clearTimeout, Date, Math.random].map(String), before);
  assert.ok(performance.now() >= early);
  assert.ok(Math.abs(Date.now() - Date.parse(new Date().toISOString())) < 10_000);
});
