import assert from 'node:assert/strict';
import { it } from 'node:test';
import { QuorateError } from '../../lib/base/errors.ts';
import { MemoryDisk, MemoryStorage } from '../../lib/storage/memory-storage.ts';
import { GENESIS, logBatch } from '../contracts/log-samples.ts';
import { storageContract, type TestDisk } from '../contracts/storage.ts';

function testDisk(disk: MemoryDisk): TestDisk {
  return {
    store: (id = 1) => new MemoryStorage(id, disk),
    crash: async () => testDisk(disk.copy()),
  };
}

storageContract('a memory store', async () => testDisk(new MemoryDisk()));

it('a memory disk refuses one write when told to, and the store takes no other', async () => {
  const disk = new MemoryDisk();
  const store = new MemoryStorage(1, disk);
  await store.open();
  disk.failNextWrite(new Error('no space left'));
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await assert.rejects(store.write(logBatch(GENESIS)), (error: unknown) => {
      assert.ok(QuorateError.is(error, 'QUARANTINED'));
      return /no space left/.test(error.message);
    });
  }
  await store.close();
  const opened = await new MemoryStorage(1, disk).open();
  assert.deepEqual(opened.durable.birth, { state: 'unborn' });
});

it('a wiped memory disk is a new one', async () => {
  const disk = new MemoryDisk();
  const store = new MemoryStorage(1, disk);
  const before = await store.open();
  await store.close();
  disk.wipe();
  const after = await new MemoryStorage(1, disk).open();
  assert.notEqual(after.durable.store, before.durable.store);
  assert.equal(after.durable.boot, 1);
});
