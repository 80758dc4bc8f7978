/** A store whose checkpoints go bad: an older one that is kept leads to the same state. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { openPeer } from '../../lib/index.ts';
import { failsWith } from '../client/solo.ts';

/** Takes a checkpoint every ten transactions; tells what a logger hears. */
function open(dataDir: string, snapRetainCount: number, warnings: string[] = []) {
  const silent = (): void => {};
  const warn = (_: object, text: string): unknown => warnings.push(text);
  const logger = { debug: silent, info: silent, warn, error: silent };
  return openPeer({ dataDir, snapCount: 10, snapRetainCount, logger });
}

async function writtenTo(t: TestContext, snapRetainCount: number): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const peer = await open(dataDir, snapRetainCount);
  for (let at = 0; at < 60; at += 1) await peer.create(`/n${at}`, `value ${at}`);
  await peer.close();
  return dataDir;
}

/** Flips a bit in a chunk of each of the newest checkpoints; answers how many checkpoints there were. */
async function damageNewest(path: string, count: number): Promise<number> {
  const level = new ClassicLevel<string, Uint8Array>(path, {
    ...{ keyEncoding: 'hex', valueEncoding: 'view' },
  });
  await level.open();
  const chunks = await level.iterator({ gte: '63', lt: '64' }).all();
  const generations = [...new Set(chunks.map(([key]) => key.slice(0, 10)))].sort().reverse();
  for (const [key, value] of chunks) {
    if (!generations.slice(0, count).includes(key.slice(0, 10))) continue;
    await level.put(
      key,
      value.map((byte, at) => (at === value.length >> 1 ? byte ^ 1 : byte)),
    );
  }
  await level.close();
  return generations.length;
}

for (const damaged of [0, 1, 2]) {
  test(`of three checkpoints ${damaged} are damaged: nothing is lost`, async (t) => {
    const dataDir = await writtenTo(t, 3);
    assert.equal(await damageNewest(dataDir, damaged), 3);
    const warnings: string[] = [];
    const peer = await open(dataDir, 3, warnings);
    t.after(() => peer.close());
    const names = (await peer.children('/')).filter((name) => name.startsWith('n'));
    assert.equal(names.length, 60);
    assert.equal((await peer.get('/n59')).data, 'value 59');
    assert.equal(warnings.filter((text) => /checkpoint/.test(text)).length, damaged);
    for (let at = 60; at < 90; at += 1) await peer.create(`/n${at}`, `value ${at}`);
    await peer.close();
    assert.equal(await damageNewest(dataDir, 0), 3);
  });
}

test('where no checkpoint can be read the store is refused', async (t) => {
  const dataDir = await writtenTo(t, 1);
  assert.equal(await damageNewest(dataDir, 1), 1);
  await assert.rejects(open(dataDir, 1), failsWith('QUARANTINED', { message: /checkpoint/ }));
});
