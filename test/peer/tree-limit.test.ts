import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeer } from '../../lib/index.ts';

const MIB = 1024 * 1024;
/** With its path and what a node needs beside, a tenth of the limit and no more. */
const TENTH = 'x'.repeat(Math.floor(MIB / 10) - 400);

test('a peer warns once that its tree fills up, refuses growth when it is full, and knows it after a restart', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'quorate-limit-'));
  const warned: string[] = [];
  const open = async (maxTreeBytes: number) => {
    const peer = await openPeer({ dataDir, maxTreeBytes });
    t.after(() => peer.close());
    peer.on('warning', ({ code, message }) => warned.push(`${code} ${message}`));
    await peer.ready();
    return peer;
  };
  const peer = await open(MIB);
  for (let at = 0; at < 7; at += 1) await peer.create(`/${at}`, TENTH);
  assert.deepEqual(warned, []);
  for (let at = 7; at < 10; at += 1) await peer.create(`/${at}`, TENTH);
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? '', /^QUOTA_EXCEEDED .* 89 % of what maxTreeBytes allows/);
  await assert.rejects(peer.create('/more', TENTH), { code: 'QUOTA_EXCEEDED' });
  await peer.delete('/0');
  await peer.create('/more', TENTH);
  assert.equal(warned.length, 1, 'it was not relieved in between');
  await peer.close();
  const again = await open(MIB);
  await assert.rejects(again.create('/0', TENTH), { code: 'QUOTA_EXCEEDED' });
  assert.equal(warned.length, 2, 'a peer that starts nearly full says so');
  await again.close();
  const roomy = await open(2 * MIB);
  await roomy.create('/0', TENTH);
  assert.equal(warned.length, 2);
  await roomy.close();
  await rm(dataDir, { recursive: true, force: true });
});
