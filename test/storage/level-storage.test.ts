import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClassicLevel } from 'classic-level';
import { makeZxid } from '../../lib/base/zxid.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import {
  baseAt,
  endOf,
  entriesAfter,
  epochsAt,
  GENESIS,
  logBatch,
  START,
} from '../contracts/log-samples.ts';
import { storageContract, type TestDisk } from '../contracts/storage.ts';
import { assertRefused, copyOf, directory, GROUPS, refusedWith, written } from './directories.ts';

/** A store below a directory: in one database, or with its log in another. */
function testDisk(t: TestContext, path: string, log?: string): TestDisk {
  const logDirectory = log === undefined ? undefined : join(path, log);
  return {
    store(id = 1) {
      const store = new LevelStorage(join(path, 'data'), id, { logDirectory });
      t.after(() => store.close());
      return store;
    },
    async crash() {
      return testDisk(t, await copyOf(t, path), log);
    },
  };
}

storageContract('a store in LevelDB', async (t) => testDisk(t, await directory(t)));
storageContract('a store in LevelDB with its log apart', async (t) =>
  testDisk(t, await directory(t), 'log'),
);

type Raw = ClassicLevel<string, Uint8Array>;

/** The database itself, with hexadecimal keys. */
async function raw<T>(path: string, use: (level: Raw) => Promise<T>): Promise<T> {
  const level: Raw = new ClassicLevel(path, { keyEncoding: 'hex', valueEncoding: 'view' });
  await level.open();
  try {
    return await use(level);
  } finally {
    await level.close();
  }
}

const LOG = { gte: '6c', lt: '6d' };
const CHECKPOINT = { gte: '63', lt: '64' };
const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('a store in LevelDB that is damaged is refused', () => {
  const damages: Record<string, (level: Raw) => Promise<void>> = {
    'a flipped bit in a group': async (level) => {
      const [found] = await level.iterator({ ...LOG, limit: 1 }).all();
      assert.ok(found);
      await level.put(
        found[0],
        found[1].map((byte, at) => (at === 30_000 ? byte ^ 1 : byte)),
      );
    },
    'a group that is missing': async (level) => {
      const keys = await level.keys(LOG).all();
      await level.del(keys[1] ?? '');
    },
    'the last group missing': async (level) => level.clear({ ...LOG, reverse: true, limit: 1 }),
    'all groups missing': async (level) => level.clear(LOG),
    'two groups that changed places': async (level) => {
      const [one, two] = await level.iterator({ ...LOG, limit: 2 }).all();
      assert.ok(one && two);
      await level.batch([
        { type: 'put', key: one[0], value: two[1] },
        { type: 'put', key: two[0], value: one[1] },
      ]);
    },
    'its meta record missing': async (level) => level.del(hex('meta')),
    'its tail mark missing': async (level) => level.del(hex('tail')),
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(what, async (t) => {
      const path = await directory(t);
      await written(path);
      await raw(path, damage);
      await assertRefused(path, 'QUARANTINED', /damaged/);
    });
  }

  it('promises that fell back to older ones', async (t) => {
    const path = await directory(t);
    await written(path);
    const old = await raw(path, (level) => level.get(hex('meta')));
    assert.ok(old);
    const store = new LevelStorage(path, 1);
    await store.open();
    await store.write(logBatch({ epochs: epochsAt(7) }));
    await store.close();
    await raw(path, (level) => level.put(hex('meta'), old));
    await assertRefused(path, 'QUARANTINED', /an older one/);
  });

  it('a chunk of the checkpoint missing, once it is read', async (t) => {
    const path = await directory(t);
    const [first] = GROUPS;
    assert.ok(first);
    const { zxid } = endOf(first);
    const chunks = [1, 2, 3].map((byte) => new Uint8Array(100).fill(byte));
    const complete = baseAt(endOf(first));
    await written(path, [{ id: 9, checkpoint: { first: true, zxid, chunks, complete } }]);
    await raw(path, async (level) => {
      const keys = await level.keys(CHECKPOINT).all();
      await level.del(keys[1] ?? '');
    });
    const store = new LevelStorage(path, 1);
    t.after(() => store.close());
    const opened = await store.open();
    await assert.rejects(
      async () => {
        for await (const chunk of opened.checkpoint) assert.equal(chunk.length, 100);
      },
      refusedWith('QUARANTINED', /no chunk 1 of 3/),
    );
  });
});

describe('a directory that this version cannot know is refused', () => {
  it('one of a later format', async (t) => {
    const path = await directory(t);
    await written(path);
    await raw(path, (level) => level.put(hex('format'), Buffer.from('2')));
    await assertRefused(path, 'FORMAT_UNKNOWN', /format 2.*knows 1/);
  });

  it('the database of another program', async (t) => {
    const path = await directory(t);
    await raw(path, (level) => level.put(hex('theirs'), Buffer.from('data')));
    await assertRefused(path, 'FORMAT_UNKNOWN', /another program/);
  });

  it('a file', async (t) => {
    const path = join(await directory(t), 'file');
    await (await open(path, 'w')).close();
    await assertRefused(path, 'QUARANTINED', /cannot be opened/);
  });
});

it('a history that is too long for one value is one batch all the same', async (t) => {
  const path = await directory(t);
  const entries = entriesAfter(START, 20_000, 1, 1);
  const store = new LevelStorage(path, 1);
  await store.open();
  await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1), entries }));
  await store.write(logBatch({ truncate: makeZxid(1, 9_000) }));
  await store.close();
  const again = new LevelStorage(path, 1);
  t.after(() => again.close());
  const { durable } = await again.open();
  assert.equal(durable.entries.length, 9_000);
  assert.deepEqual(durable.entries.at(-1), entries[8_999]);
});

/** Opens a store; what it held is left to the collector. */
async function openOnly(store: LevelStorage): Promise<WeakRef<object>> {
  const { durable } = await store.open();
  assert.ok(durable.entries.length > 0);
  return new WeakRef(durable.entries);
}

it('of the log that it found a store keeps nothing: who opened it goes on with that', async (t) => {
  const path = await directory(t);
  await written(path);
  const store = new LevelStorage(path, 1);
  t.after(() => store.close());
  const entries = await openOnly(store);
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let at = 0; at < 100 && entries.deref() !== undefined; at += 1) {
    await sleep(10);
    collect();
  }
  assert.equal(entries.deref(), undefined);
  await store.write(logBatch({ truncate: makeZxid(1, 9) }));
});

it('what no longer counts is removed in the end', async (t) => {
  const path = await directory(t);
  const store = new LevelStorage(path, 1);
  t.after(() => store.close());
  await store.open();
  const entries = entriesAfter(START, 600);
  await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1) }));
  for (const entry of entries) await store.write(logBatch({ entries: [entry] }));
  for (const at of [200, 400, 600]) {
    const end = endOf(entries.slice(0, at));
    const chunks = Array.from({ length: 300 }, () => new Uint8Array(10));
    const write = { first: true, zxid: end.zxid, chunks, complete: baseAt(end) };
    await store.write({ id: at, checkpoint: write });
  }
  const deadline = performance.now() + 20_000;
  for (;;) {
    const copy = await copyOf(t, path);
    const left = await raw(copy, async (level) => ({
      log: (await level.keys(LOG).all()).length,
      chunks: (await level.keys(CHECKPOINT).all()).length,
    }));
    if (left.log === 0 && left.chunks === 300) break;
    assert.ok(performance.now() < deadline, `still there: ${JSON.stringify(left)}`);
  }
});

const noLimits = process.platform === 'win32' && 'this system has no limit on file sizes';

it('a full disk ends the store and takes nothing that was acknowledged', {
  skip: noLimits,
}, async (t) => {
  const path = await directory(t);
  const child = fileURLToPath(new URL('write-until-refused.ts', import.meta.url));
  const limited = `ulimit -f 4096 && exec "$0" --import tsx "$1" "$2"`;
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    limited,
    process.execPath,
    child,
    path,
  ]);
  const { acknowledged, refusals } = JSON.parse(stdout);
  assert.ok(acknowledged > 0);
  assert.deepEqual(refusals, ['QUARANTINED', 'QUARANTINED', 'QUARANTINED']);
  const store = new LevelStorage(path, 1);
  t.after(() => store.close());
  const { durable } = await store.open();
  assert.ok(durable.entries.length >= acknowledged);
});
