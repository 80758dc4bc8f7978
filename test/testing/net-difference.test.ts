import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInOrder, NetDifference, type NetEvent } from '../../lib/testing/net-difference.ts';

function net(...events: string[]): NetDifference {
  return new NetDifference(
    events.map((event) => {
      const [type, path] = event.split(' ');
      return { type, path } as NetEvent;
    }),
  );
}

test('what comes and goes again is no difference', () => {
  const difference = net('created /a', 'data-changed /a', 'deleted /a');
  assert.deepEqual(difference.ofNode('/a'), []);
  assert.deepEqual(difference.below('/'), []);
  assert.deepEqual(difference.oneShots(), []);
});

test('what is replaced was deleted to a watch that fires once, and is changed to one that stays', () => {
  const difference = net('deleted /a', 'created /a', 'children-changed /a');
  assert.deepEqual(difference.ofNode('/a'), ['data-changed /a', 'children-changed /a']);
  assert.deepEqual(difference.oneShots(), [{ type: 'deleted', path: '/a' }]);
});

test('the children of the life before do not count', () => {
  const difference = net('children-changed /a', 'deleted /a', 'created /a');
  assert.deepEqual(difference.ofNode('/a'), ['data-changed /a']);
});

test('below means below, and not beside', () => {
  const difference = net('created /a/b', 'created /ab', 'data-changed /a');
  assert.deepEqual(difference.below('/a').sort(), ['created /a/b', 'data-changed /a']);
});

test('the gone come first, children before parents; then the others, parents before children', () => {
  assert.ok(isInOrder(['deleted /a/b', 'deleted /a', 'created /c', 'created /c/d']));
  assert.ok(!isInOrder(['deleted /a', 'deleted /a/b']));
  assert.ok(!isInOrder(['created /c/d', 'created /c']));
  assert.ok(!isInOrder(['created /c', 'deleted /a']));
});
