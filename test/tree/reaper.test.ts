import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reapable } from '../../lib/tree/reaper.ts';
import { create, outcome, ownerOf, remove, START, set, World } from './world.ts';

function withBox(): { world: World; session: bigint; box: Reapable } {
  const world = new World();
  const session = world.open();
  world.do(session, create('/box', { mode: 'container' }));
  world.do(session, create('/box/x'));
  world.do(session, remove('/box/x'));
  const [box] = world.state.reapable(START, 10);
  assert(box !== undefined);
  return { world, session, box };
}

const reap = (world: World, node: Reapable): boolean =>
  world.own((zxid, time) => world.prep.reap(node, zxid, time));

test('a container used again between the look and the transaction stays (S32)', () => {
  const { world, session, box } = withBox();
  world.do(session, create('/box/y'));
  assert.equal(reap(world, box), false);
  world.do(session, remove('/box/y'));
  assert.equal(reap(world, box), false, 'its cversion is another one');
  const [again] = world.state.reapable(START, 10);
  assert(again !== undefined && reap(world, again));
  world.settle();
  assert.deepEqual(world.state.reapable(START, 10), []);
  assert.equal(reap(world, again), false);
});

test('a node that something proposed will change is not reaped, nor twice', () => {
  const { world, session, box } = withBox();
  const cxid = world.number(session, ownerOf(1));
  world.propose({ session, cxid, resolved: 0, owner: ownerOf(1), operation: create('/box/z') });
  assert.equal(reap(world, box), false);
  world.settle();
  const other = withBox();
  assert(reap(other.world, other.box));
  assert.equal(reap(other.world, other.box), false);
});

test('a child proposed behind a reap finds no parent', () => {
  const { world, session, box } = withBox();
  assert(reap(world, box));
  const cxid = world.number(session, ownerOf(1));
  world.propose({ session, cxid, resolved: 0, owner: ownerOf(1), operation: create('/box/z') });
  const results = world.settle().map(({ result }) => outcome(result));
  assert.deepEqual(results, ['delete', 'NO_NODE']);
});

test('a reap of what has changed has no effect on any peer (S32)', () => {
  const { world, session, box } = withBox();
  world.do(session, set('/box', 'x'));
  const txn = { session: 0n, cxid: 0, resolved: 0, owner: ownerOf(1), time: START };
  for (const node of [box, { ...box, path: '/gone' }]) {
    world.own(() => ({ ...txn, body: { type: 'reap', ...node } }));
    assert.deepEqual(world.settle().at(-1)?.events, []);
  }
  assert.notEqual(world.state.tree.find('/box'), -1);
});

test('a sweep is bounded, and sweeps go round all', () => {
  const world = new World();
  const session = world.open();
  for (let index = 0; index < 100; index += 1) {
    world.do(session, create(`/ttl-${index}`, { mode: 'ttl', ttl: index < 90 ? 1_000_000 : 10 }));
  }
  world.now = 100;
  const time = START + world.now;
  const found = new Set<string>();
  for (let sweep = 0; sweep < 8; sweep += 1) {
    const some = world.state.reapable(time, 1);
    assert(some.length <= 1);
    for (const { path } of some) found.add(path);
  }
  assert(found.size > 0);
  for (let sweep = 0; sweep < 40; sweep += 1)
    for (const { path } of world.state.reapable(time, 2)) found.add(path);
  assert.equal(found.size, 10);
  for (let index = 0; index < 3; index += 1) {
    world.do(session, create(`/box-${index}`, { mode: 'container' }));
    world.do(session, create(`/box-${index}/x`));
    world.do(session, remove(`/box-${index}/x`));
  }
  assert.equal(world.state.reapable(START, 2).length, 2);
});

test('a container that is deleted, or empty again and filled, is no candidate', () => {
  const { world, session } = withBox();
  world.do(session, remove('/box'));
  assert.deepEqual(world.state.reapable(START, 10), []);
});
