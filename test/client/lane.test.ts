import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cursor } from '../../lib/client/cursor.ts';
import { Lane } from '../../lib/client/lane.ts';
import { Subscription } from '../../lib/client/subscription.ts';

const SOURCE = { take: (): string => 'state', zxid: 1n, close: (): void => {} };

test('a lane that a listener holds keeps nothing of who comes and goes meanwhile', async () => {
  const lane = new Lane();
  const seen: string[] = [];
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  lane.run({ call: () => held, done: () => {} });
  const context = {
    what: 'watch /w',
    path: '/w',
    report: (error: unknown) => assert.ifError(error),
    lane,
  };
  const subscribe = (name: string): Subscription<string> => {
    const cursor = new Cursor<string>(() => SOURCE);
    cursor.changed();
    const entered = { cursor, leave: () => cursor.close() };
    return new Subscription(entered, context, (item) => void seen.push(`${name} ${item}`));
  };
  const [first, ...others] = ['first', ...new Array<string>(50).fill('gone')].map(subscribe);
  const last = subscribe('last');
  await Promise.resolve();
  assert.equal(lane.size, 52, 'all wait for the listener');
  for (const other of others) other.leave();
  assert.equal(lane.size, 2);
  letGo();
  await held;
  await Promise.resolve();
  assert.deepEqual(seen, ['first state', 'last state']);
  first?.leave();
  last.leave();
});
