import assert from 'node:assert/strict';
import { it } from 'node:test';
import { makeZxid } from '../../lib/base/zxid.ts';
import { openLevel, put } from '../../lib/storage/level-database.ts';
import { chunkKey, logKey, obsoleteRange } from '../../lib/storage/level-keys.ts';
import { LevelSweep } from '../../lib/storage/level-sweep.ts';
import { SingleWriter } from '../../lib/storage/single-writer.ts';
import { directory } from './directories.ts';

const RECORDS = 1_000;
const OBSOLETE = 900;

it('a long prefix of a log is removed to its end, and what was removed is not passed again', async (t) => {
  const level = await openLevel(await directory(t));
  t.after(() => level.close());
  const keys = Array.from({ length: RECORDS }, (_, at) => logKey(0, makeZxid(1, at + 1)));
  await level.batch(keys.map((key) => put(key, new Uint8Array(8))));
  const from: string[] = [];
  const keysOf = level.keys.bind(level);
  // LevelDB passes what was removed one by one: who always begins in front takes the square of it.
  t.mock.method(level, 'keys', (range: { gte: Uint8Array }) => {
    from.push(Buffer.from(range.gte).toString('hex'));
    return keysOf(range);
  });
  const through = makeZxid(1, OBSOLETE);
  const range = obsoleteRange({ type: 'log-prefix', generation: 0, through });
  await new LevelSweep(new SingleWriter()).run([{ level, range }]);
  t.mock.restoreAll();
  assert.ok(from.length > 10);
  assert.deepEqual([...new Set(from)].sort(), from, 'each slice begins behind the one before');
  const left = await level.keys().all();
  assert.deepEqual(
    left.map((key) => Buffer.from(key).toString('hex')),
    keys.slice(OBSOLETE).map((key) => Buffer.from(key).toString('hex')),
  );
});

it('the chunks of a checkpoint are removed unread, and no others', async (t) => {
  const level = await openLevel(await directory(t));
  t.after(() => level.close());
  const CHUNKS = 150;
  const keys = [1, 2, 3].flatMap((generation) =>
    Array.from({ length: CHUNKS }, (_, sequence) => chunkKey(generation, sequence)),
  );
  await level.batch(keys.map((key) => put(key, new Uint8Array(8))));
  const read = t.mock.method(level, 'keys');
  await new LevelSweep(new SingleWriter()).run([
    { level, generation: 2, from: 0, to: CHUNKS },
    { level, generation: 4, from: 0, to: 0 },
  ]);
  assert.equal(read.mock.callCount(), 0);
  t.mock.restoreAll();
  assert.deepEqual(
    (await level.keys().all()).map((key) => Buffer.from(key).toString('hex')),
    keys
      .filter((_, at) => at < CHUNKS || at >= 2 * CHUNKS)
      .map((key) => Buffer.from(key).toString('hex')),
  );
});
