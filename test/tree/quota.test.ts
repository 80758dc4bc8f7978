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
