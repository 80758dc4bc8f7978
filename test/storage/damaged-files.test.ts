/**
 * What disks do to files, done to the files of a store. Either the store is refused, with what is wrong,
 * or everything that was acknowledged is there: there is no third.
 */
import assert from 'node:assert/strict';
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { QuorateError } from '../../lib/base/errors.ts';
import { openLevel } from '../../lib/storage/level-database.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { endOf, entriesAfter, epochsAt, GENESIS, logBatch } from '../contracts/log-samples.ts';
import {
  assertRefused,
  CHECKPOINT,
  contentsOf,
  copyOf,
  directory,
  filesOf,
  GROUPS,
  written,
} from './directories.ts';

/** Places of one file that are hit. */
const PLACES = 16;

/** A store whose newest batches lie in LevelDB's log, or, opened once more, all in its tables. */
async function prepared(t: TestContext, tables: boolean): Promise<string> {
  const path = await directory(t);
  await written(path, [CHECKPOINT]);
  if (tables) await contentsOf(new LevelStorage(path, 1));
  return path;
}

async function contentsOrRefusal(path: string): Promise<object | undefined> {
  try {
    return await contentsOf(new LevelStorage(path, 1));
  } catch (error) {
    // A chunk is for its own decoder to judge.
    if (error instanceof DecodeError) return undefined;
    assert.ok(
      QuorateError.is(error, 'QUARANTINED', 'FORMAT_UNKNOWN', 'STORE_MISMATCH'),
      String(error),
    );
    assert.match(error.message, /: /);
    return undefined;
  }
}

/** Damages one file after the other, at one place after the other. Answers how often the store was refused. */
async function damageAll(
  t: TestContext,
  tables: boolean,
  damage: (file: string, at: number) => Promise<void>,
): Promise<number> {
  const path = await prepared(t, tables);
  const whole = await contentsOf(new LevelStorage(await copyOf(t, path), 1));
  let refused = 0;
  for (const name of await filesOf(path, /./)) {
    const { size } = await stat(join(path, name));
    for (let place = 0; place < Math.min(PLACES, size); place += 1) {
      const copy = await copyOf(t, path);
      const at = Math.floor((size * place) / PLACES);
      await damage(join(copy, name), at);
      const found = await contentsOrRefusal(copy);
      if (found === undefined) refused += 1;
      else assert.deepEqual(found, whole, `${name}, damaged at ${at}`);
      await rm(copy, { recursive: true });
    }
  }
  return refused;
}

for (const tables of [false, true]) {
  describe(`a store ${tables ? 'in the tables' : 'in the log'} of LevelDB`, () => {
    it('with a byte changed anywhere is refused, or has all that was acknowledged', async (t) => {
      const refused = await damageAll(t, tables, async (file, at) => {
        const bytes = await readFile(file);
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
        await writeFile(file, bytes);
      });
      assert.ok(refused > PLACES, `refused ${refused} times`);
    });

    it('with a file cut short anywhere is refused, or has all that was acknowledged', async (t) => {
      const refused = await damageAll(t, tables, (file, at) => truncate(file, at));
      assert.ok(refused > PLACES, `refused ${refused} times`);
    });
  });
}

describe('a store of which a file is gone is refused, and not made anew', () => {
  const gone: Readonly<Record<string, RegExp>> = {
    'LevelDB’s log': /\.log$/,
    'a table': /\.ldb$/,
    CURRENT: /^CURRENT$/,
    'the manifest': /^MANIFEST/,
    'the witness': /^witness$/,
  };
  for (const [what, pattern] of Object.entries(gone)) {
    it(what, async (t) => {
      const path = await directory(t);
      await written(path);
      if (pattern.test('1.ldb')) {
        await contentsOf(new LevelStorage(path, 1));
      }
      const files = await filesOf(path, pattern);
      assert.notEqual(files.length, 0);
      for (const file of files) await rm(join(path, file));
      await assertRefused(path, 'QUARANTINED', /removed rejoins without a vote/);
      await assertRefused(path, 'QUARANTINED', /removed rejoins without a vote/);
    });
  }

  it('all that was in the witness', async (t) => {
    const path = await directory(t);
    await written(path);
    await writeFile(join(path, 'witness'), '');
    await assertRefused(path, 'QUARANTINED', /the witness is missing/);
  });

  it('nothing, where a first start ended before it could write any', async (t) => {
    const path = await directory(t);
    const level = await openLevel(path);
    await level.close();
    await writeFile(join(path, 'witness'), '');
    const store = new LevelStorage(path, 1);
    t.after(() => store.close());
    assert.equal((await store.open()).durable.boot, 1);
  });

  it('CURRENT and the witness', async (t) => {
    const path = await directory(t);
    await written(path);
    for (const file of ['CURRENT', 'witness']) await rm(join(path, file));
    await assertRefused(path, 'QUARANTINED', /CURRENT is missing/);
  });
});

describe('the end of LevelDB’s log', () => {
  it('cut off between two batches is missed', async (t) => {
    const path = await directory(t);
    await written(path);
    const [log] = await filesOf(path, /\.log$/);
    assert.ok(log);
    const { size } = await stat(join(path, log));
    const more = entriesAfter(endOf(GROUPS.at(-1) ?? []), 1);
    const store = new LevelStorage(path, 1);
    await store.open();
    const [grown] = await filesOf(path, /\.log$/);
    assert.ok(grown);
    const before = (await stat(join(path, grown))).size;
    await store.write(logBatch({ entries: more }));
    await store.close();
    assert.ok(size > 0 && (await stat(join(path, grown))).size > before);
    await truncate(join(path, grown), before);
    await assertRefused(path, 'QUARANTINED', /older than it was: 8 batches .* 7 are there/);
  });

  it('half written, and never acknowledged, is not missed', async (t) => {
    const path = await directory(t);
    const store = new LevelStorage(path, 1);
    t.after(() => store.close());
    await store.open();
    await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1) }));
    const [log] = await filesOf(path, /\.log$/);
    assert.ok(log);
    const before = await copyOf(t, path);
    const { size } = await stat(join(before, log));
    const [entries = []] = GROUPS;
    await store.write(logBatch({ entries }));
    // As a process leaves it that is killed while it writes a batch.
    const bytes = await readFile(join(path, log));
    await writeFile(join(before, log), bytes.subarray(0, size + 40_000));
    const again = new LevelStorage(before, 1);
    t.after(() => again.close());
    const { durable } = await again.open();
    assert.deepEqual([durable.epochs, [...durable.entries]], [epochsAt(1), []]);
  });
});

it('an older copy of the directory opens as what it was: that it is old, others know', async (t) => {
  const path = await directory(t);
  await written(path);
  const copy = await copyOf(t, path);
  const store = new LevelStorage(path, 1);
  const { durable } = await store.open();
  await store.write(logBatch({ entries: entriesAfter(endOf([...durable.entries]), 2) }));
  await store.close();
  const older = new LevelStorage(copy, 1);
  t.after(() => older.close());
  const found = (await older.open()).durable;
  assert.equal(found.store, durable.store);
  assert.deepEqual([...found.entries], [...durable.entries]);
});
