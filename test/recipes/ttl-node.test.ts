import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json } from '../../lib/index.ts';
import { openTtlNode } from '../../lib/recipes/index.ts';
import { pause } from '../../lib/recipes/patience.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { type Before, byId, eventually, PATIENCE, picky, preceded } from './support.ts';

const TTL = 1_000;

test('it is there while its owner lives, and gone when nobody keeps it any more', async (t) => {
  await using group = await createTestGroup(3);
  const [mine, theirs] = [byId(group.peers, 1), byId(group.peers, 2)];
  const witness = byId(group.peers, 3);
  await using kept = await openTtlNode(mine, '/stations/1', 'charging', { ttl: TTL });
  await openTtlNode(theirs, '/stations/2', 'charging', { ttl: TTL });
  await group.kill(2);
  const fresh = { consistency: 'linearizable' } as const;
  assert.ok(await witness.exists('/stations/2', fresh), 'it outlives its process');
  const states: unknown[] = [];
  using _ = witness.watch(kept.path).subscribe((node) => void states.push(node?.data));
  // The leader looks every ten seconds.
  await witness.watch('/stations/2').until((node) => node === undefined, { timeout: 3 * PATIENCE });
  t.diagnostic('the group has deleted the one that nobody keeps');
  assert.equal((await witness.get('/stations/1')).data, 'charging');
  const touched = await witness.exists('/stations/1/touch');
  assert.ok((touched?.version ?? 0) >= 2, 'it was kept alive by writes');
  assert.deepEqual(states, ['charging'], 'nobody is woken by that');
});

test('what is set is told, and closing it removes it', async (t) => {
  const peer = await solo(t);
  const node = await openTtlNode(peer.as(json<string>()), '/n', 'one', { ttl: TTL });
  await node.set('two');
  assert.equal((await peer.get('/n')).data, '"two"');
  await assert.rejects(node.set('x'.repeat(2 ** 20)), failsWith('TOO_LARGE'));
  await peer.delete('/n', { recursive: true });
  await eventually('it is back', async () => (await peer.find('/n'))?.data === '"two"');
  await Promise.all([node.close(), node.close()]);
  assert.equal(await peer.exists('/n'), undefined);
  await assert.rejects(node.set('late'), failsWith('CLOSED'));
});

test('one that is kept at its end is taken over with what is said then', async (t) => {
  const peer = await solo(t);
  const before = await openTtlNode(peer, '/a/b', 'old', { ttl: TTL });
  await before.close({ keep: true });
  const { czxid } = (await peer.get('/a/b')).stat;
  const after = await openTtlNode(peer, '/a/b', 'new', { ttl: TTL });
  const { data, stat } = await peer.get('/a/b');
  assert.deepEqual([data, stat.czxid], ['new', czxid]);
  await peer.create('/a/b/child');
  await after.close();
  assert.deepEqual(await peer.children('/a/b'), ['child'], 'what others have there stays');
});

test('one that somebody deletes is made again, with its newest data', async (t) => {
  const peer = await solo(t);
  await using node = await openTtlNode(peer, '/a', 'first', { ttl: TTL });
  await node.set('second');
  await peer.delete('/a', { recursive: true });
  await eventually('it is back', async () => (await peer.find('/a'))?.data === 'second');
  await peer.delete('/a', { recursive: true });
  await node.set('third');
  assert.equal((await peer.get('/a')).data, 'third');
  assert.ok(await peer.exists('/a/touch'));
});

test('it survives the expiry of its session, and the end of contact', async () => {
  await using group = await createTestGroup(3);
  const other = byId(group.peers, 2);
  await using node = await openTtlNode(byId(group.peers, 1), '/a', 'here', { ttl: TTL });
  const { czxid } = (await other.get('/a')).stat;
  const touches = async (): Promise<number> => (await other.exists('/a/touch'))?.version ?? 0;
  await group.expireSession(1);
  const before = await touches();
  await eventually('it is touched through the next session', async () => {
    return (await touches()) > before;
  });
  group.partition([1]);
  await assert.rejects(node.set('lost', { timeout: 10 }), failsWith('TIMED_OUT'));
  group.heal();
  const after = await touches();
  await eventually('it is touched again', async () => (await touches()) > after);
  assert.equal((await other.get('/a')).stat.czxid, czxid);
});

test('what is set while it is being closed makes no node that nobody keeps', async (t) => {
  const peer = await solo(t);
  const node = await openTtlNode(peer, '/stations/1', 'charging', { ttl: 60_000 });
  await peer.delete(node.path, { recursive: true });
  const late = assert.rejects(node.set('idle'), failsWith('CLOSED', { outcome: 'not-applied' }));
  await node.close();
  await late;
  assert.equal(await peer.exists(node.path), undefined);
});

test('what is wrong is refused', async (t) => {
  const peer = await solo(t);
  await assert.rejects(openTtlNode(peer, '/a', '', { ttl: 999 }), RangeError);
  await assert.rejects(openTtlNode(peer, '/a', '', { ttl: 2 ** 40 }), RangeError);
  // @ts-expect-error: without a time to live
  await assert.rejects(openTtlNode(peer, '/a', ''), TypeError);
  await assert.rejects(openTtlNode(peer, 'a', '', { ttl: TTL }), failsWith('BAD_ARGUMENTS'));
  await assert.rejects(openTtlNode(peer, '/', '', { ttl: TTL }), failsWith('BAD_ARGUMENTS'));
  await peer.session.create('/e', '', { ephemeral: true });
  const taken = openTtlNode(peer, '/e', '', { ttl: TTL });
  await assert.rejects(taken, failsWith('NO_CHILDREN_FOR_EPHEMERALS'));
});

test('what is refused is never what it is made of again', async (t) => {
  const peer = await solo(t);
  await using node = await openTtlNode(peer.as(picky), '/a', 'first', { ttl: TTL });
  for (const one of ['bad', 'bad again'].map((data) => node.set(data))) {
    await assert.rejects(one, failsWith('INVALID_DATA'));
  }
  await peer.delete('/a', { recursive: true });
  await eventually('it is back', async () => (await peer.find('/a'))?.data === 'first');
});

test('closing it does not wait for a sign of life that is on its way', async (t) => {
  const peer = await solo(t);
  let signal: AbortSignal | undefined;
  const before: Before = {
    set: (_path, _data, options) => {
      signal = (options as { readonly signal?: AbortSignal }).signal;
    },
  };
  const node = await openTtlNode(preceded(peer, before), '/a', 'first', { ttl: TTL });
  await eventually('a sign of life', () => signal !== undefined);
  await node.close({ keep: true });
  assert.equal(signal?.aborted, true);
});

test('the longest time to live there is costs no sign of life in each millisecond', async (t) => {
  const peer = await solo(t);
  await using _ = await openTtlNode(peer, '/stations/1', 'charging', { ttl: 2 ** 40 - 1 });
  for (let turns = 0; turns < 50; turns += 1) await peer.sync();
  await pause(50);
  assert.equal((await peer.exists('/stations/1/touch'))?.version, 0);
});
