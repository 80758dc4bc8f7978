import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NODE_OVERHEAD } from '../../lib/tree/data-tree.ts';
import { limitedPath, parseLimits } from '../../lib/tree/quota.ts';
import type { Operation } from '../../lib/tree/request.ts';
import { bytes, create, outcome, ownerOf, parts, remove, restore, set, World } from './world.ts';

function limit(world: World, session: bigint, path: string, limits: string): string {
  world.do(session, create(`/zookeeper/quota${path}`, { parents: true }));
  return outcome(
    world.do(session, create(`/zookeeper/quota${path}/zookeeper_limits`, { data: limits })),
  );
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
  assert.deepEqual(world.state.tree.quotas.usage('/app'), { count: 2, bytes: 0 });
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
  const ask = (operation: Operation): void => {
    const cxid = world.number(session, ownerOf(1));
    world.propose({ session, cxid, resolved: cxid - 1, owner: ownerOf(1), operation });
  };
  ask(create('/app/b'));
  ask(create('/app/a/c'));
  ask(create('/app/d'));
  ask(remove('/app/b'));
  ask(create('/app/e'));
  ask(create('/beside'));
  const results = world.settle().map(({ result }) => outcome(result));
  assert.deepEqual(results, ['create', 'create', 'QUOTA_EXCEEDED', 'delete', 'create', 'create']);
  assert.deepEqual(world.state.tree.quotas.usage('/app'), { count: 4, bytes: 0 });
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
  assert.deepEqual(world.state.tree.quotas.usage('/later'), { count: 0, bytes: 0 });
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
  assert.deepEqual(copy.tree.quotas.usage('/app'), { count: 2, bytes: 3 });
  const after = new World({}, copy);
  after.adopt(world);
  assert.equal(outcome(after.do(session, create('/app/b'))), 'QUOTA_EXCEEDED');
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
