/** Who is in the group, as options, logs and other peers have it. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePorts } from '../../examples/support/peer-process.ts';
import { fromZooCfg, type Grouped, openPeer, type Peer } from '../../lib/index.ts';
import { checkOptions } from '../../lib/peer/options.ts';
import { failsWith } from '../client/solo.ts';
import { directoryOf } from './hosts.ts';

const urlOf = (port: number | undefined): string => `ws://127.0.0.1:${port}`;

async function open(t: TestContext, options: Grouped): Promise<Peer> {
  const peer = await openPeer(options);
  t.after(() => peer.close());
  return peer;
}

test('other voters than those of the log are refused, and the error says how members change', async (t) => {
  const dataDir = await directoryOf(t);
  const [one, two] = await freePorts(2);
  const first = await openPeer({ id: 1, peers: { 1: urlOf(one) }, dataDir });
  await first.create('/a', 'kept');
  await first.close();
  const more = { id: 1, peers: { 1: urlOf(one), 2: urlOf(two) }, dataDir };
  const names = /voters 1, 2, but the log of the group has 1\..*cannot be changed at run time yet/;
  await assert.rejects(openPeer(more), failsWith('PEERS_MISMATCH', { message: names }));
  const heavy = { id: 1, peers: { 1: { url: urlOf(one), weight: 2 } }, dataDir };
  await assert.rejects(openPeer(heavy), failsWith('PEERS_MISMATCH'));
  const again = await open(t, { id: 1, peers: { 1: urlOf(two) }, dataDir });
  assert.equal((await again.get('/a')).data, 'kept', 'another URL is no other member');
});

test('an observer joins though nobody lists it, and peers come back at other URLs', async (t) => {
  const directory = await directoryOf(t);
  const ports = await freePorts(6);
  const voters = { 1: urlOf(ports[0]), 2: urlOf(ports[1]) };
  const optionsOf = (id: number, peers: Grouped['peers']): Grouped => {
    return { id, peers, dataDir: join(directory, String(id)) };
  };
  const one = await open(t, optionsOf(1, voters));
  const two = await openPeer(optionsOf(2, voters));
  const all = { ...voters, 3: { url: urlOf(ports[2]), role: 'observer' } as const };
  const observer = await open(t, optionsOf(3, all));
  await observer.ready({ timeout: 30_000 });
  await observer.create('/by-the-observer', 'x', { timeout: 30_000 });
  assert.equal(observer.status.mode, 'observer');
  assert.deepEqual(one.status.voters, [1, 2]);

  await two.close();
  const moved = { ...voters, 2: urlOf(ports[3]) };
  const back = await open(t, optionsOf(2, moved));
  await back.ready({ timeout: 30_000 });
  assert.equal((await back.get('/by-the-observer', { timeout: 30_000 })).data, 'x');
});

test('openPeer takes every option that fromZooCfg makes', async (t) => {
  const data = join(await directoryOf(t), 'data');
  await mkdir(data);
  const text = `
tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=${data}\ndataLogDir=${data}-log\nsnapCount=50000
autopurge.snapRetainCount=3\nfsync.warningthresholdms=500\nminSessionTimeout=4000\nmaxSessionTimeout=40000
cnxTimeout=4000\nserver.1=127.0.0.1:2888:3888\nweight.1=1\ngroup.1=1\n`;
  const { options } = fromZooCfg(text, { myid: 1 });
  const checked = checkOptions(options);
  assert.deepEqual(
    [checked.dialTimeout, checked.snapRetainCount, checked.fsyncWarningThreshold],
    [4_000, 3, 500],
  );
  assert.deepEqual([checked.dataDir, checked.dataLogDir], [data, `${data}-log`]);
});
