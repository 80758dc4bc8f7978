/** What a lock must not leave behind in the process that uses it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Mutex } from '../../lib/recipes/index.ts';
import { solo } from '../client/solo.ts';
import { untilNodes } from './support.ts';

/** Node's test runner follows promises itself: only a process of its own shows who else does. */
const PROGRAM = `
import { executionAsyncId } from 'node:async_hooks';
import { openPeer } from './lib/index.ts';
import { Mutex } from './lib/recipes/index.ts';

/** Promises have ids of their own where they are followed, which makes each of them dearer. */
async function areFollowed() {
  const outside = executionAsyncId();
  await null;
  return executionAsyncId() !== outside;
}

const peer = await openPeer();
const mutex = new Mutex(peer, '/lock');
const seen = [await areFollowed()];
await Promise.all([mutex.run(async () => seen.push(await areFollowed())), mutex.run(() => {})]);
seen.push(await areFollowed());
await mutex.run(() => mutex.run(() => {})).catch(({ code }) => seen.push(code));
seen.push(await areFollowed());
await peer.close();
console.log(JSON.stringify(seen));
`;

test('once no lock is held, the promises of the host cost what they did before', async () => {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  const [before, during, after, code, again] = JSON.parse(stdout);
  assert.deepEqual([before, after, again], [before, before, before]);
  assert.equal(code, 'WOULD_DEADLOCK', 'who holds it is known all the same');
  // Node 24 and later know who runs without following anything.
  if (Number(process.versions.node.split('.')[0]) < 24)
    assert.deepEqual([before, during], [false, true]);
});

test('whoever listens to what a holder writes holds nothing himself, and waits for his turn', async (t) => {
  const peer = await solo(t);
  const mutex = new Mutex(peer, '/lock');
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const turn = new Promise<string>((resolve) => {
    peer.watch('/done').subscribe((node) => {
      if (node === undefined) return;
      void mutex.run(() => 'had').then(resolve, ({ code }) => resolve(code));
    });
  });
  await peer.sync();
  const holding = mutex.run(async () => {
    await peer.create('/done');
    await released;
  });
  // He stands in the line while the other one is at work, or was sent away.
  await Promise.race([untilNodes(peer, '/lock', 2), turn]);
  await peer.sync();
  release();
  await holding;
  assert.equal(await turn, 'had');
});

/** Each holder begins the next one after it has ended, as a loop does that was begun by the first. */
const CHAIN = `
import { setImmediate as pass } from 'node:timers/promises';
import { hold } from './lib/recipes/held-here.ts';

const claim = { paths: ['/lock/a'] };
let release;
/** Something is held all the time, so that nothing is ever forgotten by switching it off. */
const always = hold({}, {}, claim, () => new Promise((resolve) => (release = resolve)));
const grants = [];
function next(left) {
  const grant = {};
  grants.push(new WeakRef(grant));
  void hold({}, grant, claim, () => {
    setImmediate(() => (left === 0 ? end() : next(left - 1)));
  });
}
async function end() {
  for (let left = 5; left > 0; left -= 1) {
    await pass();
    globalThis.gc();
  }
  console.log(grants.filter((grant) => grant.deref() !== undefined).length);
  release();
}
next(100);
await always;
`;

test('what was held and is over is not kept by what was begun then, however often', async () => {
  const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', CHAIN];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  const kept = Number(stdout);
  assert.ok(kept < 20, `${kept} of 101 grants are kept`);
});
