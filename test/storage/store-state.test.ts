/** What a batch makes of a store: its effects, in the order that ready.ts promises, all or none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO } from '../../lib/base/zxid.ts';
import {
  inconsistency,
  newMeta,
  openState,
  plan,
  type StoreState,
} from '../../lib/storage/store-state.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import type { Batch, Epochs } from '../../lib/zab/ready.ts';
import { at, log, SPARE, storeOf, voters } from '../zab/lone.ts';

const GENESIS: Configuration = {
  version: ZERO,
  voters: voters(1, 2, 3),
  origin: { type: 'genesis' },
};

function batch(rest: Partial<Batch>): { id: number; log: Batch } {
  return { id: 1, log: { id: 1, entries: [], committed: ZERO, ...rest } };
}

function epochs(accepted: number, current: number, syncing = 0): Epochs {
  return { accepted, acceptedFrom: '', current, syncing };
}

/** Born, with 1.1 to 1.3, of which 1.1 is committed. */
function store(): StoreState {
  const empty = openState(newMeta(1, storeOf(1)), ZERO, ZERO, 1);
  const birth = { state: 'born' } as const;
  const entries = log('1.1', '1.2', '1.3');
  const first = batch({ birth, genesis: GENESIS, entries, epochs: epochs(1, 1) });
  return plan(plan(empty, first).next, batch({ committed: at('1.1') })).next;
}

test('a cut comes before the entries of its batch, and the promise after them', () => {
  const entries = log('1.1', '2.1').slice(1);
  const { next, truncate } = plan(
    store(),
    batch({ truncate: at('1.1'), entries, epochs: epochs(3, 3) }),
  );
  assert.equal(truncate, at('1.1'));
  assert.equal(next.last, at('2.1'));
  assert.equal(next.meta.epochs.current, 3);
  assert.equal(inconsistency(next.meta, next.last, next.committed), undefined);
});

test('what is committed is never cut, and a gap is never written', () => {
  assert.throws(() => plan(store(), batch({ truncate: ZERO })), /never truncated/);
  const gap = log('1.1', '1.5').slice(1);
  assert.throws(() => plan(store(), batch({ entries: gap })), /no gap/);
  const behind = log('1.1', '1.2', '1.3').slice(2);
  assert.throws(() => plan(store(), batch({ entries: behind })), /no gap/);
});

test('a promise never falls, but under another store id there is none to be broken', () => {
  const promised = plan(store(), batch({ epochs: epochs(9, 1) })).next;
  assert.throws(() => plan(promised, batch({ epochs: epochs(8, 1) })), /never falls/);
  assert.throws(() => plan(promised, batch({ epochs: epochs(9, 0) })), /never falls/);
  assert.throws(() => plan(promised, batch({ epochs: epochs(9, 10) })), /was accepted/);
  const { next } = plan(promised, batch({ renew: SPARE, epochs: epochs(2, 2) }));
  assert.equal(next.meta.store, SPARE);
  assert.equal(next.meta.epochs.accepted, 2);
});

test('the pieces of a checkpoint count for nothing before the flip, which takes entries and promise along', () => {
  const chunks = [new Uint8Array(1)];
  const before = store();
  const staged = plan(before, batch({ stage: { first: true, chunks } })).next;
  assert.deepEqual({ ...staged.meta }, { ...before.meta });
  assert.equal(staged.last, before.last);
  const base = { zxid: at('4.2'), chain: 7, configuration: GENESIS };
  const { next, obsolete } = plan(
    staged,
    batch({
      stage: { first: false, chunks },
      install: base,
      entries: log('4.3'),
      epochs: epochs(5, 5),
      committed: at('4.3'),
    }),
  );
  assert.equal(next.meta.checkpoint.chunks, 2);
  assert.equal(next.meta.checkpoint.zxid, at('4.2'));
  assert.equal(next.meta.logGeneration, next.meta.checkpoint.generation);
  assert.equal(next.last, at('4.3'));
  assert.equal(next.committed, at('4.3'));
  assert.deepEqual(
    obsolete.map(({ type, generation }) => [type, generation]),
    [
      ['checkpoint', before.meta.checkpoint.generation],
      ['log', before.meta.logGeneration],
    ],
  );
});

test('a second checkpoint that begins forgets the first, half received', () => {
  const chunks = [new Uint8Array(1), new Uint8Array(2)];
  const one = plan(store(), batch({ stage: { first: true, chunks } })).next;
  const { next, obsolete } = plan(one, batch({ stage: { first: true, chunks: [] } }));
  assert.deepEqual(obsolete, [{ type: 'checkpoint', ...one.staged }]);
  assert.equal(next.staged?.chunks, 0);
  assert.notEqual(next.staged?.generation, one.staged?.generation);
  const lost = openState(one.meta, one.last, one.committed, one.nextGeneration);
  assert.throws(() => plan(lost, batch({ stage: { first: false, chunks } })), /being received/);
});

test('a birth with a checkpoint begins the log at the checkpoint', () => {
  const empty = openState(newMeta(1, storeOf(1)), ZERO, ZERO, 1);
  const base = { zxid: at('4.2'), chain: 7, configuration: GENESIS };
  const { next } = plan(
    empty,
    batch({
      birth: { state: 'born' },
      genesis: GENESIS,
      stage: { first: true, chunks: [new Uint8Array(1)] },
      install: base,
      epochs: epochs(5, 5),
    }),
  );
  assert.equal(next.meta.base?.zxid, at('4.2'));
  assert.equal(next.last, at('4.2'));
  assert.equal(inconsistency(next.meta, next.last, next.committed), undefined);
});
