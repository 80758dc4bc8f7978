import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Feed, TreeUpdate } from '../../lib/index.ts';
import { FoldedWatch } from '../../lib/recipes/folded-watch.ts';
import { Counter, Group } from '../../lib/recipes/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { PATIENCE } from './support.ts';

const FIRST: TreeUpdate<string> = { kind: 'snapshot', zxid: 1n, changes: [] };

/** Tells whoever waits for an item, and those who iterate nothing: their session has ended meanwhile. */
const feed: Feed<TreeUpdate<string>> = {
  subscribe: () => ({ [Symbol.dispose]: () => {} }),
  until: async (test: (update: TreeUpdate<string>) => boolean) => {
    test(FIRST);
    return FIRST;
  },
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
};

test('a live value that does not come is not waited for beyond its time', async () => {
  const fold = () => ({ take: ({ zxid }: TreeUpdate<string>) => zxid });
  let signal: AbortSignal | undefined;
  const open = (options: { readonly signal?: AbortSignal }) => {
    signal = options.signal;
    return feed;
  };
  const watch = new FoldedWatch<string, bigint>(open, fold);
  // Nothing else keeps this process alive.
  const alive = setTimeout(() => {}, PATIENCE);
  await assert.rejects(watch.live({ timeout: 20 }), failsWith('TIMED_OUT'));
  clearTimeout(alive);
  assert.equal(signal?.aborted, true, 'nothing is followed');
});

test('who leaves an iterator while he waits for its next state waits no more', async (t) => {
  const peer = await solo(t);
  for (const watch of [new Group(peer, '/group').watch(), new Counter(peer, '/count').watch()]) {
    const states = watch[Symbol.asyncIterator]();
    assert.equal((await states.next()).done, false);
    const next = states.next();
    await states.return?.();
    assert.equal((await next).done, true);
    assert.equal((await states.next()).done, true);
  }
});

test('an asynchronous test is refused: a promise would pass at once', async (t) => {
  const peer = await solo(t);
  const never: unknown = async () => false;
  const test = never as () => boolean;
  await assert.rejects(peer.watch('/group').until(test), TypeError);
  await assert.rejects(new Group(peer, '/group').watch().until(test), TypeError);
  await assert.rejects(new Counter(peer, '/count').watch().until(test), TypeError);
});
