/** What holders do wrong and nobody asks about: the peer warns of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Peer, QuorateError } from '../../lib/index.ts';
import { LeaderElection, type Lock, Mutex, Queue, Semaphore } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually } from './support.ts';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** The warnings of a kind that a peer gives from now on. */
function warningsOf(peer: Peer, code: 'GRANT_LEAKED' | 'GRANT_OVERRUN'): QuorateError[] {
  const heard: QuorateError[] = [];
  peer.on('warning', (warning) => {
    if (warning.code === code) heard.push(warning);
  });
  return heard;
}

async function collect(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    gc();
    await turn();
  }
}

/** A lock whose grant is dropped, in a frame of its own: nothing on the stack refers to it. */
async function drop(lock: Lock): Promise<string> {
  const { path } = await lock.acquire();
  return path;
}

async function leaks(t: TestContext): Promise<{ peer: Peer; heard: QuorateError[] }> {
  const peer = await solo(t);
  return { peer, heard: warningsOf(peer, 'GRANT_LEAKED') };
}

test('a grant that is dropped without a release is told', async (t) => {
  const { peer, heard } = await leaks(t);
  const path = await drop(new Mutex(peer, '/mutex'));
  await eventually('a warning', async () => {
    await collect();
    return heard.length > 0;
  });
  assert.deepEqual(
    heard.map((warning) => warning.path),
    [path],
  );
  assert.match(heard[0]?.message ?? '', /dropped without a release/);
  assert.ok(await peer.exists(path), 'it is held all the same');
});

test('so is an item of a queue', async (t) => {
  const { peer, heard } = await leaks(t);
  const queue = new Queue(peer, '/queue');
  await queue.put('lost');
  await queue.take();
  await eventually('a warning', async () => {
    await collect();
    return heard.length > 0;
  });
  assert.match(heard[0]?.path ?? '', /^\/queue\/taken\/claim-/);
});

test('nothing is told of one that was released, is over, or can still be released', async (t) => {
  const { peer, heard } = await leaks(t);
  const released = await new Mutex(peer, '/released').acquire();
  await released.release();
  await new Mutex(peer, '/run').run(() => undefined);
  const lost = await new Mutex(peer, '/lost').tryAcquire();
  assert.ok(lost);
  await peer.delete(lost.path);
  await lost.ended;
  const queue = new Queue(peer, '/queue');
  await queue.putAll(['one', 'two']);
  await (await queue.take()).ack();
  await (await queue.take()).release();
  const { release } = await new Semaphore(peer, '/leases', { leases: 1 }).acquire();
  const marker = drop(new Mutex(peer, '/marker'));
  await eventually('the marker is told', async () => {
    await collect();
    return heard.length > 0;
  });
  const path = await marker;
  assert.deepEqual(
    heard.map((warning) => warning.path),
    [path],
  );
  await release();
});

test('work that goes on after its grant was lost is told once', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 3_000 });
  const peer = byId(group.peers, 1);
  const heard = warningsOf(peer, 'GRANT_OVERRUN');
  const late = new Mutex(peer, '/mutex').run(async (held) => {
    await byId(group.peers, 2).delete(held.path);
    await eventually('a warning', () => heard.length > 0);
  });
  await assert.rejects(late, failsWith('GRANT_LOST'));
  assert.equal(heard.length, 1);
  assert.match(heard[0]?.message ?? '', /goes on 1000 ms after it was lost/);
});

test('nothing is told of work that stops, or of a leader that was told to stop', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 3_000 });
  const peer = byId(group.peers, 1);
  const heard = warningsOf(peer, 'GRANT_OVERRUN');
  const prompt = new Mutex(peer, '/mutex').run(async (held) => {
    await byId(group.peers, 2).delete(held.path);
    await held.ended;
  });
  await assert.rejects(prompt, failsWith('GRANT_LOST'));
  const stop = new AbortController();
  const stopping = new LeaderElection(peer, '/leader').run(
    async () => {
      stop.abort();
      // Longer than it takes to tell of the other one.
      const marker = new Mutex(peer, '/marker').run(async (held) => {
        await byId(group.peers, 2).delete(held.path);
        await eventually('a warning', () => heard.length > 0);
      });
      await assert.rejects(marker, failsWith('GRANT_LOST'));
    },
    { signal: stop.signal },
  );
  await stopping;
  assert.deepEqual(
    heard.map(({ path }) => path?.startsWith('/marker/')),
    [true],
  );
});
