import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { storageContract, type TestDisk } from '../contracts/storage.ts';

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'quorate-store-'));
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

function testDisk(t: TestContext, path: string): TestDisk {
  return {
    store(id = 1) {
      const store = new LevelStorage(path, id);
      t.after(() => store.close());
      return store;
    },
    async crash() {
      const copy = await directory(t);
      await cp(path, copy, { recursive: true });
      return testDisk(t, copy);
    },
  };
}

storageContract('a store in LevelDB', async (t) => testDisk(t, join(await directory(t), 'data')));
