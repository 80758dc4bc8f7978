/** A store whose log lies apart: both halves, and no others, make a store. */
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ErrorCode } from '../../lib/base/errors.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { epochsAt, GENESIS, logBatch } from '../contracts/log-samples.ts';
import { CHECKPOINT, contentsOf, copyOf, directory, GROUPS, refusedWith } from './directories.ts';

interface Halves {
  readonly data: string;
  readonly log: string | undefined;
}

function storeIn({ data, log }: Halves): LevelStorage {
  return new LevelStorage(data, 1, { logDirectory: log });
}

async function halves(t: TestContext): Promise<{ data: string; log: string }> {
  return { data: await directory(t), log: await directory(t) };
}

async function written(place: Halves): Promise<void> {
  const store = storeIn(place);
  await store.open();
  await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1) }));
  for (const entries of GROUPS) await store.write(logBatch({ entries }));
  await store.write(CHECKPOINT);
  await store.close();
}

async function empty(path: string): Promise<void> {
  await rm(path, { recursive: true });
  await mkdir(path);
}

describe('a store with its log apart', () => {
  it('needs only an empty directory more, and the same two ever after', async (t) => {
    const place = await halves(t);
    await written(place);
    const first = await contentsOf(storeIn(place));
    assert.deepEqual(await contentsOf(storeIn(place)), first);
  });

  it('moves with both of its directories', async (t) => {
    const place = await halves(t);
    await written(place);
    const first = await contentsOf(storeIn(place));
    const moved = { data: await copyOf(t, place.data), log: await copyOf(t, place.log) };
    assert.deepEqual(await contentsOf(storeIn(moved)), first);
  });

  it('may name one directory twice', async (t) => {
    const data = await directory(t);
    await written({ data, log: undefined });
    const first = await contentsOf(storeIn({ data, log: undefined }));
    assert.deepEqual(await contentsOf(storeIn({ data, log: join(data, '.') })), first);
  });

  it('that was never finished is begun again', async (t) => {
    const place = await halves(t);
    const store = storeIn(place);
    await store.open();
    await store.close();
    await empty(place.log);
    await rm(join(place.data, 'witness'));
    await contentsOf(storeIn(place));
  });
});

describe('a store is refused', () => {
  const cases: Readonly<
    Record<
      string,
      [ErrorCode, RegExp, (t: TestContext, place: Halves & { log: string }) => Promise<Halves>]
    >
  > = {
    'whose log is not named any more': [
      'STORE_MISMATCH',
      /one half of a store/,
      async (_, { data }) => ({ data, log: undefined }),
    ],
    'of which only the log is named': [
      'STORE_MISMATCH',
      /one half of a store/,
      async (_, { log }) => ({ data: log, log: undefined }),
    ],
    'whose directories changed places': [
      'STORE_MISMATCH',
      /leave dataLogDir out/,
      async (_, { data, log }) => ({ data: log, log: data }),
    ],
    'that was begun without a log apart': [
      'STORE_MISMATCH',
      /leave dataLogDir out/,
      async (t, { log }) => {
        const data = await directory(t);
        await written({ data, log: undefined });
        await empty(log);
        return { data, log };
      },
    ],
    'whose halves are of two stores': [
      'STORE_MISMATCH',
      /halves of two stores/,
      async (t, { data }) => {
        const other = await halves(t);
        await written(other);
        return { data, log: other.log };
      },
    ],
    'whose log is gone': [
      'QUARANTINED',
      /the log is gone/,
      async (_, { data, log }) => {
        await empty(log);
        return { data, log };
      },
    ],
    'whose checkpoints are gone': [
      'QUARANTINED',
      /the checkpoints are gone/,
      async (_, { data, log }) => {
        await empty(data);
        return { data, log };
      },
    ],
  };
  for (const [what, [code, message, change]] of Object.entries(cases)) {
    it(what, async (t) => {
      const place = await halves(t);
      await written(place);
      const changed = await change(t, place);
      await assert.rejects(contentsOf(storeIn(changed)), refusedWith(code, message));
    });
  }
});
