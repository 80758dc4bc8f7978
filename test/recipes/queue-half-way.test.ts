/** Refusals and ends in the middle of a queue's work: nobody waits for ever, and nothing is kept from the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/index.ts';
import { Mutex, Queue, type QueueItem } from '../../lib/recipes/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { expire } from './at-every-call.ts';
import {
  type Before,
  eventually,
  limit,
  nodesIn,
  PATIENCE,
  preceded,
  untilNodes,
} from './support.ts';

test('what a quota keeps from being put aside holds up nobody, and goes when there is room', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxAttempts: 1, prefetch: 8 });
  await queue.putAll(['poison', 'good', 'better']);
  await limit(peer, '/q/dead', 'countHardLimit=1');
  const [poison, good, better] = [await queue.take(), await queue.take(), await queue.take()];
  await Promise.all([poison.release(), good.ack()]);
  await better.ack();
  assert.equal(await queue.size(), 1);
  await limit(peer, '/q/dead', 'countHardLimit=9');
  await untilNodes(peer, '/q/dead', 1);
  assert.equal(await queue.size(), 0);
});

test('an item that an operator has deleted leaves no claim behind', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  for (const end of ['ack', 'release'] as const) {
    await queue.put(end);
    const item = await queue.take();
    await peer.delete(`/q/entries/${item.name}`);
    await item[end]();
    assert.equal(await peer.exists(item.path), undefined, end);
  }
});

test('who takes does not stay for a claim that an operator has deleted', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await queue.putAll(['1', '2']);
  const item = await queue.take();
  await peer.delete(item.path);
  await item.release();
  // It stays for a while for whoever comes next.
  await eventually('it has left', async () => (await nodesIn(peer, '/q/taken')).length === 0);
});

test('an item that goes together with its claim is no error', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  const before: Before = {};
  before.find = async (path) => {
    if (typeof path !== 'string' || !path.startsWith('/q/entries/')) return;
    delete before.find;
    const names = await peer.children('/q/taken');
    const claims = names.filter((name) => name.startsWith('claim-'));
    for (const gone of [path, ...claims.map((name) => `/q/taken/${name}`)]) await peer.delete(gone);
  };
  const queue = new Queue(preceded(peer, before), '/q');
  await queue.put('1');
  const taken = queue.take({ timeout: PATIENCE });
  await eventually('it is gone', () => before.find === undefined);
  await queue.put('2');
  const item = await taken;
  assert.deepEqual([item.data, errors], ['2', []]);
  await item.ack();
});

test('under a grant that is over nothing is taken, and what was taken is for others', async (t) => {
  const peer = await solo(t);
  const term = await new Mutex(peer, '/leader').acquire();
  const guarded = new Queue(peer.guardedBy(term), '/q');
  await guarded.putAll(['1', '2', '3', '4']);
  const item = await guarded.take();
  const waits = [guarded.take(), guarded.take()];
  const others = await Promise.all(waits);
  await term.release();
  await assert.rejects(guarded.take({ timeout: PATIENCE }), failsWith('GRANT_LOST'));
  await assert.rejects(
    guarded.run(() => {}),
    failsWith('GRANT_LOST'),
  );
  await assert.rejects(item.ack(), failsWith('GRANT_LOST'));
  for (const one of [item, ...others]) await one.release();
  const queue = new Queue(peer, '/q');
  for (const data of ['1', '2', '3', '4']) {
    const again = await queue.take({ timeout: PATIENCE });
    assert.deepEqual([again.data, again.attempt], [data, data === '4' ? 1 : 2]);
    await again.ack();
  }
});

test('run goes on where the group is too busy for a moment, whatever it was asked for', async (t) => {
  const peer = await solo(t);
  const left = { exists: 2, create: 2, multi: 4 };
  const refuse = (name: keyof typeof left) => () => {
    if (left[name] === 0) return;
    left[name] -= 1;
    throw QuorateError.make('OVERLOADED', undefined, { outcome: 'not-applied' });
  };
  const before = { exists: refuse('exists'), create: refuse('create'), multi: refuse('multi') };
  const all = new Queue(peer, '/q');
  await all.put('later', { delay: 1 });
  await all.put('now');
  const stop = new AbortController();
  const done = new Set<string>();
  const work = ({ data }: QueueItem<string>) => {
    if (done.add(data).size === 2) stop.abort();
  };
  await new Queue(preceded(peer, before), '/q').run(work, { signal: stop.signal });
  assert.deepEqual(left, { exists: 0, create: 0, multi: 0 });
  assert.equal(await all.size(), 0);
});

test('whoever waits for an item under a grant that is over is told so, though there is none', async (t) => {
  const peer = await solo(t);
  const grant = await new Mutex(peer, '/lock').acquire({ timeout: PATIENCE });
  const queue = new Queue(peer.guardedBy(grant), '/q');
  const waiting = queue.take({ timeout: PATIENCE });
  waiting.catch(() => {});
  await eventually('it waits', async () => (await nodesIn(peer, '/q/taken')).length === 1);
  await grant.release();
  await assert.rejects(waiting, failsWith('GRANT_LOST', { path: grant.path }));
});

test('who gives up waiting for room is in nobody else’s way, and the last one leaves no watch', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxItems: 3 });
  await queue.putAll(['1', '2']);
  const stop = new AbortController();
  const large = queue.putAll(['3', '4'], { signal: stop.signal });
  await eventually('it waits', () => peer.status.watches === 1);
  const small = queue.put('5');
  stop.abort();
  await assert.rejects(large, failsWith('ABORTED'));
  await small;
  await assert.rejects(queue.put('6', { timeout: 20 }), failsWith('TIMED_OUT'));
  await eventually('nobody looks any more', () => peer.status.watches === 0);
});

test('run rejects when all that was begun has settled, and no later than that', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer.session, '/q');
  await queue.put('long');
  let finish: () => void = () => {};
  let begun: QueueItem<string> | undefined;
  const running = queue.run(
    (item) => {
      begun = item;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
    { concurrency: 3 },
  );
  let isOver = false;
  const end = running.then(
    () => undefined,
    (error: unknown) => error,
  );
  void end.then(() => {
    isOver = true;
  });
  await eventually('it is at work', () => begun !== undefined);
  expire(peer);
  await begun?.ended;
  // Time enough for whoever waits to be told.
  for (let round = 0; round < 9; round += 1) await peer.sync();
  assert.ok(!isOver, 'it is still at work');
  finish();
  assert.ok(QuorateError.is(await end, 'SESSION_EXPIRED'));
});
