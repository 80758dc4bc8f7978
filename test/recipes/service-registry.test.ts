import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, type StandardSchema } from '../../lib/index.ts';
import { type Instance, type Provider, ServiceRegistry } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually, PATIENCE } from './support.ts';

const AT = { address: '10.0.0.1', port: 80 };

/** Waits until a service has so many instances, as this registry sees it. */
function untilThere<P>(
  registry: ServiceRegistry<P>,
  name: string,
  count: number,
): Promise<readonly Instance<P>[]> {
  const isSo = (instances: readonly Instance<P>[]) => instances.length === count;
  return registry.watch(name).until(isSo, { timeout: PATIENCE });
}

/** Which ids a provider gives out in so many picks. */
function picked(provider: Provider, count = 400): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < count; at += 1) {
    const id = provider.pick()?.id ?? 'none';
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

test('what one process registers the others find, as it changes and until it is closed', async () => {
  await using group = await createTestGroup(3);
  const mine = new ServiceRegistry<{ zone: string }>(byId(group.peers, 1), '/registry');
  const theirs = new ServiceRegistry<{ zone: string }>(byId(group.peers, 2), '/registry');
  const registration = await mine.register({
    name: 'orders',
    id: 'orders-0',
    ...AT,
    payload: { zone: 'a' },
  });
  const [found] = await untilThere(theirs, 'orders', 1);
  assert.deepEqual(
    { ...found, since: 0 },
    {
      id: 'orders-0',
      name: 'orders',
      url: 'http://10.0.0.1:80',
      ...AT,
      payload: { zone: 'a' },
      weight: 1,
      load: 0,
      enabled: true,
      draining: false,
      status: undefined,
      since: 0,
    },
  );
  await Promise.all([registration.update({ load: 3 }), registration.update({ enabled: false })]);
  await registration.update({ payload: { zone: 'b' }, weight: 2 });
  const [changed] = await theirs.watch('orders').until(([one]) => one?.payload.zone === 'b');
  assert.deepEqual([changed?.weight, changed?.load, changed?.enabled], [2, 3, false]);
  await registration.close();
  await untilThere(theirs, 'orders', 0);
  assert.deepEqual(await theirs.view(), []);
});

test('a registration comes back after an expiry with what was said last, to every provider', async () => {
  await using group = await createTestGroup(3);
  const peer = byId(group.peers, 1);
  const registry = new ServiceRegistry(peer, '/r');
  const registration = await registry.register({ name: 's', ...AT, payload: 1 });
  await registration.update({ payload: 2 });
  const other = new ServiceRegistry(byId(group.peers, 2), '/r');
  await using near = await registry.provider('s');
  await using far = await other.provider('s');
  const before = (await peer.exists(registration.path))?.czxid ?? 0n;
  await group.expireSession(1);
  await eventually('it is registered again', async () => {
    const stat = await byId(group.peers, 2).exists(registration.path);
    return stat !== undefined && stat.czxid > before;
  });
  for (const provider of [near, far]) {
    await eventually('it is found', () => provider.pick()?.payload === 2);
  }
});

test('the nodes are those of Curators service discovery, and such are understood', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  const registration = await registry.register({
    name: 's',
    id: 'one',
    scheme: 'wss',
    address: 'fd00::1',
    port: 1,
  });
  assert.equal(registration.path, '/r/services/s/one');
  const { data, stat } = await peer.as(json<Record<string, unknown>>()).get(registration.path);
  assert.equal(stat.ephemeralOwner, peer.session.id);
  assert.ok(Number(data.registrationTimeUTC) > 1_700_000_000_000);
  assert.deepEqual(
    { ...data, registrationTimeUTC: 0 },
    {
      name: 's',
      id: 'one',
      address: 'fd00::1',
      port: 1,
      sslPort: null,
      payload: null,
      registrationTimeUTC: 0,
      serviceType: 'DYNAMIC',
      uriSpec: {
        parts: [
          { value: 'wss://', variable: false },
          { value: 'address', variable: true },
          { value: ':', variable: false },
          { value: 'port', variable: true },
        ],
      },
      enabled: true,
    },
  );
  const curators =
    '{"name":"s","id":"two","address":"h","port":null,"sslPort":443,"payload":null,' +
    '"registrationTimeUTC":1325129459728,"serviceType":"STATIC","uriSpec":null}';
  await peer.create('/r/services/s/two', curators);
  await peer.create('/r/services/s/three', 'what is this?');
  const instances = await untilThere(registry, 's', 2);
  assert.deepEqual(
    instances.map(({ id, url }) => [id, url]),
    [
      ['one', 'wss://[fd00::1]:1'],
      ['two', 'https://h:443'],
    ],
  );
});

test('what others write there by mistake or on purpose is shown as it is, or not at all', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  const parts = ['constructor', '__proto__', 'port'].map((value) => ({ value, variable: true }));
  const nodes = {
    'services/s/a': JSON.stringify({ address: 'h', port: 1, uriSpec: { parts: [null, ...parts] } }),
    'services/s/__proto__': '{"address":"h","port":2,"weight":-1,"payload":{"__proto__":{"b":1}}}',
    'services/s/ports-end': '{"address":"h","port":1e999}',
    'services/s/half-a-port': '{"address":"h","port":0.5}',
    'services/s/null': 'null',
    'services/s/inherits': '{"__proto__":{"address":"h","port":3}}',
    'services/constructor/a/b': '{"address":"h","port":4}',
    'status/s/a': '{"state":"up","since":"now","load":-1,"detail":{}}',
    'control/s/a': '{"weight":"heavy","draining":1}',
  };
  for (const [path, data] of Object.entries(nodes)) {
    await peer.create(`/r/${path}`, data, { parents: true });
  }
  const [service, ...others] = await registry.view();
  assert.deepEqual(others, []);
  const seen = service?.instances.map((one) => [one.id, one.url, one.weight, one.draining]);
  assert.deepEqual(seen, [
    ['__proto__', 'http://h:2', 1, false],
    ['a', '1', 1, false],
  ]);
  assert.deepEqual(service?.instances[1]?.status, { state: 'up', since: 0 });
});

test('an operators weight and drain flag reach every provider, and outlive the instance', async () => {
  await using group = await createTestGroup(3);
  const registries = group.peers.map((peer) => new ServiceRegistry(peer, '/r'));
  const [one, two] = registries;
  assert.ok(one && two);
  const a = await one.register({ name: 's', id: 'a', ...AT });
  await one.register({ name: 's', id: 'b', ...AT, weight: 3 });
  const providers = await Promise.all(
    registries.map((registry) => registry.provider('s', { strategy: 'weighted' })),
  );
  for (const provider of providers) {
    await eventually('three of four go to b', () => {
      const { a: some = 0, b: more = 0 } = picked(provider);
      return some > 40 && more > 2 * some;
    });
  }
  await two.control('s', 'b', { weight: 0 });
  for (const provider of providers) {
    await eventually('all go to a', () => picked(provider).a === 400);
  }
  await Promise.all([
    two.control('s', 'b', { weight: null }),
    two.control('s', 'a', { draining: true }),
  ]);
  for (const provider of providers) {
    await eventually('all go to b', () => picked(provider).b === 400);
  }
  await a.close();
  await one.register({ name: 's', id: 'a', ...AT });
  const [still] = await untilThere(two, 's', 2);
  assert.deepEqual([still?.id, still?.draining], ['a', true]);
  await two.control('s', 'a', { draining: false });
  for (const provider of providers) {
    await eventually('both are chosen', () => Object.keys(picked(provider)).length === 2);
    await provider.close();
  }
});

test('undefined takes nothing back: neither what an instance says, nor an operator', async (t) => {
  const registry = new ServiceRegistry(await solo(t), '/r');
  const said = { weight: 5, enabled: false, payload: 'a' };
  const registration = await registry.register({ name: 's', id: 'a', ...AT, ...said });
  // As from a form of which only a part was filled in.
  const nothing = JSON.parse('{}');
  const { weight, enabled, payload, draining } = nothing;
  await registration.update({ load: 2, weight, enabled, payload });
  await registry.control('s', 'a', { draining: true });
  await registry.control('s', 'a', { weight, draining });
  const [one] = await untilThere(registry, 's', 1);
  assert.deepEqual(
    [one?.weight, one?.enabled, one?.payload, one?.load, one?.draining],
    [5, false, 'a', 2, true],
  );
});

test('who is cut off finds what it knew; who dies is gone for the others', async () => {
  await using group = await createTestGroup(3);
  const registries = group.peers.map((peer) => new ServiceRegistry(peer, '/r'));
  for (const [at, registry] of registries.entries()) {
    await registry.register({ name: 's', id: String(at + 1), ...AT });
  }
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  await using provider = await new ServiceRegistry(follower, '/r').provider('s');
  await eventually('all three', () => Object.keys(picked(provider)).length === 3);
  await group.kill(leader.id);
  await eventually('two', () => Object.keys(picked(provider)).length === 2);
  assert.equal(picked(provider)[leader.id], undefined);
  const others = group.peers.filter((peer) => peer !== follower).map(({ id }) => id);
  group.partition([follower.id], others);
  assert.equal(Object.keys(picked(provider)).length, 2);
  group.heal();
});

test('a payload that the schema refuses is not written, and who has such a one is not there', async (t) => {
  const peer = await solo(t);
  const payload: StandardSchema<{ zone: string }, { zone: string }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => {
        const isRight = typeof value === 'object' && value !== null && 'zone' in value;
        return isRight ? { value } : { issues: [{ message: 'no zone' }] };
      },
    },
  };
  const registry = new ServiceRegistry(peer, '/r', { payload });
  const wrong = {} as { zone: string };
  await assert.rejects(
    registry.register({ name: 's', ...AT, payload: wrong }),
    failsWith('INVALID_DATA', { message: /no zone/ }),
  );
  const registration = await registry.register({
    name: 's',
    ...AT,
    payload: { zone: 'a' },
  });
  await assert.rejects(registration.update({ payload: wrong }), failsWith('INVALID_DATA'));
  const loose = new ServiceRegistry(peer, '/r');
  const other = await loose.register({ name: 's', ...AT, payload: 1 });
  await assert.rejects(other.update({ payload: 1n }), failsWith('INVALID_DATA'));
  await other.update({ load: 7 });
  assert.equal((await untilThere(loose, 's', 2)).length, 2);
  assert.equal((await untilThere(registry, 's', 1))[0]?.payload.zone, 'a');
});

test('a wait that ends leaves nothing behind', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  await peer.create('/r/services/s/taken', '{}', { parents: true });
  await assert.rejects(
    registry.register({ name: 's', id: 'taken', ...AT }),
    failsWith('NODE_EXISTS'),
  );
  const session = await peer.openSession();
  await session.create('/r/services/s/held', '{}', { ephemeral: true });
  const waiting = registry.register({ name: 's', id: 'held', ...AT }, { timeout: 20 });
  await assert.rejects(waiting, failsWith('TIMED_OUT'));
  const stop = AbortSignal.abort();
  const aborted = registry.register({ name: 's', id: 'other', ...AT }, { signal: stop });
  await assert.rejects(aborted, failsWith('ABORTED'));
  await session.close();
  assert.deepEqual(await peer.children('/r/services/s'), ['taken']);
});

test('wrong names and numbers are refused', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  const register = (change: object) => registry.register({ name: 's', ...AT, ...change });
  await assert.rejects(register({ name: 'a/b' }), failsWith('BAD_ARGUMENTS'));
  await assert.rejects(register({ id: '..' }), failsWith('BAD_ARGUMENTS'));
  await assert.rejects(register({ id: '' }), failsWith('BAD_ARGUMENTS'));
  await assert.rejects(register({ port: 65_536 }), RangeError);
  await assert.rejects(register({ port: '8080' }), { name: 'TypeError', message: /not a string/ });
  await assert.rejects(register({ address: 'http://a' }), RangeError);
  await assert.rejects(register({ weight: -1 }), RangeError);
  await assert.rejects(register({ weigth: 1 }), TypeError);
  await assert.rejects(register({ address: '' }), TypeError);
  const provider = (options: object) => registry.provider('s', options);
  await assert.rejects(provider({ strategy: 'best' }), TypeError);
  await assert.rejects(provider({ ejectAfter: 0 }), RangeError);
  await assert.rejects(registry.control('s', 'a', { weight: Number.NaN }), RangeError);
  const nothing = undefined as never;
  await assert.rejects(registry.control('s', 'a', nothing), { message: /what is to be changed/ });
  const registration = await register({});
  await assert.rejects(registration.update(nothing), { message: /what has changed/ });
  assert.throws(() => registry.watch('a/b'), failsWith('BAD_ARGUMENTS'));
});

test('what is too large to be written does not stay in what is said later', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/registry');
  const registration = await registry.register({ name: 'orders', address: 'a', port: 1 });
  const updates = [{ payload: 'x'.repeat(2 ** 20) }, { weight: 2 }];
  for (const one of updates.map((change) => registration.update(change))) {
    await assert.rejects(one, failsWith('TOO_LARGE'));
  }
  await registration.update({ weight: 3 });
  const [only] = await registry.watch('orders').until(() => true);
  assert.deepEqual([only?.weight, only?.payload], [3, undefined]);
});

test('a provider of a client that is closed is refused', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/registry');
  await peer.close();
  await assert.rejects(registry.provider('orders'), failsWith('CLOSED'));
});
