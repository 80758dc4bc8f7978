import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, cbor, json, type Peer, type Stat } from '../../lib/index.ts';
import { failsWith, solo } from './solo.ts';

test('the tutorial: create, read, compare-and-set, multi, update', async (t) => {
  const peer = await solo(t);
  const { stat } = await peer.create('/config/db', 'postgres://db1', { parents: true });
  const { data } = await peer.get('/config/db');
  assert.equal(data, 'postgres://db1');
  await peer.set('/config/db', `${data}?pool=8`, { version: stat.version });
  await peer.multi([
    { check: '/config/db', version: 1 },
    { create: '/config/log', data: 'info' },
  ]);
  const visits = await peer.update('/visits', (count) => `${Number(count ?? 0) + 1}`);
  assert.equal(visits.data, '1');
  assert.equal((await peer.update('/visits', (count) => `${Number(count) + 1}`)).data, '2');
  assert.deepEqual(await peer.children('/config'), ['db', 'log']);
});

test('a Stat has its eleven fields, and they move as in ZooKeeper', async (t) => {
  const peer = await solo(t);
  const { stat } = await peer.create('/a', 'abc');
  assert.equal(stat.czxid, stat.mzxid);
  assert.equal(stat.czxid, stat.pzxid);
  assert.deepEqual(
    [
      stat.version,
      stat.cversion,
      stat.aversion,
      stat.ephemeralOwner,
      stat.dataLength,
      stat.numChildren,
    ],
    [0, 0, 0, 0n, 3, 0],
  );
  assert.ok(Math.abs(stat.ctime - Date.now()) < 60_000);
  const after = await peer.set('/a', '');
  assert.deepEqual([after.version, after.dataLength], [1, 0]);
  assert.ok(after.mzxid > stat.mzxid);
  const child = await peer.create('/a/b');
  const parent = await peer.exists('/a');
  assert.deepEqual(
    [parent?.cversion, parent?.numChildren, parent?.pzxid],
    [1, 1, child.stat.czxid],
  );
});

test('what is absent: get rejects, find and exists say undefined', async (t) => {
  const peer = await solo(t);
  await assert.rejects(
    peer.get('/none'),
    failsWith('NO_NODE', { path: '/none', outcome: 'not-applied' }),
  );
  assert.equal(await peer.find('/none'), undefined);
  assert.equal(await peer.exists('/none'), undefined);
  await assert.rejects(peer.children('/none'), failsWith('NO_NODE', { path: '/none' }));
});

test('writes are refused with their code, path and outcome', async (t) => {
  const peer = await solo(t);
  await peer.create('/a/b', '', { parents: true });
  const refused = 'not-applied' as const;
  const cases: [call: () => Promise<unknown>, check: (error: unknown) => boolean][] = [
    [() => peer.create('/a'), failsWith('NODE_EXISTS', { path: '/a', outcome: refused })],
    [() => peer.create('/x/y'), failsWith('NO_NODE', { message: /parents: true/ })],
    [() => peer.set('/none', ''), failsWith('NO_NODE', { path: '/none', outcome: refused })],
    [
      () => peer.set('/a', '', { version: 3 }),
      failsWith('BAD_VERSION', { path: '/a', outcome: refused }),
    ],
    [() => peer.delete('/a'), failsWith('NOT_EMPTY', { path: '/a' })],
    [() => peer.delete('/a/b', { version: 9 }), failsWith('BAD_VERSION')],
    [() => peer.delete('/none'), failsWith('NO_NODE')],
    [() => peer.delete('/'), failsWith('BAD_ARGUMENTS')],
    [() => peer.create('a'), failsWith('BAD_ARGUMENTS', { message: /not absolute/ })],
    [() => peer.create('/a/../b'), failsWith('BAD_ARGUMENTS', { message: /relative/ })],
    [() => peer.get('/a/'), failsWith('BAD_ARGUMENTS', { message: /trailing slash/ })],
    [() => peer.set('/a', 'x'.repeat(1_048_577)), failsWith('TOO_LARGE', { outcome: refused })],
  ];
  for (const [call, check] of cases) await assert.rejects(call(), check);
  assert.deepEqual(await peer.children('/a'), ['b'], 'nothing was done');
});

test('kinds of nodes: sequential, container, TTL, ephemeral', async (t) => {
  const peer = await solo(t);
  const sequence = await Promise.all(
    [1, 2, 3].map(() => peer.create('/n-', '', { sequential: true })),
  );
  assert.deepEqual(
    sequence.map(({ path }) => path),
    ['/n-0000000000', '/n-0000000001', '/n-0000000002'],
  );
  const below = await peer.create('/n-0000000000/', '', { sequential: true });
  assert.equal(below.path, '/n-0000000000/0000000000');
  const ephemeral = await peer.session.create('/e', '', { ephemeral: true });
  assert.equal(ephemeral.stat.ephemeralOwner, peer.session.id);
  await assert.rejects(peer.create('/e/child'), failsWith('NO_CHILDREN_FOR_EPHEMERALS'));
  await peer.create('/c', '', { container: true });
  await peer.create('/t', '', { ttl: 60_000 });
  for (const path of ['/c', '/t']) assert.equal((await peer.exists(path))?.ephemeralOwner, 0n);
});

test('children are sorted, and come in pages', async (t) => {
  const peer = await solo(t);
  await peer.create('/p');
  await Promise.all(['d', 'a', 'c', 'b'].map((name) => peer.create(`/p/${name}`)));
  assert.deepEqual(await peer.children('/p'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(await peer.children('/p', { limit: 2 }), ['a', 'b']);
  assert.deepEqual(await peer.children('/p', { limit: 2, startAfter: 'b' }), ['c', 'd']);
  assert.deepEqual(await peer.children('/p', { startAfter: 'd' }), []);
});

test('delete takes a subtree at once, and ensurePath makes one', async (t) => {
  const peer = await solo(t);
  await peer.ensurePath('/a/b/c');
  await peer.ensurePath('/a/b/c');
  await peer.ensurePath('/');
  assert.deepEqual(await peer.children('/a/b'), ['c']);
  await peer.delete('/a', { recursive: true });
  assert.equal(await peer.exists('/a'), undefined);
});

test('a multi is all or nothing, and its results have the types of its operations', async (t) => {
  const peer = await solo(t);
  const results = await peer.multi([
    { create: '/m', data: 'one' },
    { set: '/m', data: 'two', version: 0 },
    { check: '/m', version: 1 },
    { create: '/m/n-', sequential: true },
    { delete: '/m/n-0000000000' },
  ]);
  const [created, set, checked, numbered, deleted] = results;
  const version: number = set.version;
  assert.deepEqual([created.path, version, checked, deleted], ['/m', 1, undefined, undefined]);
  assert.equal(numbered.path, '/m/n-0000000000');
  assert.equal(created.stat.czxid, set.mzxid, 'one transaction');
  assert.deepEqual(await peer.children('/m'), []);

  const failing = peer.multi([{ set: '/m', data: 'three' }, { delete: '/none' }, { create: '/z' }]);
  await assert.rejects(
    failing,
    failsWith('NO_NODE', { index: 1, path: '/none', outcome: 'not-applied' }),
  );
  assert.equal((await peer.get('/m')).data, 'two');
  assert.equal(await peer.exists('/z'), undefined);
  assert.deepEqual(await peer.multi([]), []);
});

test('calls keep their order without await; a read waits for the writes before it', async (t) => {
  const peer = await solo(t);
  const order: string[] = [];
  const note = (name: string) => () => void order.push(name);
  const calls = [
    peer.create('/o', '1').then(note('create')),
    peer.set('/o', '2').then(note('set')),
    peer.get('/o').then(({ data }) => note(`get ${data}`)()),
    peer.delete('/o').then(note('delete')),
    peer.find('/o').then((node) => note(`find ${node?.data}`)()),
  ];
  await Promise.all(calls);
  assert.deepEqual(order, ['create', 'set', 'get 2', 'delete', 'find undefined']);
});

test('an update is not made of a node that was made anew under the same name and version', async (t) => {
  const peer = await solo(t);
  await peer.create('/n', 'old');
  const others: Promise<unknown>[] = [];
  const { data } = await peer.update('/n', (before) => {
    if (others.length === 0) others.push(peer.delete('/n'), peer.create('/n', 'new'));
    return `${before}, updated`;
  });
  await Promise.all(others);
  assert.equal(data, 'new, updated');
  assert.equal((await peer.get('/n')).data, 'new, updated');
});

test('the root is updated like any other node', async (t) => {
  const peer = await solo(t);
  await peer.update('/', (before) => `${before}one`);
  const { data, stat } = await peer.update('/', (before) => `${before}, two`);
  assert.deepEqual([data, stat.version], ['one, two', 2]);
});

test('concurrent updates lose nothing', async (t) => {
  const peer = await solo(t);
  const increment = () => peer.update('/count', (count) => `${Number(count ?? 0) + 1}`);
  await Promise.all(Array.from({ length: 20 }, increment));
  assert.equal((await peer.get('/count')).data, '20');
});

test('nobody edits the tree through a buffer', async (t) => {
  const raw = (await solo(t)).as(bytes);
  const given = Uint8Array.of(1, 2, 3);
  const write = raw.create('/b', given);
  given.fill(9);
  await write;
  const first = await raw.get('/b');
  assert.deepEqual([...first.data], [1, 2, 3]);
  first.data.fill(8);
  assert.deepEqual([...(await raw.get('/b')).data], [1, 2, 3]);
  const found: Stat = first.stat;
  Object.assign(found, { version: 77 });
  assert.equal((await raw.exists('/b'))?.version, 0);
});

test('views change the type of the data and the root, and nothing else', async (t) => {
  const peer = await solo(t);
  const app = peer.namespace('/apps/one');
  const created = await app.create('/settings', 'x');
  assert.equal(created.path, '/settings', 'the first write made the root of the namespace');
  assert.equal((await peer.get('/apps/one/settings')).data, 'x');
  assert.deepEqual(await app.children('/'), ['settings']);
  await assert.rejects(app.get('/none'), failsWith('NO_NODE', { path: '/none' }));
  await assert.rejects(app.get('none'), failsWith('BAD_ARGUMENTS'));
  const nested = app.namespace('/deeper').as(json<{ n: number }>());
  await nested.create('/v', { n: 1 });
  assert.deepEqual((await nested.get('/v')).data, { n: 1 });
  assert.equal((await peer.get('/apps/one/deeper/v')).data, '{"n":1}');
  const [first] = await app.multi([{ create: '/q-', sequential: true }]);
  assert.equal(first.path, '/q-0000000002');
  const binary = peer.as(cbor<Map<string, bigint>>());
  await binary.create('/map', new Map([['a', 2n ** 70n]]));
  assert.equal((await binary.get('/map')).data.get('a'), 2n ** 70n);
});

test('data that a codec refuses is INVALID_DATA, whoever wrote it', async (t) => {
  const peer = await solo(t);
  const typed = peer.as(json());
  await peer.create('/j', '{broken');
  await assert.rejects(typed.get('/j'), failsWith('INVALID_DATA', { path: '/j' }));
  await assert.rejects(
    typed.set('/j', () => 1),
    failsWith('INVALID_DATA', { outcome: 'not-applied' }),
  );
  await peer.as(bytes).set('/j', Uint8Array.of(0xff));
  await assert.rejects(peer.get('/j'), failsWith('INVALID_DATA'));
  assert.equal((await peer.exists('/j'))?.version, 1, 'its Stat can be read');
});

test('ACLs bind sessions; addAuth opens what they close', async (t) => {
  const peer = await solo(t);
  const { stat } = await peer.create('/secret', 'x', { acl: ['world:anyone:ra'] });
  await assert.rejects(peer.set('/secret', 'y'), failsWith('NO_AUTH', { path: '/secret' }));
  assert.deepEqual((await peer.getAcl('/secret')).acl, ['world:anyone:ra']);
  await peer.addAuth('digest', 'ann:secret');
  const after = await peer.setAcl('/secret', ['auth::cdrwa'], { version: stat.aversion });
  assert.equal(after.aversion, 1);
  await peer.set('/secret', 'y');
  await using other = await peer.openSession();
  await assert.rejects(other.get('/secret'), failsWith('NO_AUTH'));
  await assert.rejects(peer.create('/bad', '', { acl: ['nonsense'] }), failsWith('INVALID_ACL'));
  await assert.rejects(peer.addAuth('digest', 'nobody'), failsWith('AUTH_FAILED'));
});

const MISUSE: [what: string, call: (peer: Peer) => Promise<unknown>, message: RegExp][] = [
  ['a path that is no string', (peer) => peer.get(loose(7)), /a path must be a string/],
  [
    'an unknown option',
    (peer) => peer.set('/a', '', loose({ verison: 1 })),
    /'verison'; known are/,
  ],
  [
    'a version that is undefined',
    (peer) => peer.set('/a', '', loose({ version: undefined })),
    /version is undefined/,
  ],
  [
    'a ttl that is undefined',
    (peer) => peer.create('/a', '', loose({ ttl: undefined })),
    /ttl is undefined/,
  ],
  [
    'an ephemeral of the client',
    (peer) => peer.create('/a', '', loose({ ephemeral: true })),
    /client\.session/,
  ],
  [
    'two kinds at once',
    (peer) => peer.create('/a', '', { container: true, ttl: 1 }),
    /exclude each other/,
  ],
  [
    'a version and recursive',
    (peer) => peer.delete('/a', loose({ version: 1, recursive: true })),
    /exclude each other/,
  ],
  ['data of another type', (peer) => peer.set('/a', loose(7)), /must be a string/],
  ['a set without data', (peer) => peer.set('/a', loose(undefined)), /must be a string/],
  ['a timeout that is text', (peer) => peer.get('/a', loose({ timeout: '5' })), /timeout/],
  [
    'an unknown consistency',
    (peer) => peer.get('/a', loose({ consistency: 'strong' })),
    /consistency/,
  ],
  ['a zxid that is a number', (peer) => peer.get('/a', loose({ after: 7 })), /bigint/],
  ['operations that are none', (peer) => peer.multi(loose('x')), /must be an array/],
  [
    'an operation of no kind',
    (peer) => peer.multi(loose([{ put: '/a' }])),
    /operation 0 must have one of/,
  ],
  [
    'an operation of two kinds',
    (peer) => peer.multi(loose([{ set: '/a', delete: '/a' }])),
    /operation 0/,
  ],
  [
    'an ephemeral in a multi of the client',
    (peer) => peer.multi(loose([{ create: '/a', ephemeral: true }])),
    /client\.session/,
  ],
  ['an unknown field', (peer) => peer.multi(loose([{ check: '/a', versoin: 1 }])), /'versoin'/],
];

/** What JavaScript may pass, whatever the types say. */
function loose(value: unknown): never {
  return value as never;
}

for (const [what, call, message] of MISUSE) {
  test(`misuse rejects with a TypeError: ${what}`, async (t) => {
    const peer = await solo(t);
    await assert.rejects(call(peer), { name: 'TypeError', message });
  });
}

test('numbers out of their bounds reject with a RangeError', async (t) => {
  const peer = await solo(t);
  const calls = [
    () => peer.set('/a', '', { version: -1 }),
    () => peer.set('/a', '', { version: 1.5 }),
    () => peer.create('/a', '', { ttl: 0 }),
    () => peer.children('/', { limit: -1 }),
    () => peer.get('/', { timeout: -1 }),
    () => peer.get('/', { after: -1n }),
  ];
  for (const call of calls) await assert.rejects(call(), RangeError);
});
