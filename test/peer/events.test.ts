import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events } from '../../lib/peer/events.ts';

interface Sample {
  number: [value: number];
  pair: [first: string, second: string];
}

function unexpected(error: unknown): never {
  throw error;
}

test('listeners are called in order, once-listeners once, and those taken back no more', () => {
  const events = new Events<Sample>(unexpected);
  const calls: string[] = [];
  const removed = () => calls.push('removed');
  events.on('number', (value) => calls.push(`a${value}`));
  events.on('number', (value) => calls.push(`once${value}`), true);
  events.on('number', removed);
  events.off('number', removed);
  assert.equal(events.emit('number', 1), true);
  assert.equal(events.emit('number', 2), true);
  assert.deepEqual(calls, ['a1', 'once1', 'a2']);
  assert.equal(events.emit('pair', 'x', 'y'), false);
});

test('what a listener throws, now or later, reaches the sink and no one else', async () => {
  const caught: unknown[] = [];
  const events = new Events<Sample>((error) => caught.push(error));
  const calls: number[] = [];
  events.on('number', () => {
    throw new Error('now');
  });
  const asynchronous: () => unknown = async () => {
    throw new Error('later');
  };
  events.on('number', asynchronous);
  events.on('number', (value) => calls.push(value));
  events.emit('number', 7);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls, [7]);
  assert.deepEqual(
    caught.map((error) => (error as Error).message),
    ['now', 'later'],
  );
});

test('a listener may register and remove listeners while it is called', () => {
  const events = new Events<Sample>(unexpected);
  const calls: string[] = [];
  const second = () => calls.push('second');
  events.on('number', () => {
    events.off('number', second);
    events.on('number', () => calls.push('third'));
  });
  events.on('number', second);
  events.emit('number', 1);
  assert.deepEqual(calls, ['second'], 'a change counts from the next event on');
  events.emit('number', 2);
  assert.deepEqual(calls, ['second', 'third']);
});

test('a listener must be a function', () => {
  const events = new Events<Sample>(unexpected);
  const listener: unknown = 'listener';
  assert.throws(() => events.on('number', listener as () => void), TypeError);
});
