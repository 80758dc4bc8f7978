import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { fromStatefulSet, type StatefulSet } from '../../lib/peer/from-stateful-set.ts';

const SET: StatefulSet = { replicas: 3, service: 'orders', port: 8080, hostname: 'orders-1' };

test('a pod is the peer of its ordinal, counted from one', () => {
  assert.deepEqual(fromStatefulSet(SET), {
    id: 2,
    peers: {
      1: 'ws://orders-0.orders:8080/quorate',
      2: 'ws://orders-1.orders:8080/quorate',
      3: 'ws://orders-2.orders:8080/quorate',
    },
  });
});

test('names with hyphens, whole host names, other paths and schemes', () => {
  const set: StatefulSet = {
    ...SET,
    replicas: 1,
    service: 'shop.prod.svc.cluster.local',
    hostname: 'web-shop-0.shop.prod.svc.cluster.local',
    path: '/',
    scheme: 'wss',
  };
  assert.deepEqual(fromStatefulSet(set), {
    id: 1,
    peers: { 1: 'wss://web-shop-0.shop.prod.svc.cluster.local:8080/' },
  });
});

test('without a host name the one of the system counts', () => {
  const { hostname: _, ...rest } = SET;
  if (/-\d+$/.test(hostname())) assert.doesNotThrow(() => fromStatefulSet(rest));
  else assert.throws(() => fromStatefulSet(rest), new RegExp(hostname().split('.')[0] ?? ''));
});

const REFUSED: readonly [what: string, change: object, name: string, message: RegExp][] = [
  ['a pod beyond the replicas', { hostname: 'orders-3' }, 'RangeError', /orders-0 to orders-2/],
  ['a host without an ordinal', { hostname: 'laptop' }, 'TypeError', /'laptop'.*ordinal/],
  ['an ordinal alone', { hostname: '-1' }, 'TypeError', /ordinal/],
  ['no replicas', { replicas: 0 }, 'RangeError', /replicas/],
  ['too many replicas', { replicas: 256 }, 'RangeError', /replicas/],
  ['replicas as text', { replicas: '3' }, 'TypeError', /replicas must be a number/],
  ['a port that is none', { port: 65_536 }, 'RangeError', /port/],
  ['a service with a port', { service: 'orders:8080' }, 'TypeError', /service/],
  ['a path without a slash', { path: 'quorate' }, 'TypeError', /path/],
  ['a path with a query', { path: '/a?b' }, 'TypeError', /path/],
  ['HTTP', { scheme: 'http' }, 'TypeError', /scheme/],
];

for (const [what, change, name, message] of REFUSED) {
  test(`refuses ${what}`, () => {
    const set = { ...SET, ...change } as StatefulSet;
    assert.throws(() => fromStatefulSet(set), { name, message });
  });
}
