import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../../lib/testing/prng.ts';
import { ChildList } from '../../lib/tree/child-list.ts';

test('a list of children is a sorted list, in whatever order they come and go', () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const prng = new Prng(seed);
    const list = new ChildList();
    const all = new Set<string>();
    // Numbers that rise, with and without leading zeros, and none at all.
    const width = prng.pick([0, 0, 5]);
    let next = 0;
    for (let step = 0; step < 4_000; step += 1) {
      if (prng.chance(0.01)) next = prng.below(2_000);
      const isRising = prng.chance(0.8);
      if (isRising) next += 1;
      const path = `/p/${String(isRising ? next : prng.below(3_000)).padStart(width, '0')}`;
      if (!all.has(path)) {
        list.insert(path);
        all.add(path);
      } else if (prng.chance(step % 1_000 < 700 ? 0.1 : 0.9)) {
        list.remove(path);
        all.delete(path);
      }
      assert.equal(list.size, all.size);
      if (!prng.chance(0.02)) continue;
      const sorted = [...all].sort();
      assert.deepEqual([...list.paths()], sorted);
      const after = prng.chance(0.3) ? '' : `/p/${prng.below(3_000)}`;
      const limit = prng.pick([0, 1, 7, 300, Number.POSITIVE_INFINITY]);
      const names = sorted.filter((one) => one > after).map((one) => one.slice(3));
      assert.deepEqual(list.names(3, after, limit), names.slice(0, limit));
    }
  }
});
