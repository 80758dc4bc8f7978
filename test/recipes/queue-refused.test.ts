/** Items that nobody can be handed: they are put aside or left alone, and the rest of the queue goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, json, QuorateError } from '../../lib/index.ts';
import { Queue } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { followerAndOther, nodesIn, PATIENCE, untilNodes } from './support.ts';

/** Everybody may do everything with it but read it. */
const HIDDEN = ['world:anyone:cdwa'];

test('items that cannot be decoded are put aside as they are, and all others are worked on', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  const queue = new Queue(peer.as(json<number>()), '/q');
  await queue.putAll([1, 2]);
  const bad = [Uint8Array.of(0xff, 0xfe, 0), Uint8Array.of(0x7b)];
  for (const data of bad) {
    const entry = '/q/entries/entry-050-';
    await peer.as(bytes).create(entry, data, { sequential: true });
  }
  await queue.putAll([3, 4]);
  const stop = new AbortController();
  const done: number[] = [];
  await queue.run(
    ({ data }) => {
      done.push(data);
      if (done.length === 4) stop.abort();
    },
    { signal: stop.signal, concurrency: 3 },
  );
  assert.deepEqual(
    done.sort((a, b) => a - b),
    [1, 2, 3, 4],
  );
  await untilNodes(peer, '/q/dead', bad.length);
  assert.equal(errors.length, bad.length);
  assert.ok(errors.every((error) => QuorateError.is(error, 'INVALID_DATA')));
  const aside = (await peer.children('/q/dead')).map((name) => {
    return peer.as(bytes).get(`/q/dead/${name}`);
  });
  const kept = (await Promise.all(aside)).map(({ data }) => data.length).sort();
  assert.deepEqual(kept, [1, 3]);
  assert.equal(await queue.size(), 0);
});

test('an item that its ACL hides is told of once and stays; what was claimed with it is done', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  const queue = new Queue(peer, '/q', { prefetch: 4 });
  await queue.putAll(['1', '2']);
  const entry = '/q/entries/entry-050-';
  const { path } = await peer.create(entry, 'hidden', { sequential: true, acl: HIDDEN });
  for (const data of ['1', '2']) {
    const item = await queue.take({ timeout: PATIENCE });
    assert.equal(item.data, data);
    await item.ack();
  }
  assert.deepEqual(
    errors.map((error) => QuorateError.is(error) && [error.code, error.path]),
    [['NO_AUTH', path]],
  );
  assert.deepEqual([await queue.size(), await nodesIn(peer, '/q/dead')], [1, []]);
});

test('what a dead process had taken together with a hidden item is taken again', async () => {
  await using group = await createTestGroup(3);
  const [dying, other] = await followerAndOther(group);
  const queue = new Queue(dying, '/q', { prefetch: 4 });
  await queue.put('1');
  const hidden = { sequential: true, acl: HIDDEN } as const;
  await dying.create('/q/entries/entry-100-', 'hidden', hidden);
  await queue.put('2');
  // All three are in one claim.
  assert.equal((await queue.take({ timeout: PATIENCE })).data, '1');
  await group.kill(dying.id);
  const next = new Queue(other, '/q');
  for (const data of ['1', '2']) {
    const item = await next.take({ timeout: PATIENCE });
    assert.deepEqual([item.data, item.attempt], [data, 2]);
    await item.ack();
  }
});

test('who deletes the folder of what was put aside keeps nothing from being put aside', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxAttempts: 1 });
  await queue.putAll(['poison', 'good']);
  const poison = await queue.take({ timeout: PATIENCE });
  await peer.delete('/q/dead', { recursive: true });
  await poison.release();
  const [name] = await peer.children('/q/dead');
  assert.equal((await peer.get(`/q/dead/${name}`)).data, 'poison');
  const good = await queue.take({ timeout: PATIENCE });
  assert.equal(good.data, 'good');
  await good.ack();
  assert.equal(await queue.size(), 0);
});

test('a delayed item that its ACL hides, or that has children, is told of once and is in nobody’s way', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  const queue = new Queue(peer, '/q');
  await queue.put('1');
  const past = '/q/delayed/until-0000000000001-050-';
  const hidden = await peer.create(past, 'hidden', { sequential: true, acl: HIDDEN });
  const parent = await peer.create(past, 'parent', { sequential: true });
  await peer.create(`${parent.path}/child`, '');
  const waiting = [1, 2, 3].map(() => queue.take({ timeout: PATIENCE }));
  await queue.put('2', { delay: 1 });
  // Long enough for those that were refused to be tried again.
  await queue.put('3', { delay: 1_500 });
  for (const [at, item] of waiting.entries()) {
    const { data, ack } = await item;
    assert.equal(data, `${at + 1}`);
    await ack();
  }
  assert.deepEqual(
    errors.map((error) => QuorateError.is(error) && [error.code, error.path]),
    [
      ['NO_AUTH', hidden.path],
      ['NOT_EMPTY', parent.path],
    ],
  );
  await peer.setAcl(hidden.path, ['world:anyone:cdrwa']);
  await peer.delete(`${parent.path}/child`);
  const freed = [await queue.take({ timeout: PATIENCE }), await queue.take({ timeout: PATIENCE })];
  assert.deepEqual(freed.map(({ data }) => data).sort(), ['hidden', 'parent']);
  for (const item of freed) await item.ack();
});

test('a queue that an operator empties by deleting its folders is put into again', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await queue.put('old');
  const old = await queue.take({ timeout: PATIENCE });
  await peer.delete('/q/entries', { recursive: true });
  await peer.delete('/q/delayed', { recursive: true });
  const name = await queue.put('new', { timeout: PATIENCE });
  await queue.put('later', { delay: 1, timeout: PATIENCE });
  // It has the name of the old one, and is nobody's.
  assert.equal(name, old.name);
  await assert.rejects(old.ack(), failsWith('GRANT_LOST'));
  for (const data of ['new', 'later']) {
    const item = await queue.take({ timeout: PATIENCE });
    assert.equal(item.data, data);
    await item.ack();
  }
});
