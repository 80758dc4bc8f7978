import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import {
  type InstanceStatus,
  type Probe,
  Scanner,
  type ScannerOptions,
  ServiceRegistry,
} from '../../lib/recipes/index.ts';
import { Verdicts } from '../../lib/recipes/verdicts.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { eventually, PATIENCE } from './support.ts';

const AT = { address: '10.0.0.1', port: 80 };
const WAIT = { timeout: PATIENCE };

/** Waits until an instance has a status that passes. */
function untilStatus(
  registry: ServiceRegistry,
  id: string,
  test: (status: InstanceStatus | undefined) => boolean,
): Promise<unknown> {
  return registry.watch('s').until((all) => test(all.find((one) => one.id === id)?.status), WAIT);
}

test('one scanner in the group is at work, and what it finds reaches every provider', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 10_000 });
  const registries = group.peers.map((peer) => new ServiceRegistry(peer, '/r'));
  const [registry] = registries;
  assert.ok(registry);
  for (const id of ['a', 'b']) await registry.register({ name: 's', id, ...AT });
  const sick = new Set<string>();
  const at = new Set<number>();
  const stop = new AbortController();
  const scans = group.peers.map((peer) => {
    const probe: Probe = async ({ id }) => {
      at.add(peer.id);
      if (sick.has(id)) throw new Error('it is sick');
      return { load: id === 'a' ? 1 : 2 };
    };
    const scanner = new Scanner(peer, '/r', { probe, interval: 20, fall: 2 });
    return scanner.run({ signal: stop.signal });
  });
  const providers = await Promise.all(registries.map((one) => one.provider('s')));
  await untilStatus(registry, 'b', (status) => status?.state === 'up' && status.load === 2);
  sick.add('a');
  const isDown = (status: InstanceStatus | undefined) => status?.state === 'down';
  for (const [index, provider] of providers.entries()) {
    await untilStatus(registries[index] ?? registry, 'a', isDown);
    await eventually('a is left out', () => {
      return Array.from({ length: 10 }, () => provider.pick()?.id).every((id) => id === 'b');
    });
  }
  const [service] = await registry.view();
  const [a] = service?.instances ?? [];
  assert.deepEqual([a?.id, a?.status?.detail], ['a', 'it is sick']);
  sick.clear();
  await untilStatus(registry, 'a', (status) => status?.state === 'up' && status.load === 1);
  assert.equal(at.size, 1, 'one scans');
  stop.abort();
  await Promise.all(scans);
});

test('another one goes on when the scanner dies', async () => {
  await using group = await createTestGroup(3);
  const seen: number[] = [];
  const registry = new ServiceRegistry(group.peers[0] ?? assert.fail(), '/r');
  for (const peer of group.peers) {
    const probe: Probe = () => {
      seen.push(peer.id);
      return { detail: String(peer.id) };
    };
    void new Scanner(peer, '/r', { probe, interval: 20 }).run();
  }
  await registry.register({ name: 's', id: 'a', ...AT });
  await untilStatus(registry, 'a', (status) => status?.state === 'up');
  const first = seen[0] ?? 0;
  await group.kill(first);
  const [survivor] = group.peers;
  assert.ok(survivor);
  const theirs = new ServiceRegistry(survivor, '/r');
  await theirs.register({ name: 's', id: 'b', ...AT }, WAIT);
  await untilStatus(theirs, 'b', (status) => status?.state === 'up');
  assert.notEqual(seen.at(-1), first);
});

test('a probe that hangs has failed; the status of who is gone goes, too', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  const registration = await registry.register({ name: 's', id: 'a', ...AT });
  let aborted = 0;
  const probe: Probe = (_, signal) => {
    signal.addEventListener('abort', () => {
      aborted += 1;
    });
    return new Promise(() => {});
  };
  const stop = new AbortController();
  const options = { probe, interval: 10, timeout: 10, fall: 2 };
  const scanning = new Scanner(peer, '/r', options).run({ signal: stop.signal });
  await untilStatus(registry, 'a', (status) => {
    return status?.state === 'down' && /timed out/.test(status.detail ?? '');
  });
  assert.ok(aborted >= 2);
  await registration.close();
  await peer.watchChildren('/r/status/s').until((names) => names.length === 0, WAIT);
  stop.abort();
  await scanning;
});

test('what an instance tells of itself does not end the scanner', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  for (const id of ['a', 'b']) await registry.register({ name: 's', id, ...AT });
  const stop = new AbortController();
  // As it comes from the body of an answer.
  const probe: Probe = ({ id }) => JSON.parse(id === 'a' ? '{ "detail": 5, "load": "x" }' : 'null');
  const scanning = new Scanner(peer, '/r', { probe, interval: 20 }).run({ signal: stop.signal });
  for (const id of ['a', 'b']) {
    await untilStatus(registry, id, (status) => status?.state === 'up');
  }
  const [a] = (await registry.watch('s').until(() => true)).map(({ status }) => status);
  assert.deepEqual(Object.keys(a ?? {}), ['state', 'since']);
  stop.abort();
  await scanning;
});

test('without a probe it looks whether somebody listens there', async (t) => {
  const peer = await solo(t);
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const registry = new ServiceRegistry(peer, '/r');
  const { port } = address;
  await registry.register({ name: 's', id: 'a', address: '127.0.0.1', port });
  const stop = new AbortController();
  const scanner = new Scanner(peer, '/r', { interval: 10, fall: 1 });
  const scanning = scanner.run({ signal: stop.signal });
  await untilStatus(registry, 'a', (status) => status?.state === 'up');
  server.close();
  await untilStatus(registry, 'a', (status) => status?.state === 'down');
  stop.abort();
  await scanning;
});

test('nothing is written while nothing changes, and nothing after it was stopped', async (t) => {
  const peer = await solo(t);
  const registry = new ServiceRegistry(peer, '/r');
  await registry.register({ name: 's', id: 'a', ...AT });
  let probes = 0;
  const probe: Probe = () => {
    probes += 1;
    return { load: 1 };
  };
  const stop = new AbortController();
  const scanning = new Scanner(peer, '/r', { probe, interval: 1 }).run({ signal: stop.signal });
  await eventually('it has probed', () => probes > 20);
  assert.equal((await peer.get('/r/status/s/a')).stat.version, 0);
  stop.abort();
  await scanning;
  const before = probes;
  await sleep(20);
  assert.equal(probes, before);
});

test('verdicts: down after so many failures in a row, up after so many that passed', () => {
  const rules = fc.record({
    fall: fc.integer({ min: 1, max: 4 }),
    rise: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(rules, fc.array(fc.boolean(), { maxLength: 40 }), ({ fall, rise }, probes) => {
      const verdicts = new Verdicts({ fall, rise });
      let status: InstanceStatus | undefined;
      for (const [at, passed] of probes.entries()) {
        const seen = probes.slice(0, at + 1);
        status = verdicts.judge('s/a', status, { passed }, at) ?? status;
        const lastFailed = seen.slice(-fall);
        const lastPassed = seen.slice(-rise);
        if (lastFailed.length === fall && !lastFailed.includes(true)) {
          assert.equal(status?.state, 'down');
        }
        if (lastPassed.length === rise && !lastPassed.includes(false)) {
          assert.equal(status?.state, 'up');
        }
        if (status !== undefined) assert.ok(status.since <= at);
      }
    }),
  );
});

test('wrong options are refused', async (t) => {
  const peer = await solo(t);
  const make = (options: object) => () => new Scanner(peer, '/r', options as ScannerOptions);
  assert.throws(make({ probe: 'tcp' }), TypeError);
  assert.throws(make({ interval: 0 }), RangeError);
  assert.throws(make({ fall: '3' }), TypeError);
  assert.throws(make({ intervall: 3 }), TypeError);
  assert.throws(() => new Scanner(peer, 'r'), failsWith('BAD_ARGUMENTS'));
});
