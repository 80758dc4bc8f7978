import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { present } from '../../lib/base/assert.ts';
import { OPEN_ACL } from '../../lib/tree/acl-table.ts';
import type { NodeRecord } from '../../lib/tree/checkpoint-record.ts';
import { DataTree, NODE_OVERHEAD } from '../../lib/tree/data-tree.ts';
import { RestoredNode } from '../../lib/tree/node-row.ts';
import { limitedPath, parseLimits, type Usage } from '../../lib/tree/quota.ts';
import type { Operation } from '../../lib/tree/request.ts';
import type { StateMachine } from '../../lib/tree/state-machine.ts';
import { bytes, create, outcome, ownerOf, parts, remove, restore, set, World } from './world.ts';

function limit(world: World, session: bigint, path: string, limits: string): string {
  world.do(session, create(`/zookeeper/quota${path}`, { parents: true }));
  return outcome(
    world.do(session, create(`/zookeeper/quota${path}/zookeeper_limits`, { data: limits })),
  );
}

/** What the state counts of a quota. */
function used(state: StateMachine, path: string): Usage | undefined {
  const quota = state.tree.quotas.get(path);
  return quota && { count: quota.count, bytes: quota.bytes };
}

/** Proposes without applying. */
function ask(world: World, session: bigint, operation: Operation): void {
  const cxid = world.number(session, ownerOf(1));
  world.propose({ session, cxid, resolved: cxid - 1, owner: ownerOf(1), operation });
}

test('limits as ZooKeeper writes them', () => {
  assert.deepEqual(parseLimits(bytes('count=1,bytes=2')), { count: -1, bytes: -1 });
  assert.deepEqual(parseLimits(bytes('count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3')), {
    count: 3,
    bytes: 10,
  });
  assert.deepEqual(parseLimits(bytes('countHardLimit=')), { count: -1, bytes: -1 });
  assert.deepEqual(parseLimits(bytes('')), { count: -1, bytes: -1 });
  for (const bad of ['count', 'count=x', '=1', 'count=-', 'count=1=2'])
    assert.equal(parseLimits(bytes(bad)), undefined, bad);
  assert.equal(limitedPath('/zookeeper/quota/a/b/zookeeper_limits'), '/a/b');
  assert.equal(limitedPath('/zookeeper/quota/zookeeper_limits'), undefined);
  assert.equal(limitedPath('/zookeeper/quota/a/zookeeper_stats'), undefined);
  assert.equal(limitedPath('/a/zookeeper_limits'), undefined);
});

test('a count quota bounds a subtree, its root and what is proposed counted', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/app/a', { parents: true }));
  assert.equal(limit(world, session, '/app', 'countHardLimit=4'), 'create');
  assert.deepEqual(used(world.state, '/app'), { count: 2, bytes: 0 });
  const multi: Operation = {
    type: 'multi',
    operations: [create('/app/b'), create('/app/a/c'), create('/app/d')],
  };
  assert.deepEqual(world.do(session, multi), {
    type: 'error',
    code: 'QUOTA_EXCEEDED',
    path: '/app/d',
    index: 2,
  });
  ask(world, session, create('/app/b'));
  ask(world, session, create('/app/a/c'));
  ask(world, session, create('/app/d'));
  ask(world, session, remove('/app/b'));
  ask(world, session, create('/app/e'));
  ask(world, session, create('/beside'));
  const results = world.settle().map(({ result }) => outcome(result));
  assert.deepEqual(results, ['create', 'create', 'QUOTA_EXCEEDED', 'delete', 'create', 'create']);
  assert.deepEqual(used(world.state, '/app'), { count: 4, bytes: 0 });
});

test('a byte quota bounds growth, never shrinking', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/app', { data: '1234567890' }));
  limit(world, session, '/app', 'byteHardLimit=5');
  assert.equal(outcome(world.do(session, set('/app', '12345678901'))), 'QUOTA_EXCEEDED');
  assert.equal(outcome(world.do(session, set('/app', '123456789'))), 'set');
  assert.equal(outcome(world.do(session, create('/app/empty'))), 'create');
  assert.equal(outcome(world.do(session, create('/app/full', { data: 'x' }))), 'QUOTA_EXCEEDED');
});

test('every quota above a node counts', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/a/b', { parents: true }));
  limit(world, session, '/a', 'countHardLimit=3');
  limit(world, session, '/a/b', 'countHardLimit=10');
  assert.equal(outcome(world.do(session, create('/a/b/c'))), 'create');
  assert.equal(outcome(world.do(session, create('/a/b/d'))), 'QUOTA_EXCEEDED');
});

test('limits may change, go, and come before what they limit', () => {
  const world = new World();
  const session = world.open();
  limit(world, session, '/later', 'countHardLimit=1');
  assert.deepEqual(used(world.state, '/later'), { count: 0, bytes: 0 });
  assert.equal(outcome(world.do(session, create('/later/x', { parents: true }))), 'QUOTA_EXCEEDED');
  assert.equal(world.state.tree.find('/later'), -1);
  assert.equal(outcome(world.do(session, create('/later'))), 'create');
  const limits = '/zookeeper/quota/later/zookeeper_limits';
  world.do(session, set(limits, 'countHardLimit=2'));
  assert.equal(outcome(world.do(session, create('/later/x'))), 'create');
  assert.equal(outcome(world.do(session, create('/later/y'))), 'QUOTA_EXCEEDED');
  world.do(session, remove(limits));
  assert.equal(outcome(world.do(session, create('/later/y'))), 'create');
});

test('a restored quota counts as the saved one', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/app/a', { parents: true, data: 'abc' }));
  limit(world, session, '/app', 'countHardLimit=2');
  const copy = restore(parts(world.state, 2));
  assert.deepEqual(used(copy, '/app'), { count: 2, bytes: 3 });
  const after = new World({}, copy);
  after.adopt(world);
  assert.equal(outcome(after.do(session, create('/app/b'))), 'QUOTA_EXCEEDED');
});

/** A chain of nodes, each with a quota, and nodes below the last of them. */
function* chainOfQuotas(depth: number, below: number): Generator<NodeRecord> {
  const node: NodeRecord = {
    ...{ path: '/', data: bytes('123'), acl: 0, kind: 'persistent', ttl: 0, owner: 0n },
    ...{ czxid: 1n, mzxid: 1n, pzxid: 1n, ctime: 0, mtime: 0 },
    ...{ version: 0, aversion: 0, creates: 0 },
  };
  const limits = bytes('countHardLimit=1000000');
  for (const path of ['/', '/zookeeper', '/zookeeper/quota']) yield { ...node, path };
  for (let level = 1; level <= depth; level += 1) {
    const path = '/d'.repeat(level);
    yield { ...node, path };
    yield { ...node, path: `/zookeeper/quota${path}` };
    yield { ...node, path: `/zookeeper/quota${path}/zookeeper_limits`, data: limits };
  }
  for (let at = 0; at < below; at += 1) yield { ...node, path: `${'/d'.repeat(depth)}/${at}` };
}

test('each node of a checkpoint is counted once, however many quotas are above it', () => {
  const tree = new DataTree();
  const DEPTH = 200;
  const BELOW = 20_000;
  const begun = process.cpuUsage();
  const restored = new RestoredNode();
  for (const node of chainOfQuotas(DEPTH, BELOW)) {
    tree.restore(restored.take(node.path, node.data, node), OPEN_ACL);
  }
  const restoring = process.cpuUsage(begun);
  const between = process.cpuUsage();
  tree.restored();
  const counting = process.cpuUsage(between);
  for (const level of [1, 2, DEPTH / 2, DEPTH]) {
    const count = BELOW + DEPTH - level + 1;
    const { limits, ...usage } = present(tree.quotas.get('/d'.repeat(level)), 'quota');
    assert.deepEqual(usage, { count, bytes: count * 3 }, `level ${level}`);
    assert.equal(limits.count, 1_000_000);
  }
  // It is done in one piece, and was ten times as long as all before it.
  assert.ok(counting.user < 2 * restoring.user, `${counting.user} µs after ${restoring.user} µs`);
});

test('the whole tree is bounded: growth stops, deletes go on', () => {
  const world = new World({ maxTreeBytes: new World().state.treeBytes + 3 * NODE_OVERHEAD });
  const session = world.open();
  assert.equal(outcome(world.do(session, create('/a'))), 'create');
  assert.equal(outcome(world.do(session, create('/b'))), 'create');
  assert.equal(outcome(world.do(session, create('/c'))), 'QUOTA_EXCEEDED');
  assert.equal(outcome(world.do(session, set('/a', 'x'.repeat(NODE_OVERHEAD)))), 'QUOTA_EXCEEDED');
  assert.equal(outcome(world.do(session, set('/a', 'small'))), 'set');
  assert.equal(outcome(world.do(session, remove('/b'))), 'delete');
  assert.equal(outcome(world.do(session, create('/c'))), 'create');
});

test('the limit of the tree is what the last EPOCH_START says, and part of the state', () => {
  const world = new World();
  assert.equal(world.state.maxTreeBytes, 256 * 1024 * 1024);
  const before = world.state.hash();
  const other = new World({ maxTreeBytes: 5_000_000 });
  assert.equal(other.state.maxTreeBytes, 5_000_000);
  assert.equal(restore(parts(other.state)).maxTreeBytes, 5_000_000);
  const third = new World({ maxTreeBytes: 5_000_001 });
  assert.equal(third.state.time, other.state.time);
  assert.notEqual(third.state.hash(), other.state.hash());
  assert.equal(new World().state.hash(), before);
  // A leader that was given more does not count by it before the group has heard so.
  const session = other.open();
  const roomy = new World({}, other.state);
  roomy.adopt(other);
  assert.equal(roomy.state.maxTreeBytes, 5_000_000);
  const data = 'x'.repeat(1_000_000);
  for (const name of ['a', 'b', 'c', 'd'])
    assert.equal(outcome(roomy.do(session, create(`/${name}`, { data }))), 'create');
  assert.equal(outcome(roomy.do(session, create('/e', { data }))), 'QUOTA_EXCEEDED');
  roomy.lead();
  assert.equal(outcome(roomy.do(session, create('/e', { data }))), 'create');
});

test('the bytes of a tree are exact: after growth, deletes, closes and a restore', () => {
  const world = new World();
  const empty = world.state.treeBytes;
  const session = world.open();
  const mortal = world.open();
  assert.equal(world.state.treeBytes, empty, 'sessions are not of the tree');
  world.do(session, create('/a/b/c', { parents: true, data: '123' }));
  world.do(mortal, create('/a/e', { mode: 'ephemeral', data: '12345' }));
  assert.equal(world.state.treeBytes, empty + 4 * NODE_OVERHEAD + (2 + 4 + 6 + 4) + (3 + 5));
  world.do(session, set('/a/b/c', '1'));
  world.do(session, set('/a/b', '12'));
  assert.equal(world.state.treeBytes, empty + 4 * NODE_OVERHEAD + (2 + 4 + 6 + 4) + (1 + 2 + 5));
  assert.equal(restore(parts(world.state)).treeBytes, world.state.treeBytes);
  world.close(mortal);
  world.do(session, remove('/a/b', { recursive: true }));
  assert.equal(world.state.treeBytes, empty + NODE_OVERHEAD + 2);
  world.do(session, remove('/a'));
  assert.equal(world.state.treeBytes, empty);
  assert.equal(restore(parts(world.state)).treeBytes, empty);
});

const APP_LIMITS = '/zookeeper/quota/app/zookeeper_limits';

test('limits hold from their proposal on, what is outstanding counted, and no longer than to that of their end', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/app/old', { parents: true, data: '123' }));
  world.do(session, create('/zookeeper/quota/app'));
  ask(world, session, create('/app/b', { data: '45' }));
  ask(world, session, remove('/app/old'));
  // Two nodes and two bytes will be there, of which nothing is in the state.
  ask(world, session, create(APP_LIMITS, { data: 'countHardLimit=3,byteHardLimit=4' }));
  ask(world, session, create('/app/c', { data: '678' }));
  ask(world, session, create('/app/c', { data: '67' }));
  ask(world, session, create('/app/d'));
  ask(world, session, set(APP_LIMITS, 'countHardLimit=4'));
  ask(world, session, create('/app/d', { data: 'as long as you like' }));
  ask(world, session, create('/app/e'));
  ask(world, session, remove(APP_LIMITS));
  ask(world, session, create('/app/e'));
  assert.deepEqual(
    world.settle().map(({ result }) => outcome(result)),
    [
      ...['create', 'delete', 'create', 'QUOTA_EXCEEDED', 'create', 'QUOTA_EXCEEDED'],
      ...['set', 'create', 'QUOTA_EXCEEDED', 'delete', 'create'],
    ],
  );
});

test('limits hold for the rest of their own multi, and not at all if it fails', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/app'));
  world.do(session, create('/zookeeper/quota/app'));
  const limits = create(APP_LIMITS, { data: 'countHardLimit=2' });
  const multi = (...operations: Extract<Operation, { type: 'multi' }>['operations']): string =>
    outcome(world.do(session, { type: 'multi', operations }));
  assert.equal(multi(limits, create('/app/a'), create('/app/b')), 'QUOTA_EXCEEDED');
  assert.equal(multi(create('/app/a'), create('/app/b')), 'multi');
  assert.equal(multi(remove('/app/b'), limits, remove('/app/a'), create('/app/b')), 'multi');
  assert.equal(multi(create('/app/c')), 'QUOTA_EXCEEDED');
});

test('what the leader counts is what every state counts once all is applied', () => {
  const paths = ['/a', '/a/b', '/a/b/c', '/d'];
  const limits = ['/a', '/a/b', '/d'].map((path) => `/zookeeper/quota${path}/zookeeper_limits`);
  const operation = fc.oneof(
    fc
      .record({ path: fc.constantFrom(...paths), data: fc.string({ maxLength: 5 }) })
      .map(({ path, data }) => create(path, { data, parents: true })),
    fc
      .record({ path: fc.constantFrom(...paths), data: fc.string({ maxLength: 5 }) })
      .map(({ path, data }) => set(path, data)),
    fc.constantFrom(...paths).map((path) => remove(path, { recursive: true })),
    fc
      .record({ path: fc.constantFrom(...limits), most: fc.integer({ min: -1, max: 6 }) })
      .map(({ path, most }) => create(path, { data: `countHardLimit=${most}`, parents: true })),
    fc
      .record({ path: fc.constantFrom(...limits), most: fc.integer({ min: -1, max: 6 }) })
      .map(({ path, most }) => set(path, `byteHardLimit=${most}`)),
    fc.constantFrom(...limits).map((path) => remove(path)),
    fc.constant('apply one' as const),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const world = new World();
      const session = world.open();
      for (const next of operations) {
        if (next === 'apply one') world.settle(1);
        else ask(world, session, next);
      }
      world.settle();
      const { tree } = world.state;
      for (const path of ['/a', '/a/b', '/d']) {
        const quota = tree.quotas.get(path);
        if (quota === undefined) continue;
        const { count, bytes: total } = tree.usage(path);
        assert.deepEqual({ count: quota.count, bytes: total }, { count, bytes: quota.bytes });
        // One node more is refused exactly if the state says so.
        if (tree.find(path) === -1 || quota.limits.count < 0) continue;
        const full = tree.quotas.get('/a');
        const above = path === '/a/b' && full !== undefined && full.limits.count >= 0;
        const isFull = count >= quota.limits.count || (above && full.count >= full.limits.count);
        const result = outcome(world.do(session, create(`${path}/probe`)));
        assert.equal(result, isFull ? 'QUOTA_EXCEEDED' : 'create');
        if (!isFull) world.do(session, remove(`${path}/probe`));
      }
    }),
  );
});
