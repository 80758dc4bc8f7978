/** A bounded queue: how many are let in, and that nobody waits where there is room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/index.ts';
import { Queue } from '../../lib/recipes/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { eventually, PATIENCE, picky, preceded } from './support.ts';

test('many who put at once in one process are let in as far as there is room', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxItems: 5 });
  await queue.put('first');
  const stop = new AbortController();
  const names = Array.from({ length: 100 }, (_, at) => `${at}`);
  const puts = names.map((data) => queue.put(data, { signal: stop.signal }));
  const ends = Promise.allSettled(puts);
  await eventually('the others wait', () => peer.status.watches === 1);
  assert.equal(await queue.size(), 5);
  await Promise.all(puts.slice(0, 4));
  stop.abort();
  const refused = (await ends).filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 96);
  assert.equal(await queue.size(), 5);
});

test('whose item is refused leaves his room to whoever waits', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer.as(picky), '/q', { maxItems: 1 });
  const bad = queue.put('bad');
  const good = queue.put('good', { timeout: PATIENCE });
  await assert.rejects(bad, /it is bad/);
  await good;
  assert.equal(await queue.size(), 1);
});

test('whoever waits for room looks again where the group could not be asked for a moment', async (t) => {
  const peer = await solo(t);
  const failures = ['OVERLOADED', 'SESSION_EXPIRED'] as const;
  const left = [...failures];
  let isFull = false;
  const client = preceded(peer, {
    exists: () => {
      const code = isFull ? left.pop() : undefined;
      if (code !== undefined) throw QuorateError.make(code, undefined, { outcome: 'not-applied' });
    },
  });
  const queue = new Queue(client, '/q', { maxItems: 1 });
  await queue.put('1');
  const waiting = queue.put('2', { timeout: PATIENCE });
  await eventually('it waits', () => peer.status.watches === 1);
  isFull = true;
  const first = await new Queue(peer, '/q').take({ timeout: PATIENCE });
  await first.ack();
  await waiting;
  assert.deepEqual(left, []);
});

test('whoever waits for room is told that his session has ended', async (t) => {
  const peer = await solo(t);
  const session = await peer.openSession();
  const queue = new Queue(session, '/q', { maxItems: 1 });
  await queue.put('1');
  const waiting = assert.rejects(queue.put('2'), failsWith('CLOSED'));
  await eventually('it waits', () => peer.status.watches === 1);
  await session.close();
  await waiting;
});
