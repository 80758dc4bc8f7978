/** For every operation: ZooKeeper's order of checks. Each row breaks one rule more than the row after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATH_MAX } from '../../lib/base/path.ts';
import { type Acl, PERMISSION } from '../../lib/tree/acl.ts';
import { DataTree } from '../../lib/tree/data-tree.ts';
import { RestoredNode } from '../../lib/tree/node-row.ts';
import { DATA_MAX, TTL_MAX } from '../../lib/tree/prep-operations.ts';
import type { NodeOperation } from '../../lib/tree/request.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import { bytes, check, create, OPEN, outcome, remove, set, setAcl, World } from './world.ts';

const { read, all } = PERMISSION;
const closed: Acl = [{ scheme: 'digest', id: 'root:secret', permissions: all }];
const readOnly: Acl = [{ scheme: 'world', id: 'anyone', permissions: read }];
const large = new Uint8Array(DATA_MAX + 1);

function prepared(): { world: World; session: bigint } {
  const world = new World();
  const session = world.open();
  const make = (operation: NodeOperation): void =>
    assert.equal(outcome(world.do(session, operation)), 'create');
  make(create('/open', { data: 'x' }));
  make(create('/open/child', { data: 'x' }));
  make(create('/open/leaf'));
  make(create('/open/secret', { acl: closed }));
  make(create('/read', { acl: OPEN }));
  make(create('/read/child'));
  make(create('/read/ephemeral', { mode: 'ephemeral' }));
  assert.equal(outcome(world.do(session, setAcl('/read', readOnly))), 'set-acl');
  make(create('/ephemeral', { mode: 'ephemeral' }));
  make(create('/limited', { data: '12345' }));
  make(create('/limited/one'));
  make(create('/zookeeper/quota/limited', {}));
  make(
    create('/zookeeper/quota/limited/zookeeper_limits', {
      data: 'count=-1,bytes=-1=;byteHardLimit=6;countHardLimit=2',
    }),
  );
  return { world, session };
}

const rows: readonly (readonly [string, NodeOperation, string])[] = [
  [
    'create: data over 1 MiB, before all else',
    create('/gone/x/', { data: large, acl: [] }),
    'TOO_LARGE',
  ],
  ['create: a TTL without its mode', create('/gone/x', { ttl: 1, acl: [] }), 'BAD_ARGUMENTS'],
  ['create: a mode without its TTL', create('/gone/x', { mode: 'ttl', acl: [] }), 'BAD_ARGUMENTS'],
  [
    'create: a TTL that is no whole number',
    create('/ttl', { mode: 'ttl', ttl: 0.5 }),
    'BAD_ARGUMENTS',
  ],
  [
    'create: a TTL over the limit',
    create('/ttl', { mode: 'ttl', ttl: TTL_MAX + 1 }),
    'BAD_ARGUMENTS',
  ],
  ['create: the greatest TTL', create('/ttl', { mode: 'ttl-sequential', ttl: TTL_MAX }), 'create'],
  ['create: a bad path, before the ACL', create('gone/x', { acl: [] }), 'BAD_ARGUMENTS'],
  ['create: a trailing slash', create('/open/'), 'BAD_ARGUMENTS'],
  [
    'create: a trailing slash of a sequential node',
    create('/open/', { mode: 'persistent-sequential' }),
    'create',
  ],
  ['create: an empty ACL, before the parent', create('/gone/x', { acl: [] }), 'INVALID_ACL'],
  ['create: no parent', create('/gone/x'), 'NO_NODE'],
  ['create: no CREATE on the parent, before existence', create('/read/child'), 'NO_AUTH'],
  ['create: there is one', create('/open/child'), 'NODE_EXISTS'],
  ['create: the root', create('/'), 'NODE_EXISTS'],
  ['create: under an ephemeral node', create('/ephemeral/x'), 'NO_CHILDREN_FOR_EPHEMERALS'],
  [
    'create: missing parents under an ephemeral node',
    create('/ephemeral/x/y', { parents: true }),
    'NO_CHILDREN_FOR_EPHEMERALS',
  ],
  ['create: missing parents without CREATE', create('/read/x/y', { parents: true }), 'NO_AUTH'],
  ['create: limits that say nothing', create('/zookeeper/quota/open', {}), 'create'],
  ['create: limits of the root', create('/zookeeper/quota/zookeeper_limits'), 'BAD_ARGUMENTS'],
  [
    'create: malformed limits',
    create('/zookeeper/quota/limited/zookeeper_stats', { data: 'count' }),
    'BAD_ARGUMENTS',
  ],
  ['create: one more than the quota', create('/limited/two'), 'QUOTA_EXCEEDED'],
  ['create: a path too long', create(`/${'x'.repeat(PATH_MAX)}`), 'BAD_ARGUMENTS'],
  [
    'create: a number that makes the path too long',
    create(`/${'x'.repeat(PATH_MAX - 1)}`, { mode: 'persistent-sequential' }),
    'BAD_ARGUMENTS',
  ],

  ['delete: a bad path', remove('/open/'), 'BAD_ARGUMENTS'],
  ['delete: the root', remove('/'), 'BAD_ARGUMENTS'],
  ['delete: the system', remove('/zookeeper/quota', { recursive: true }), 'BAD_ARGUMENTS'],
  ['delete: no parent', remove('/gone/x'), 'NO_NODE'],
  ['delete: no DELETE on the parent, before existence', remove('/read/gone'), 'NO_AUTH'],
  ['delete: none', remove('/open/gone'), 'NO_NODE'],
  ['delete: another version, before children', remove('/open', { version: 3 }), 'BAD_VERSION'],
  ['delete: children', remove('/open'), 'NOT_EMPTY'],
  [
    'delete: with all below, without DELETE somewhere',
    remove('/read', { recursive: true }),
    'NO_AUTH',
  ],
  [
    'delete: with all below, another version',
    remove('/open', { recursive: true, version: 3 }),
    'BAD_VERSION',
  ],
  ['delete: closed to read is not closed to delete', remove('/open/secret'), 'delete'],

  ['set: data over 1 MiB', { type: 'set', path: 'bad', data: large, version: -1 }, 'TOO_LARGE'],
  ['set: a bad path', set('/open/', 'x'), 'BAD_ARGUMENTS'],
  ['set: none', set('/gone', 'x', 3), 'NO_NODE'],
  ['set: no WRITE, before version and quota', set('/read', 'x', 3), 'NO_AUTH'],
  [
    'set: malformed limits, before the version',
    set('/zookeeper/quota/limited/zookeeper_limits', 'x', 9),
    'BAD_ARGUMENTS',
  ],
  ['set: over the quota, before the version', set('/limited', '1234567', 9), 'QUOTA_EXCEEDED'],
  ['set: another version', set('/limited', '123456', 9), 'BAD_VERSION'],
  ['set: up to the quota', set('/limited', '123456', 0), 'set'],

  ['check: a bad path', check('/open/'), 'BAD_ARGUMENTS'],
  ['check: none', check('/gone', 3), 'NO_NODE'],
  ['check: no READ, before the version', check('/open/secret', 3), 'NO_AUTH'],
  ['check: another version', check('/open', 3), 'BAD_VERSION'],
  ['check: the version', check('/open', 0), 'check'],

  ['set-acl: a bad path, before the ACL', setAcl('/open/', []), 'BAD_ARGUMENTS'],
  ['set-acl: an empty ACL, before existence', setAcl('/gone', []), 'INVALID_ACL'],
  ['set-acl: none', setAcl('/gone', OPEN), 'NO_NODE'],
  ['set-acl: no ADMIN, before the version', setAcl('/read', OPEN, 9), 'NO_AUTH'],
  ['set-acl: another version', setAcl('/open', OPEN, 9), 'BAD_VERSION'],
  ['set-acl: the version', setAcl('/open', readOnly, 0), 'set-acl'],
];

for (const [name, operation, expected] of rows) {
  test(name, () => {
    const { world, session } = prepared();
    const hash = world.state.tree.digest;
    const result = world.do(session, operation);
    assert.equal(outcome(result), expected);
    assert.equal(
      world.state.tree.digest === hash,
      result.type === 'error' || result.type === 'check',
    );
    if (result.type === 'error') assert(result.path !== undefined, 'an error names a path');
  });
}

test('an error names the missing parent, so that it says what to create', () => {
  const { world, session } = prepared();
  assert.deepEqual(world.do(session, create('/gone/x')), {
    type: 'error',
    code: 'NO_NODE',
    path: '/gone',
  });
});

test('a version never becomes -1, which would mean any', () => {
  const { world, session } = prepared();
  const owner = {
    session: 0n,
    cxid: 0,
    resolved: 0,
    owner: { peer: 1, store: '', boot: 1 },
    time: 0,
  };
  const changes = [{ type: 'set' as const, path: '/open', data: bytes('x'), version: -2 }];
  world.own(() => ({ ...owner, body: { type: 'change', changes, spans: [1], multi: false } }));
  world.settle();
  const next = world.do(session, set('/open', 'x', -2));
  assert.equal(next.type === 'set' && next.stat.version, 0);
});

test('a version goes from the greatest int32 to the smallest', () => {
  const { world, session } = prepared();
  const txn = {
    session: 0n,
    cxid: 0,
    resolved: 0,
    owner: { peer: 1, store: '', boot: 1 },
    time: 0,
  };
  const changes = [{ type: 'set' as const, path: '/open', data: bytes('x'), version: 0x7fff_ffff }];
  world.own(() => ({ ...txn, body: { type: 'change', changes, spans: [1], multi: false } }));
  world.settle();
  const next = world.do(session, set('/open', 'x', 0x7fff_ffff));
  assert.equal(next.type === 'set' && next.stat.version, -0x8000_0000);
});

test('ten digits are all a sequential name has: beyond, no name and no wrap', () => {
  const tree = DataTree.fresh();
  const zero = {
    czxid: 0n,
    mzxid: 0n,
    pzxid: 0n,
    ctime: 0,
    mtime: 0,
    version: 0,
    aversion: 0,
    ttl: 0,
    owner: 0n,
  };
  const old = { ...zero, kind: 'persistent', creates: 0x7fff_ffff } as const;
  tree.restore(new RestoredNode().take('/old', bytes(''), old), OPEN);
  const fresh = new StateMachine();
  const { sessions, dedup, zxid, time, version, maxTreeBytes } = fresh;
  const world = new World(
    {},
    new StateMachine({ tree, sessions, dedup, zxid, time, version, maxTreeBytes }),
  );
  const session = world.open();
  const sequential = create('/old/n-', { mode: 'persistent-sequential' });
  const last = world.do(session, sequential);
  assert.equal(last.type === 'create' && last.path, '/old/n-2147483647');
  assert.deepEqual(world.do(session, sequential), {
    type: 'error',
    code: 'BAD_ARGUMENTS',
    path: '/old/n-',
  });
  assert.equal(outcome(world.do(session, create('/old/named'))), 'create');
});

test('a multi over its size is refused as a whole', () => {
  const { world, session } = prepared();
  const operations = Array.from({ length: 5 }, (_, index) =>
    create(`/big-${index}`, { data: new Uint8Array(DATA_MAX) }),
  );
  const result = world.do(session, { type: 'multi', operations });
  assert.deepEqual(result, { type: 'error', code: 'TOO_LARGE', path: '/big-3', index: 3 });
  assert.equal(world.state.tree.find('/big-0'), -1);
});
