import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openPeerWith } from '../../lib/client/open-peer.ts';
import { openPeer, type PeerStatus } from '../../lib/index.ts';
import { systemClock } from '../../lib/peer/clock.ts';
import { checkOptions } from '../../lib/peer/options.ts';
import { MemoryDisk, MemoryStorage } from '../../lib/storage/memory-storage.ts';
import { WebSocketTransport } from '../../lib/transport/web-socket-transport.ts';
import { failsWith } from '../client/solo.ts';

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return join(path, 'data');
}

test('a group of one in memory serves in the twinkling of an eye and forgets when it is closed', async () => {
  const peer = await openPeer();
  await peer.ready();
  assert.deepEqual([peer.id, peer.status.state, peer.status.phase], [1, 'leading', 'broadcast']);
  assert.deepEqual([peer.status.leader, peer.status.reason], [1, undefined]);
  await peer.create('/a');
  assert.ok(Object.isFrozen(peer.status));
  await peer.close();
  assert.deepEqual([peer.status.state, peer.status.serving], ['closed', false]);
});

test('a group of one on disk remembers', async (t) => {
  const dataDir = await directory(t);
  const first = await openPeer({ dataDir });
  const { stat } = await first.create('/a', 'kept');
  await first.session.create('/e', '', { ephemeral: true });
  await first.close();
  const second = await openPeer({ dataDir });
  t.after(() => second.close());
  const node = await second.get('/a');
  assert.deepEqual([node.data, node.stat], ['kept', stat]);
  assert.equal(await second.exists('/e'), undefined);
});

test('a directory belongs to one peer at a time, and to one id for ever', async (t) => {
  const dataDir = await directory(t);
  const peer = await openPeer({ dataDir });
  await assert.rejects(openPeer({ dataDir }), failsWith('DIRECTORY_LOCKED'));
  await peer.create('/a');
  await peer.close();
  await assert.rejects(openPeer({ id: 2, dataDir }), failsWith('STORE_MISMATCH'));
});

test('close is idempotent, resolves `closed`, and ends what waits', async () => {
  const peer = await openPeer();
  await peer.ready();
  const pending = peer.create('/a');
  const [one, two] = [peer.close(), peer.close()];
  await Promise.all([one, two, peer.closed]);
  await pending;
  for (const call of [() => peer.get('/'), () => peer.create('/b'), () => peer.openSession()]) {
    await assert.rejects(call(), failsWith('CLOSED', { outcome: 'not-applied' }));
  }
  await assert.rejects(peer.ready(), failsWith('CLOSED'));
  await peer[Symbol.asyncDispose]();
});

test('close may come at once, before anything has begun', async () => {
  const peer = await openPeer();
  await peer.close();
  assert.equal(peer.status.state, 'closed');
});

test('close without a quorum is short', async () => {
  const peers = { 1: 'ws://127.0.0.1:0', 2: 'ws://127.0.0.1:2' };
  const peer = await openPeer({ id: 1, peers, dataDir: ':memory:' });
  const pending = peer.create('/a');
  const end = assert.rejects(pending, failsWith('CLOSED'));
  const before = performance.now();
  await peer.close();
  assert.ok(performance.now() - before < 5_000);
  await end;
});

test('a port that is in use rejects, and leaves nothing open', async (t) => {
  const transport = new WebSocketTransport();
  t.after(() => transport.close());
  const url = await transport.listen('ws://127.0.0.1:0');
  const dataDir = await directory(t);
  const options = { id: 1, peers: { 1: url }, dataDir };
  await assert.rejects(openPeer(options), { code: 'EADDRINUSE' });
  await (await openPeer({ dataDir })).close();
});

test('opening can be given up', async () => {
  const signal = AbortSignal.abort('no more');
  await assert.rejects(openPeer({ signal }), { name: 'AbortError', cause: 'no more' });
});

test('status events tell of each change, with the value before', async (t) => {
  const peer = await openPeer();
  t.after(() => peer.close());
  const changes: [PeerStatus, PeerStatus][] = [];
  peer.on('status', (now, before) => changes.push([now, before]));
  await peer.ready();
  await peer.close();
  assert.ok(changes.some(([now, before]) => now.serving && !before.serving));
  assert.equal(changes.at(-1)?.[0].state, 'closed');
});

test('a disk that refuses a write puts the peer in quarantine, and harms nobody', async () => {
  const disk = new MemoryDisk();
  const { client: peer } = await openPeerWith(checkOptions({}), {
    clock: systemClock,
    storage: new MemoryStorage(1, disk),
    transport: new WebSocketTransport(),
  });
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  await peer.create('/a', 'x');
  // Those who listen are not told one by one.
  peer.watch('/a').subscribe(() => {});
  disk.failNextWrite(new Error('ENOSPC: no space left on device'));
  await assert.rejects(peer.set('/a', 'y'), failsWith('QUARANTINED', { outcome: 'unknown' }));
  const { state, serving, reason } = peer.status;
  assert.deepEqual([state, serving], ['quarantined', false]);
  assert.match(String(reason), /ENOSPC/);
  assert.ok(failsWith('QUARANTINED', { message: /ENOSPC/ })(errors[0]));
  await assert.rejects(peer.get('/a'), failsWith('QUARANTINED'));
  await assert.rejects(peer.ready(), failsWith('QUARANTINED'));
  await peer.close();
  assert.equal(peer.status.state, 'closed');
  assert.equal(errors.length, 1, 'the application hears of it once');
});

test('no timer and no socket is left when a peer is closed', async () => {
  const before = process.getActiveResourcesInfo();
  const peers = { 1: 'ws://127.0.0.1:0' };
  const peer = await openPeer({ id: 1, peers, dataDir: ':memory:' });
  await peer.create('/a');
  await peer.close();
  await new Promise((resolve) => setImmediate(resolve));
  const left = process.getActiveResourcesInfo();
  for (const kind of ['Timeout', 'Immediate', 'TCPServerWrap', 'TCPSocketWrap']) {
    const count = (all: string[]) => all.filter((one) => one === kind).length;
    assert.ok(count(left) <= count(before), `${kind}: ${count(left)} after ${count(before)}`);
  }
});

test('a write that takes longer than the threshold is a warning, and no more', async (t) => {
  const disk = new MemoryDisk();
  const storage = new MemoryStorage(1, disk);
  const write = storage.write.bind(storage);
  let slow = 0;
  storage.write = async (batch) => {
    await new Promise((resolve) => setTimeout(resolve, slow));
    await write(batch);
  };
  const { client: peer } = await openPeerWith(checkOptions({ fsyncWarningThreshold: 100 }), {
    clock: systemClock,
    storage,
    transport: new WebSocketTransport(),
  });
  t.after(() => peer.close());
  const warned = new Promise<unknown>((resolve) => peer.on('warning', resolve));
  slow = 150;
  await peer.create('/a', 'x');
  assert.ok(
    failsWith('SLOW_DISK', { message: /took 1\d\d ms|took [2-9]\d\d ms|took \d{4,} ms/ })(
      await warned,
    ),
  );
  assert.equal((await peer.get('/a')).data, 'x');
});
