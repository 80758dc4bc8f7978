/** What a store remembers of its starts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO } from '../../lib/base/zxid.ts';
import { started } from '../../lib/storage/starts.ts';
import { newMeta, type StoreMeta } from '../../lib/storage/store-state.ts';
import { MAX_STARTS } from '../../lib/wire/limits.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';

const STORE = 'a'.repeat(32);

function knowing(start: number, store = STORE): Configuration {
  const voters = [{ id: 1, store, start, weight: 1, group: 0 }];
  return { version: ZERO, voters, origin: { type: 'record-starts' } };
}

/** Opened `times` times more; each start writes promises, or none does. */
function reopened(meta: StoreMeta, times: number, promised: boolean): StoreMeta {
  let last = meta;
  for (let time = 0; time < times; time += 1) {
    last = { ...started(last, last.boot + 1, []), promised };
  }
  return last;
}

test('a start that promised is remembered, one that did not is forgotten by the next', () => {
  let meta = started(newMeta(1, STORE), 11, []);
  assert.deepEqual([meta.starts, meta.boot, meta.promised], [[11], 1, false]);
  meta = started({ ...meta, promised: true }, 12, []);
  assert.deepEqual(meta.starts, [11, 12]);
  meta = started(meta, 13, []);
  assert.deepEqual([meta.starts, meta.boot], [[11, 13], 3]);
});

test('a process that restarts for ever without a group forgets nothing', () => {
  const once = reopened(newMeta(1, STORE), 1, true);
  const [first] = once.starts;
  const often = reopened({ ...started(once, 2, []), promised: false }, 10_000, false);
  assert.deepEqual(often.starts, [first, often.boot]);
});

test('of too many the oldest goes, but never one that the own log names', () => {
  const full = reopened(newMeta(1, STORE), MAX_STARTS, true);
  assert.equal(full.starts.length, MAX_STARTS);
  assert.deepEqual(started(full, 1_000, []).starts.slice(0, 2), [2, 3]);
  const named = { ...full, base: { zxid: ZERO, chain: 0, configuration: knowing(1) } };
  const kept = started(named, 1_000, []);
  assert.deepEqual(kept.starts.slice(0, 2), [1, 3]);
  assert.equal(kept.starts.length, MAX_STARTS);
  assert.equal(kept.starts.at(-1), 1_000);
  const other = { ...full, base: { zxid: ZERO, chain: 0, configuration: knowing(1, 'b') } };
  assert.deepEqual(started(other, 1_000, []).starts.slice(0, 2), [2, 3]);
});

test('however many the own log names, those that it names last are kept, and those after them', () => {
  const full = reopened(newMeta(1, STORE), MAX_STARTS, true);
  const logged = full.starts.map((start) => knowing(start));
  // All of them; all but the last, of which this store has heard nothing yet; the first two alone.
  for (const [named, gone] of [
    [logged, 1],
    [logged.slice(0, -1), 1],
    [logged.slice(0, 2), 3],
  ] as const) {
    const { starts } = started(full, 1_000, named);
    const expected = [...full.starts.filter((start) => start !== gone), 1_000];
    assert.deepEqual(starts, expected);
  }
});
