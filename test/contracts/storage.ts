/** What every {@link Storage} must do. Run by the tests of each. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type ErrorCode, QuorateError } from '../../lib/base/errors.ts';
import { makeZxid, ZERO } from '../../lib/base/zxid.ts';
import type { Storage } from '../../lib/storage/storage.ts';
import type { Opened, StoreBatch } from '../../lib/wire/store-batch.ts';
import {
  baseAt,
  CONFIGURATION,
  configurationAfter,
  endOf,
  entriesAfter,
  epochsAt,
  GENESIS,
  logBatch,
  START,
} from './log-samples.ts';

/** A disk under test. */
export interface TestDisk {
  /** Another store on this disk; closed by the harness at the end if the test does not. */
  store(id?: number): Storage;
  /** The disk as a crash at this moment would leave it. */
  crash(): Promise<TestDisk>;
}

const refusedWith =
  (...codes: ErrorCode[]) =>
  (error: unknown): boolean =>
    QuorateError.is(error, ...codes);

async function textsOf(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of chunks) texts.push(new TextDecoder().decode(chunk));
  return texts;
}

function chunksOf(opened: Opened): Promise<string[]> {
  return textsOf(opened.checkpoint);
}

const chunk = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a store holds, in words that can be compared. */
async function summary(opened: Opened): Promise<object> {
  const { entries, applied, committed, epochs, base, genesis, birth } = opened.durable;
  const last = entries.at(-1);
  return {
    log: [base?.zxid, ...Array.from(entries, ({ zxid }) => zxid)],
    chain: last?.chain ?? base?.chain,
    ...{ applied, committed, epochs, birth, genesis, configuration: base?.configuration },
    checkpoint: await chunksOf(opened),
  };
}

async function reopened(disk: TestDisk, batches: readonly StoreBatch[]): Promise<Opened> {
  const store = disk.store();
  await store.open();
  for (const batch of batches) await store.write(batch);
  await store.close();
  return disk.store().open();
}

/** A group born, with eight entries in two groups of epoch 1. */
const first = entriesAfter(START, 5);
const second = entriesAfter(endOf(first), 3);
const HISTORY: readonly StoreBatch[] = [
  logBatch({ ...GENESIS, epochs: epochsAt(1) }),
  logBatch({ entries: first }),
  logBatch({ entries: second, committed: makeZxid(1, 4) }),
];

export function storageContract(name: string, make: (t: TestContext) => Promise<TestDisk>): void {
  describe(`${name} opens`, () => openings(make));
  describe(`${name} keeps the log`, () => logs(make));
  describe(`${name} keeps checkpoints`, () => checkpoints(make));
  describe(`${name} fails`, () => failures(make));
}

function openings(make: (t: TestContext) => Promise<TestDisk>): void {
  it('a new store empty, with an id of 32 hexadecimal digits', async (t) => {
    const disk = await make(t);
    const opened = await disk.store().open();
    const { store, boot, birth, base, genesis, entries, applied } = opened.durable;
    assert.match(store, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      { boot, birth, base, genesis, entries: [...entries], applied },
      {
        ...{ boot: 1, birth: { state: 'unborn' }, base: undefined, genesis: undefined },
        ...{ entries: [], applied: ZERO },
      },
    );
    assert.deepEqual(await chunksOf(opened), []);
  });

  it('with the same id and a higher boot each time, a crash included', async (t) => {
    const disk = await make(t);
    const one = (await disk.store().open()).durable;
    const two = (await (await disk.crash()).store().open()).durable;
    assert.deepEqual([two.store, two.boot], [one.store, 2]);
  });

  it('two new stores under different ids', async (t) => {
    const [one, other] = [await make(t), await make(t)];
    const ids = [await one.store().open(), await other.store().open()].map((o) => o.durable.store);
    assert.notEqual(ids[0], ids[1]);
  });

  it('not the store of another peer, which stays as it was', async (t) => {
    const disk = await make(t);
    const store = disk.store(1);
    await store.open();
    await store.close();
    await assert.rejects(disk.store(2).open(), refusedWith('STORE_MISMATCH'));
    assert.equal((await disk.store(1).open()).durable.boot, 2);
  });

  it('not a store that is open already, and later when it is closed', async (t) => {
    const disk = await make(t);
    const holder = disk.store();
    await holder.open();
    const second = disk.store();
    await assert.rejects(second.open(), refusedWith('DIRECTORY_LOCKED'));
    await second.close();
    await assert.rejects(disk.store().open(), refusedWith('DIRECTORY_LOCKED'));
    await holder.close();
    assert.equal((await disk.store().open()).durable.boot, 2);
  });
}

function logs(make: (t: TestContext) => Promise<TestDisk>): void {
  it('in groups, and replays it after a restart', async (t) => {
    const opened = await reopened(await make(t), HISTORY);
    assert.deepEqual([...opened.durable.entries], [...first, ...second]);
    assert.deepEqual(await summary(opened), {
      log: [ZERO, ...[...first, ...second].map(({ zxid }) => zxid)],
      chain: endOf(second).chain,
      applied: ZERO,
      committed: makeZxid(1, 4),
      epochs: epochsAt(1),
      birth: { state: 'born' },
      genesis: CONFIGURATION,
      configuration: CONFIGURATION,
      checkpoint: [],
    });
  });

  it('over a crash right after a write was acknowledged', async (t) => {
    const disk = await make(t);
    const store = disk.store();
    await store.open();
    for (const batch of HISTORY) await store.write(batch);
    const after = await (await disk.crash()).store().open();
    assert.deepEqual([...after.durable.entries], [...first, ...second]);
    assert.deepEqual(after.durable.epochs, epochsAt(1));
  });

  for (const kept of [4, 5, 6, 8]) {
    it(`cut behind entry ${kept}, and goes on from there in another epoch`, async (t) => {
      const old = [...first, ...second].slice(0, kept);
      const added = entriesAfter(endOf(old), 2, 3);
      const truncate = endOf(old).zxid;
      const opened = await reopened(await make(t), [
        ...HISTORY,
        logBatch({ truncate, entries: added, epochs: epochsAt(3) }),
      ]);
      assert.deepEqual([...opened.durable.entries], [...old, ...added]);
    });
  }

  it('with a change of membership, whose version is its zxid', async (t) => {
    const change = configurationAfter(endOf(second));
    const opened = await reopened(await make(t), [...HISTORY, logBatch({ entries: [change] })]);
    assert.deepEqual(opened.durable.entries.at(-1), change);
  });

  it('from a base that has a configuration of its own', async (t) => {
    const { configuration } = configurationAfter(endOf(second));
    assert.ok(configuration);
    const base = { ...baseAt(endOf(first)), configuration };
    const write = { first: true, zxid: base.zxid, chunks: [], complete: base };
    const opened = await reopened(await make(t), [...HISTORY, { id: 4, checkpoint: write }]);
    assert.deepEqual(opened.durable.base, base);
    assert.deepEqual(opened.durable.genesis, CONFIGURATION);
    assert.deepEqual([...opened.durable.entries], second);
  });

  it('cut twice inside one group', async (t) => {
    const opened = await reopened(await make(t), [
      logBatch({ ...GENESIS, epochs: epochsAt(1), entries: first }),
      logBatch({ truncate: makeZxid(1, 4) }),
      logBatch({ truncate: makeZxid(1, 2) }),
    ]);
    assert.deepEqual([...opened.durable.entries], first.slice(0, 2));
  });

  it('cut to nothing', async (t) => {
    const disk = await make(t);
    const born = logBatch({ ...GENESIS, epochs: epochsAt(1), entries: first });
    const opened = await reopened(disk, [born, logBatch({ truncate: ZERO })]);
    assert.deepEqual([...opened.durable.entries], []);
  });

  it('and the promises made with its entries', async (t) => {
    const epochs = { accepted: 4, acceptedFrom: '2:22', current: 1, syncing: 4 };
    const more = entriesAfter(endOf(second), 2, 4);
    const opened = await reopened(await make(t), [...HISTORY, logBatch({ entries: more, epochs })]);
    assert.deepEqual(opened.durable.epochs, epochs);
    assert.deepEqual(endOf([...opened.durable.entries]), endOf(more));
  });

  it('and a pledge, with the voters it was given to', async (t) => {
    const birth = { state: 'pledged', voters: CONFIGURATION.voters } as const;
    const opened = await reopened(await make(t), [logBatch({ birth })]);
    assert.deepEqual(opened.durable.birth, birth);
    assert.equal(opened.durable.base, undefined);
  });

  it('under another id once the old one is given up, with fresh promises', async (t) => {
    const renew = 'f'.repeat(32);
    const none = { accepted: 0, acceptedFrom: '', current: 0, syncing: 1 };
    const opened = await reopened(await make(t), [...HISTORY, logBatch({ renew, epochs: none })]);
    assert.equal(opened.durable.store, renew);
    assert.deepEqual(opened.durable.epochs, none);
    assert.equal(opened.durable.entries.length, 8);
  });
}

function checkpoints(make: (t: TestContext) => Promise<TestDisk>): void {
  const staging = (isFirst: boolean, ...texts: string[]): StoreBatch =>
    logBatch({ stage: { first: isFirst, chunks: texts.map(chunk) } });
  const far = { zxid: makeZxid(5, 40), chain: 4242 };
  const behind = entriesAfter(far, 2);

  it('a received one, current together with what follows it', async (t) => {
    const opened = await reopened(await make(t), [
      ...HISTORY,
      staging(true, 'a', 'b'),
      staging(false, 'c'),
      logBatch({ install: baseAt(far), entries: behind, epochs: epochsAt(5) }),
    ]);
    assert.deepEqual([...opened.durable.entries], behind);
    assert.deepEqual(opened.durable.base, baseAt(far));
    assert.deepEqual([opened.durable.applied, opened.durable.committed], [far.zxid, far.zxid]);
    assert.deepEqual(await chunksOf(opened), ['a', 'b', 'c']);
  });

  it('a received one in a store that was never born', async (t) => {
    const opened = await reopened(await make(t), [
      staging(true, 'a'),
      logBatch({ birth: { state: 'born' }, install: baseAt(far), epochs: epochsAt(5) }),
    ]);
    assert.deepEqual(await chunksOf(opened), ['a']);
    assert.equal(opened.durable.applied, far.zxid);
  });

  it('and forgets a half received one: after a crash, and when it begins anew', async (t) => {
    const disk = await make(t);
    const store = disk.store();
    await store.open();
    for (const batch of [...HISTORY, staging(true, 'a', 'b')]) await store.write(batch);
    const crashed = await disk.crash();
    const opened = await reopened(crashed, [
      staging(true, 'c'),
      staging(true, 'd'),
      staging(false, 'e'),
      logBatch({ install: baseAt(far), epochs: epochsAt(5) }),
    ]);
    assert.deepEqual(await chunksOf(opened), ['d', 'e']);
  });

  it('and the old log whole until the flip', async (t) => {
    const opened = await reopened(await make(t), [...HISTORY, staging(true, 'a')]);
    assert.deepEqual([...opened.durable.entries], [...first, ...second]);
    assert.deepEqual(await chunksOf(opened), []);
  });

  it('one of its own, with the log from before it', async (t) => {
    const zxid = makeZxid(1, 4);
    const at = { id: 2, zxid, complete: undefined };
    const complete = baseAt(endOf(first.slice(0, 2)));
    const opened = await reopened(await make(t), [
      ...HISTORY,
      { id: 2, checkpoint: { ...at, first: true, chunks: [chunk('a')] } },
      { id: 3, checkpoint: { ...at, first: false, chunks: [chunk('b'), chunk('c')] } },
      { id: 4, checkpoint: { ...at, first: false, chunks: [], complete } },
    ]);
    assert.deepEqual([...opened.durable.entries], [...first.slice(2), ...second]);
    assert.deepEqual(opened.durable.base, complete);
    assert.deepEqual([opened.durable.applied, opened.durable.committed], [zxid, zxid]);
    assert.deepEqual(await chunksOf(opened), ['a', 'b', 'c']);
  });

  it('its newest one, after the log grew and was cut off again', async (t) => {
    const third = entriesAfter(endOf(second), 2);
    const own = (id: number, at: typeof first, text: string, log?: typeof third): StoreBatch => ({
      ...(log === undefined ? { id } : logBatch({ entries: log, committed: endOf(at).zxid })),
      checkpoint: {
        ...{
          first: true,
          zxid: endOf(at).zxid,
          chunks: [chunk(text)],
          complete: baseAt(endOf(at)),
        },
      },
    });
    const opened = await reopened(await make(t), [
      ...HISTORY,
      own(5, first, 'old'),
      own(6, second, 'new', third),
    ]);
    assert.deepEqual([...opened.durable.entries], third);
    assert.deepEqual(await chunksOf(opened), ['new']);
  });

  it('as many of its own as it is told, as long as the log reaches back to them', async (t) => {
    const third = entriesAfter(endOf(second), 2);
    const own = (at: typeof first, text: string, base: typeof first, keep: number): StoreBatch => ({
      ...logBatch({ committed: endOf(at).zxid }),
      checkpoint: {
        ...{ first: true, zxid: endOf(at).zxid, chunks: [chunk(text), chunk('.')], keep },
        complete: baseAt(endOf(base)),
      },
    });
    const disk = await make(t);
    const opened = await reopened(disk, [
      ...HISTORY,
      logBatch({ entries: third }),
      own(first, 'one', [], 3),
      own(second, 'two', first, 3),
      own(third, 'three', first, 3),
    ]);
    const older = await Promise.all(
      opened.older.map(async ({ zxid, chunks }) => [zxid, await textsOf(chunks)]),
    );
    assert.deepEqual(await chunksOf(opened), ['three', '.']);
    assert.deepEqual(older, [
      [endOf(second).zxid, ['two', '.']],
      [endOf(first).zxid, ['one', '.']],
    ]);
    assert.equal(opened.durable.entries.length, second.length + third.length);
  });

  it('no older one than it is told, and none across a received one', async (t) => {
    const zxid = endOf(first).zxid;
    const part = { first: true, zxid, chunks: [chunk('x')], complete: baseAt(endOf(first)) };
    const one = await reopened(await make(t), [...HISTORY, { id: 8, checkpoint: part }]);
    assert.deepEqual(one.older, []);
    const other = await reopened(await make(t), [
      ...HISTORY,
      { id: 8, checkpoint: { ...part, keep: 2 } },
      { id: 9, checkpoint: { ...part, keep: 2 } },
      staging(true, 'a'),
      logBatch({ install: baseAt(far), epochs: epochsAt(5) }),
    ]);
    assert.deepEqual([other.older, await chunksOf(other)], [[], ['a']]);
  });

  it('the old one if its own next one was half written at a crash', async (t) => {
    const disk = await make(t);
    const store = disk.store();
    await store.open();
    const part = { first: true, zxid: makeZxid(1, 4), chunks: [chunk('x')], complete: undefined };
    for (const batch of [...HISTORY, { id: 9, checkpoint: part }]) await store.write(batch);
    const opened = await (await disk.crash()).store().open();
    assert.deepEqual(await chunksOf(opened), []);
    assert.deepEqual([...opened.durable.entries], [...first, ...second]);
  });
}

function failures(make: (t: TestContext) => Promise<TestDisk>): void {
  it('for good after one refused write, and opens unharmed afterwards', async (t) => {
    const disk = await make(t);
    const store = disk.store();
    await store.open();
    for (const batch of HISTORY) await store.write(batch);
    const gap = logBatch({ entries: entriesAfter(endOf(second), 2).slice(1) });
    await assert.rejects(store.write(gap), refusedWith('QUARANTINED'));
    const good = logBatch({ entries: entriesAfter(endOf(second), 1) });
    await assert.rejects(store.write(good), refusedWith('QUARANTINED'));
    await store.close();
    const opened = await disk.store().open();
    assert.deepEqual([...opened.durable.entries], [...first, ...second]);
  });

  const committed = logBatch({ truncate: makeZxid(1, 3) });
  const lower = logBatch({ epochs: { accepted: 0, acceptedFrom: '', current: 0, syncing: 0 } });
  const between = logBatch({ truncate: makeZxid(1, 9), entries: entriesAfter(endOf(first), 1) });
  const continued = { first: false, zxid: makeZxid(1, 4), chunks: [], complete: undefined };
  const impossible: Record<string, StoreBatch> = {
    'cuts what is committed': committed,
    'takes a promise back': lower,
    'writes an entry twice': between,
    'goes on with a checkpoint that was not begun': { id: 1, checkpoint: continued },
    'goes on with a received checkpoint that was not begun': logBatch({
      stage: { first: false, chunks: [] },
    }),
  };
  for (const [what, batch] of Object.entries(impossible)) {
    it(`rather than accept a batch that ${what}`, async (t) => {
      const store = (await make(t)).store();
      await store.open();
      for (const good of HISTORY) await store.write(good);
      await assert.rejects(store.write(batch), refusedWith('QUARANTINED'));
    });
  }

  it('no write that was under way when it was closed', async (t) => {
    const disk = await make(t);
    const store = disk.store();
    await store.open();
    const [born] = HISTORY;
    assert.ok(born);
    const writing = store.write(born);
    await store.close();
    await writing;
    await store.close();
    assert.deepEqual((await disk.store().open()).durable.birth, { state: 'born' });
  });

  it('a write after it was closed', async (t) => {
    const store = (await make(t)).store();
    await store.open();
    await store.close();
    await assert.rejects(store.write(logBatch({})), refusedWith('CLOSED'));
  });
}
