import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { AliasTable } from '../../lib/recipes/alias-table.ts';
import { type Instance, ServiceRegistry } from '../../lib/recipes/index.ts';
import { Pool, type Strategy } from '../../lib/recipes/pool.ts';
import { failsWith, solo } from '../client/solo.ts';

const STRATEGIES = ['round-robin', 'random', 'weighted', 'least-loaded', 'sticky'] as const;
const EJECT = { after: 2, for: 50 };

function instance(id: string, more: Partial<Instance> = {}): Instance {
  return {
    id,
    name: 's',
    url: `http://${id}`,
    address: id,
    port: 80,
    payload: undefined,
    weight: 1,
    load: 0,
    enabled: true,
    draining: false,
    status: undefined,
    since: 0,
    ...more,
  };
}

/** By which pools go, and how much later it is at each look. */
let clock = 0;
let pace = 0;

function poolOf(strategy: Strategy, ...instances: readonly Instance[]): Pool<unknown> {
  const pool = new Pool<unknown>(strategy, EJECT, () => (clock += pace));
  for (const one of instances) pool.set(one.id, one);
  return pool;
}

function chosen(pool: Pool<unknown>, count: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < count; at += 1) {
    const id = pool.choose()?.instance.id ?? 'none';
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

test('an alias table draws in proportion to the weights', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 12 })
        .filter((weights) => weights.some((weight) => weight > 0)),
      (weights) => {
        const table = new AliasTable(weights);
        const sum = weights.reduce((all, weight) => all + weight, 0);
        const counts = weights.map(() => 0);
        const draws = 20_000;
        for (let at = 0; at < draws; at += 1) {
          const drawn = table.draw();
          counts[drawn] = (counts[drawn] ?? Number.NaN) + 1;
        }
        for (const [at, weight] of weights.entries()) {
          const expected = (draws * weight) / sum;
          // Seven times the standard deviation at the most.
          assert.ok(
            Math.abs((counts[at] ?? 0) - expected) <= 7 * Math.sqrt(draws / 4),
            `${weights}`,
          );
          if (weight === 0) assert.equal(counts[at], 0);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('each strategy does what it says', () => {
  const all = ['a', 'b', 'c', 'd'].map((id) => instance(id));
  assert.deepEqual(chosen(poolOf('round-robin', ...all), 8), { a: 2, b: 2, c: 2, d: 2 });
  assert.equal(Object.keys(chosen(poolOf('random', ...all), 400)).length, 4);
  assert.equal(Object.keys(chosen(poolOf('sticky', ...all), 50)).length, 1);
  const heavy = poolOf('weighted', instance('a', { weight: 9 }), instance('b'));
  const { a = 0, b = 0 } = chosen(heavy, 10_000);
  assert.ok(a > 8_500 && b > 500, `${a} and ${b}`);
  const idle = poolOf('least-loaded', instance('a', { load: 5 }), instance('b'));
  const { a: busy = 0, b: free = 0 } = chosen(idle, 1_000);
  assert.ok(free > 650 && busy > 100, 'two draws, of which the same may be drawn twice');
  const slot = idle.choose();
  assert.ok(slot);
  for (let at = 0; at < 100; at += 1) {
    const next = idle.choose();
    if (next !== undefined) next.underWay += 1;
  }
  const [busier, freer] = [chosen(idle, 200).a ?? 0, chosen(idle, 200).b ?? 0];
  assert.ok(busier > 40 && freer > 40, 'what is under way counts');
});

for (const strategy of STRATEGIES) {
  test(`${strategy}: nobody is given work who must not have it`, () => {
    const pool = poolOf(strategy, instance('a'), instance('b'), instance('c'), instance('d'));
    pool.set('a', instance('a', { draining: true }));
    pool.set('b', instance('b', { enabled: false }));
    pool.set('c', instance('c', { status: { state: 'down', since: 0 } }));
    assert.deepEqual(chosen(pool, 40), { d: 40 });
    pool.set('d', undefined);
    assert.deepEqual(chosen(pool, 40), { c: 40 }, 'down is better than none');
    pool.set('c', instance('c', { weight: 0 }));
    assert.deepEqual(chosen(pool, 40), { none: 40 });
    pool.set('a', instance('a'));
    assert.deepEqual(chosen(pool, 40), { a: 40 });
    assert.equal(poolOf(strategy).choose(), undefined);
  });

  test(`${strategy}: nor when it is too early to lay out the table anew`, (t) => {
    t.after(() => {
      pace = 0;
    });
    pace = 1;
    const pool = poolOf(strategy, instance('a'));
    assert.deepEqual(chosen(pool, 3), { a: 3 });
    pool.set('a', instance('a', { draining: true }));
    assert.deepEqual(chosen(pool, 3), { none: 3 });
    pool.set('a', instance('a'));
    assert.deepEqual(chosen(pool, 3), { a: 3 });
    pool.set('a', undefined);
    assert.deepEqual(chosen(pool, 3), { none: 3 });
  });
}

test('weights may be as far apart, and as large, as numbers are', () => {
  const far = poolOf('weighted', instance('a', { weight: 1e308 }), instance('b'));
  far.set('c', instance('c', { weight: 1e308 }));
  const { a = 0, b = 0, c = 0 } = chosen(far, 1_000);
  assert.ok(a > 300 && c > 300, `${a} and ${c}`);
  assert.equal(b, 0);
  const small = poolOf('weighted', instance('a', { weight: 1e-320 }), instance('b'));
  assert.deepEqual(chosen(small, 100), { b: 100 });
});

test('who keeps throwing is ejected for a while, but never more than half', () => {
  const pool = poolOf('round-robin', instance('a'), instance('b'), instance('c'));
  const fail = (id: string) => {
    for (;;) {
      const slot = pool.choose();
      if (slot?.instance.id === id) return pool.failed(slot);
      assert.ok(slot);
    }
  };
  fail('a');
  const ok = pool.choose();
  assert.ok(ok);
  fail('a');
  assert.equal(chosen(pool, 30).a, undefined);
  fail('b');
  fail('b');
  assert.equal(chosen(pool, 30).b, 15, 'one of three is ejected already');
  clock += 60;
  assert.equal(chosen(pool, 30).a, 10, 'it is back');
  fail('a');
  assert.equal(chosen(pool, 30).a, undefined, 'and at the next failure it is out again');
  clock += 60;
  assert.equal(chosen(pool, 30).a, undefined, 'for longer');
});

test('an instance that comes back after it was gone while ejected is a new one', () => {
  const pool = poolOf('round-robin', instance('a'), instance('b'));
  for (let at = 0; at < 4; at += 1) {
    const slot = pool.choose();
    if (slot?.instance.id === 'a') pool.failed(slot);
  }
  assert.deepEqual(chosen(pool, 10), { b: 10 });
  pool.set('a', undefined);
  pool.set('a', instance('a'));
  assert.deepEqual(chosen(pool, 10), { a: 5, b: 5 });
});

test('a provider runs calls, and says so when there is nobody', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  await using provider = await registry.provider('s', { ejectAfter: 2, ejectFor: 60_000 });
  assert.equal(provider.pick(), undefined);
  await assert.rejects(
    provider.run(() => assert.fail('there is nobody')),
    failsWith('NO_NODE'),
  );
  for (const id of ['a', 'b']) await registry.register({ name: 's', id, address: id, port: 80 });
  await registry.watch('s').until((instances) => instances.length === 2);
  const mine = new Error('mine');
  const asked: string[] = [];
  for (let at = 0; at < 8; at += 1) {
    const call = provider.run(({ id }) => {
      asked.push(id);
      if (id === 'a') throw mine;
      return id;
    });
    await call.catch((error: unknown) => assert.equal(error, mine));
    await sleep(2);
  }
  assert.equal(asked.filter((id) => id === 'a').length, 2, `${asked}`);
  await provider.close();
  await registry.register({ name: 's', id: 'c', address: 'c', port: 80 });
  assert.equal(provider.pick()?.id, 'b', 'it knows what it knew');
});
