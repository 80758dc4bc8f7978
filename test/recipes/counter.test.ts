import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/index.ts';
import { Counter, UniqueId } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, counting, eventually, losingAnswer, preceded } from './support.ts';

test('every addition counts once, whoever adds at the same time, and is told its own sum', async () => {
  await using group = await createTestGroup(3);
  const sums: number[] = [];
  await Promise.all(
    group.peers.map(async (peer) => {
      const counter = new Counter(peer, '/counts/orders');
      for (let round = 0; round < 20; round += 1) {
        sums.push(...(await Promise.all([counter.add(), counter.add(), counter.add()])));
      }
    }),
  );
  assert.deepEqual(
    sums.sort((a, b) => a - b),
    Array.from({ length: 180 }, (_, at) => at + 1),
  );
  const counter = new Counter(byId(group.peers, 1), '/counts/orders');
  assert.equal(await counter.add(-80), 100);
  assert.equal(await counter.get(), 100);
});

test('additions of one turn share a transaction', async (t) => {
  const peer = await solo(t);
  await peer.create('/n');
  const { client, counts } = counting(peer);
  const counter = new Counter(client, '/n');
  const sums = await Promise.all(Array.from({ length: 50 }, (_, at) => counter.add(at)));
  assert.equal(sums.at(-1), 1_225);
  assert.equal(counts.get('set'), 1);
});

test('whoever watches is told; a node without a number is refused and left alone', async (t) => {
  const peer = await solo(t);
  const counter = new Counter(peer, '/n');
  const live = await counter.watch().live();
  assert.equal(live.value, 0);
  await counter.add(5);
  await eventually('it is told', () => live.value === 5);
  await peer.set('/n', 'five');
  await assert.rejects(counter.add(), failsWith('INVALID_DATA'));
  assert.equal((await peer.get('/n')).data, 'five');
  await eventually('the last good one stays', () => QuorateError.is(live.error, 'INVALID_DATA'));
  assert.equal(live.value, 5);
  await peer.set('/n', String(Number.MAX_SAFE_INTEGER));
  await assert.rejects(counter.add(), failsWith('INVALID_DATA'));
  await live.close();
  await assert.rejects(counter.add(0.5), RangeError);
  await assert.rejects(counter.add('1' as never), TypeError);
});

test('an addition that is cut short says what became of it', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const cut = group.peers.find((peer) => peer !== leader);
  assert.ok(cut);
  const counter = new Counter(cut, '/n');
  await counter.add();
  group.partition([cut.id]);
  const late = await counter.add(10, { timeout: 50 }).then(
    () => assert.fail('nobody can have answered'),
    (error: unknown) => error,
  );
  assert.ok(QuorateError.is(late, 'TIMED_OUT'));
  const stop = new AbortController();
  const withdrawn = counter.add(100, { signal: stop.signal });
  stop.abort();
  await assert.rejects(withdrawn, failsWith('ABORTED', { outcome: 'not-applied' }));
  group.heal();
  const outcome = await late.settled;
  const sum = await new Counter(leader, '/n').get({ consistency: 'linearizable' });
  assert.equal(sum, outcome === 'applied' ? 11 : 1);
});

test('the answer about its folder is lost: an addition is begun again', async (t) => {
  const peer = await solo(t);
  const isFolder = ([path]: readonly unknown[]): boolean => path === '/counts';
  const counter = new Counter(losingAnswer(peer, 'create', isFolder), '/counts/n');
  assert.equal(await counter.add(4), 4);
  assert.equal((await peer.get('/counts/n')).data, '4');
});

test('a number that was made anew since it was read is not written over', async (t) => {
  const peer = await solo(t);
  await peer.create('/n', '40');
  let isAnew = false;
  const overtaken = preceded(peer, {
    set: async () => {
      if (isAnew) return;
      isAnew = true;
      await peer.delete('/n');
      await peer.create('/n', '1');
    },
  });
  assert.equal(await new Counter(overtaken, '/n').add(2), 3);
});

test('ids are given once, in blocks or one by one, by every process', async () => {
  await using group = await createTestGroup(3);
  const ids: number[] = [];
  await Promise.all(
    group.peers.map(async (peer, at) => {
      const source = new UniqueId(peer, '/ids', { block: [1, 10, 100][at] ?? 1 });
      const own: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        own.push(...(await Promise.all(Array.from({ length: 30 }, () => source.next()))));
      }
      assert.deepEqual(
        own,
        [...own].sort((a, b) => a - b),
        'those of one process rise',
      );
      ids.push(...own);
    }),
  );
  assert.equal(new Set(ids).size, 450);
  assert.ok(Math.min(...ids) === 1);
});

test('a block is asked for once, however many wait; wrong blocks are refused', async (t) => {
  const peer = await solo(t);
  await peer.create('/ids');
  const { client, counts } = counting(peer);
  const source = new UniqueId(client, '/ids', { block: 50 });
  await Promise.all(Array.from({ length: 50 }, () => source.next()));
  assert.equal(counts.get('set'), 1);
  assert.equal(await source.next(), 51);
  assert.equal((await peer.get('/ids')).data, '100');
  assert.throws(() => new UniqueId(peer, '/ids', { block: 0 }), RangeError);
  await assert.rejects(source.next({ timeout: 'long' } as object), TypeError);
});

test('aborted at any step, the outcome is that of the sum', async (t) => {
  const peer = await solo(t);
  const counter = new Counter(peer, '/n');
  await counter.add();
  let applied = 1;
  for (let steps = 0; steps < 30; steps += 1) {
    const stop = new AbortController();
    const adding = counter.add(1, { signal: stop.signal }).then(
      () => 'applied' as const,
      (error: unknown) => (QuorateError.is(error, 'ABORTED') ? error.settled : assert.fail()),
    );
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    stop.abort();
    if ((await adding) === 'applied') applied += 1;
    assert.equal(await counter.get(), applied, `aborted after ${steps} steps`);
  }
});

test('additions that come together are each counted exactly, or refused by themselves', async (t) => {
  const peer = await solo(t);
  const counter = new Counter(peer, '/count');
  const most = Number.MAX_SAFE_INTEGER;
  await counter.add(4);
  const added = await Promise.allSettled([most, -1, -most, 1].map((delta) => counter.add(delta)));
  const [far, ...others] = added;
  assert.equal(far?.status, 'rejected');
  assert.ok(failsWith('INVALID_DATA', { outcome: 'not-applied' })(far.reason));
  assert.deepEqual(
    others.map((one) => one.status === 'fulfilled' && one.value),
    [3, 3 - most, 4 - most],
  );
  assert.equal(await counter.get(), 4 - most);
});
