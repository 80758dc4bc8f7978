import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, QuorateError, type StandardSchema } from '../../lib/index.ts';
import { Config, Migrations, Mutex, TreeCache } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import {
  type Before,
  byId,
  eventually,
  losingAnswer,
  PATIENCE,
  preceded,
  untilHeard,
} from './support.ts';

interface Limits {
  perSecond: number;
}

/** Of any schema library. */
const schema: StandardSchema<Limits, Limits> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const isGood = typeof value === 'object' && value !== null && 'perSecond' in value;
      return isGood ? { value } : { issues: [{ message: 'perSecond is missing' }] };
    },
  },
};

test('a change reaches every process, typed; the fallback holds while there is none', async () => {
  await using group = await createTestGroup(3);
  const configs = group.peers.map((peer) => {
    return new Config(peer.as(json(schema)), '/config/limits', { fallback: { perSecond: 1 } });
  });
  const lives = await Promise.all(configs.map((config) => config.watch().live()));
  assert.deepEqual(
    lives.map(({ value }) => value.perSecond),
    [1, 1, 1],
  );
  await configs[0]?.set({ perSecond: 20 });
  const now = await configs[1]?.update(({ perSecond }) => ({ perSecond: perSecond * 2 }), {
    timeout: PATIENCE,
  });
  assert.ok(now);
  await eventually('all have it', () => {
    return lives.every(({ value }) => value.perSecond === now.perSecond);
  });
  for (const live of lives) await live.close();
});

test('a bad value is refused when it is set, and changes nothing when it is there', async (t) => {
  const peer = await solo(t);
  const config = new Config(peer.as(json(schema)), '/config/limits');
  assert.equal(await config.get(), undefined);
  const live = await config.watch().live();
  await config.set({ perSecond: 5 });
  await assert.rejects(config.set({} as Limits), failsWith('INVALID_DATA'));
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  await peer.set('/config/limits', '{"perHour":1}');
  await eventually('it is told', () => QuorateError.is(live.error, 'INVALID_DATA'));
  assert.deepEqual(live.value, { perSecond: 5 });
  await assert.rejects(config.get(), failsWith('INVALID_DATA'));
  await assert.rejects(
    config.update(() => ({ perSecond: 6 })),
    failsWith('INVALID_DATA'),
  );
  await config.set({ perSecond: 7 });
  await eventually('the next good one', () => live.value?.perSecond === 7);
  assert.equal(live.error, undefined);
  await peer.delete('/config/limits', { recursive: true });
  await eventually('none', () => live.value === undefined);
  await live.close();
});

test('the history has what was set, the newest first, and not more than it keeps', async () => {
  await using group = await createTestGroup(3);
  const configs = group.peers.map((peer) => new Config(peer, '/c', { history: 4 }));
  const values = Array.from({ length: 12 }, (_, at) => String(at));
  await Promise.all(values.map((value, at) => configs[at % 3]?.set(value)));
  const peer = byId(group.peers, 1);
  await peer.sync();
  const history = await configs[0]?.history();
  assert.equal(history?.length, 4);
  const [newest, before] = history ?? [];
  const node = await peer.get('/c');
  assert.equal(newest?.data, node.data);
  assert.equal(newest?.stat.czxid, node.stat.mzxid);
  assert.ok(before && newest && before.stat.czxid < newest.stat.czxid);
  await new Config(peer, '/d', { history: 0 }).set('x');
  assert.deepEqual(await peer.children('/d'), []);
  assert.throws(() => new Config(peer, '/c', { history: -1 }), RangeError);
});

test('a live value goes on through an expiry and the death of the leader', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const [mine, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(mine && other);
  const live = await new Config(mine, '/c', { fallback: 'none' }).watch().live();
  await group.expireSession(mine.id);
  await group.kill(leader.id);
  await new Config(other, '/c').set('new', { timeout: PATIENCE });
  await eventually('it has it', () => live.value === 'new');
  await live.close();
});

test('a tree cache has every node at hand, as it is', async (t) => {
  const peer = await solo(t);
  const cache = new TreeCache(peer.as(json<number>()), '/flags');
  const live = await cache.watch().live();
  assert.equal(live.value.size, 0);
  const sizes: number[] = [];
  cache.watch().subscribe((nodes) => void sizes.push(nodes.size));
  await peer.create('/flags/a', '1', { parents: true });
  await peer.create('/flags/b', '2');
  await live.until((nodes) => nodes.has('/flags/b'), { timeout: PATIENCE });
  assert.equal(live.value.get('/flags/a')?.data, 1);
  assert.deepEqual([...live.value.keys()].sort(), ['/flags', '/flags/a', '/flags/b']);
  await peer.set('/flags/a', '3');
  await peer.delete('/flags/b');
  await eventually('it has changed', () => live.value.size === 2);
  assert.equal(live.value.get('/flags/a')?.data, 3);
  assert.deepEqual([...live.value].map(([path]) => path).sort(), ['/flags', '/flags/a']);
  assert.deepEqual(
    [...live.value.values()].map(({ data }) => data).filter((data) => data !== undefined),
    [3],
  );
  let visited = 0;
  live.value.forEach(() => {
    visited += 1;
  });
  assert.equal(visited, 2);
  assert.equal([...live.value.entries()].length, 2);
  await eventually('the listener', () => sizes.at(-1) === 2);
  await live.close();
});

test('migrations run once in the group, in their order, by whoever is first', async () => {
  await using group = await createTestGroup(3);
  const ran: string[] = [];
  const steps = ['1', '2', '3'].map((name) => ({
    name,
    run: async (client: { create(path: string): Promise<unknown> }) => {
      ran.push(name);
      await client.create(`/made-${name}`);
    },
  }));
  const results = await Promise.all(
    group.peers.map((peer) => new Migrations(peer, '/migrations', steps).run()),
  );
  assert.deepEqual(ran, ['1', '2', '3']);
  assert.deepEqual(results.flat(), ['1', '2', '3']);
  const peer = byId(group.peers, 1);
  await peer.sync();
  const records = await new Migrations(peer, '/migrations', steps).records();
  assert.deepEqual(
    records.map(({ name }) => name),
    ['1', '2', '3'],
  );
});

test('a step that throws is not done, and the next run begins with it', async (t) => {
  const peer = await solo(t);
  const mine = new Error('mine');
  const good = { name: 'a', run: () => {} };
  const bad = { name: 'b', run: () => Promise.reject(mine) };
  await assert.rejects(new Migrations(peer, '/m', [good, bad]).run(), (error) => error === mine);
  const fixed = { name: 'b', run: () => {} };
  assert.deepEqual(await new Migrations(peer, '/m', [good, fixed]).run(), ['b']);
  assert.deepEqual(await new Migrations(peer, '/m', [good, fixed]).run(), []);
  const early = { name: 'a0', run: () => assert.fail('it stands before one that is done') };
  await assert.rejects(
    new Migrations(peer, '/m', [good, early, fixed]).run(),
    failsWith('BAD_ARGUMENTS', { message: /a0 stands before b/ }),
  );
  assert.throws(() => new Migrations(peer, '/m', [good, good]), RangeError);
  assert.throws(() => new Migrations(peer, '/m', [{ ...good, name: 'a/b' }]), RangeError);
});

test('the answer about its folder is lost: the value was not set', async (t) => {
  const peer = await solo(t);
  const config = new Config(
    losingAnswer(peer, 'create', () => true),
    '/config/name',
  );
  const lost = failsWith('SESSION_EXPIRED', { outcome: 'not-applied' });
  await assert.rejects(config.set('a'), lost);
  assert.equal(await peer.exists('/config/name'), undefined);
  await config.set('b');
  assert.equal(await config.get(), 'b');
});

test('a step whose grant is lost writes no more, and is run again by another process', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const cut = group.peers.find((peer) => peer !== leader);
  assert.ok(cut);
  const lost = new Migrations(cut, '/m', [
    {
      name: 'a',
      run: async (client, grant) => {
        group.partition([cut.id]);
        await grant.ended;
        await client.create('/late');
      },
    },
  ]);
  await assert.rejects(lost.run(), failsWith('GRANT_LOST'));
  const next = new Migrations(leader, '/m', [
    { name: 'a', run: (client) => client.create('/done') },
  ]);
  assert.deepEqual(await next.run({ timeout: PATIENCE }), ['a']);
  group.heal();
  await untilHeard(cut);
  assert.equal(await cut.exists('/late'), undefined);
  assert.ok(await cut.exists('/done'));
});

test('a value is never changed by what was made of another node of its name', async (t) => {
  const peer = await solo(t);
  await peer.create('/limit', 'first');
  const before: Before = {};
  before.multi = async () => {
    delete before.multi;
    await peer.delete('/limit');
    await peer.create('/limit', 'second');
  };
  const limit = new Config(preceded(peer, before), '/limit', { history: 0 });
  assert.equal(await limit.update((now) => `${now}, changed`), 'second, changed');
  const lock = await new Mutex(peer, '/lock').acquire();
  const guarded = new Config(peer.guardedBy(lock), '/limit', { history: 0 });
  await guarded.set('third');
  await lock.release();
  await assert.rejects(guarded.set('fourth'), (error) =>
    QuorateError.is(error, 'GRANT_LOST', 'RELEASED'),
  );
  assert.equal(await limit.get(), 'third');
});

test('who has changed a value is told so, though it cannot be read again', async (t) => {
  const peer = await solo(t);
  let reads = 0;
  const client = preceded(peer, {
    find: () => {
      reads += 1;
      if (reads > 1) throw QuorateError.make('TIMED_OUT');
    },
  });
  const update = new Config(client, '/limit', { history: 0 }).update(() => 'new');
  await assert.rejects(update, failsWith('TIMED_OUT', { outcome: 'applied' }));
  assert.equal((await peer.get('/limit')).data, 'new');
});

test('an asynchronous change is refused, and the value stays', async (t) => {
  const peer = await solo(t);
  const limit = new Config(peer.as(json<unknown>()), '/limit');
  await limit.set({ perSecond: 1 });
  await assert.rejects(
    limit.update(async () => {
      throw new Error('nobody waits for it');
    }),
    TypeError,
  );
  await assert.rejects(limit.set(Promise.resolve({ perSecond: 2 })), TypeError);
  assert.deepEqual(await limit.get(), { perSecond: 1 });
});
