/** What a program without types, or with a slip, hands over: it is refused, and harms nothing. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Client, type Codec, json, openPeer, type Peer } from '../../lib/index.ts';
import { failsWith, solo } from './solo.ts';

/** Such as a setting that was read from a file. */
const NO = 'no' as never;

test('a flag is true or false: a truthy word is not taken for yes', async (t) => {
  const peer = await solo(t);
  await peer.create('/a/b', '', { parents: true });
  const calls: readonly (() => Promise<unknown>)[] = [
    () => peer.delete('/a', { recursive: NO }),
    () => peer.create('/x', '', { sequential: NO }),
    () => peer.create('/x', '', { container: NO }),
    () => peer.create('/x/y', '', { parents: NO }),
    () => peer.session.create('/x', '', { ephemeral: NO }),
    () => peer.multi([{ create: '/x', sequential: NO }]),
    () => peer.session.multi([{ create: '/x', ephemeral: NO }]),
  ];
  for (const call of calls) await assert.rejects(call(), /^TypeError: \w+ must be true or false/);
  assert.deepEqual(await peer.children('/'), ['a', 'zookeeper']);
});

test('a path that was forgotten is a TypeError, for reads as for writes', async (t) => {
  const peer = await solo(t);
  const missing = undefined as never;
  for (const client of [peer, peer.namespace('/app')] as const) {
    for (const name of ['get', 'find', 'exists', 'children', 'getAcl', 'ensurePath'] as const) {
      await assert.rejects(client[name](missing), TypeError, name);
    }
    assert.throws(() => client.watch(missing), TypeError);
  }
});

test('a codec that is none is refused where it is given, not where data is read', async (t) => {
  const peer = await solo(t);
  for (const codec of [undefined, null, {}, json, { encode: () => new Uint8Array() }]) {
    assert.throws(() => peer.as(codec as never), TypeError);
    assert.throws(() => peer.session.as(codec as never), TypeError);
  }
});

test('an event that there is not is a TypeError', async (t) => {
  const peer = await solo(t);
  for (const listen of ['on', 'once', 'off'] as const) {
    assert.throws(() => peer[listen]('stauts' as never, () => {}), /'stauts'.*status/);
  }
});

test('a Stat is the caller’s own: what is written into it reaches neither tree nor disk', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'quorate-misuse-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const peer = await openPeer({ dataDir, snapCount: 10 });
  t.after(() => peer.close());
  // As somebody does who wants it as JSON.
  const spoil = (stat: object) => Object.assign(stat, { czxid: '7', version: 'x', mzxid: {} });
  spoil((await peer.create('/a', 'a')).stat);
  // Its answer is remembered, and so part of every checkpoint, until it asks again.
  spoil((await (await peer.openSession()).create('/b', 'b')).stat);
  for (let at = 0; at < 40; at += 1) {
    spoil(await peer.set('/a', `${at}`));
    for (const result of await peer.multi([{ set: '/a', data: 'm' }, { create: `/n${at}` }])) {
      spoil('stat' in result ? result.stat : result);
    }
    spoil((await peer.get('/a')).stat);
    spoil(await peer.setAcl('/a', ['world:anyone:cdrwa']));
  }
  assert.equal(typeof (await peer.get('/a')).stat.version, 'number');
  await peer.close();
  const again = await openPeer({ dataDir });
  t.after(() => again.close());
  await again.ready();
  assert.equal((await again.get('/a')).stat.version, 80);
});

test('whatever is thrown at it, the peer goes on', async (t) => {
  const peer = await solo(t);
  await peer.create('/a', '0');
  const nothing: unknown = Object.create(null);
  const throwsNothing = () => {
    throw nothing;
  };
  const told: unknown[] = [];
  const seen: (string | undefined)[] = [];
  peer.watch('/a').subscribe(throwsNothing);
  const refuse = (_: unknown, reject: (error: unknown) => void) => reject('foreign');
  const ofAnotherLibrary = Object.fromEntries([['then', refuse]]) as never;
  peer.watch('/a').subscribe(() => ofAnotherLibrary);
  peer.watch('/a').subscribe((node) => void seen.push(node?.data));
  const refuses: Codec<string> = { encode: () => new Uint8Array(1), decode: throwsNothing };
  await assert.rejects(peer.as(refuses).get('/a'), failsWith('INVALID_DATA', { path: '/a' }));
  await assert.rejects(
    peer.as(refuses).update('/b', () => ''),
    failsWith('INVALID_DATA', { outcome: 'not-applied' }),
  );
  assert.equal(await peer.exists('/b'), undefined, 'what cannot be read again was not written');
  // Without a listener of errors, and with one.
  await peer.set('/a', '1');
  peer.on('error', (error) => told.push(error));
  await peer.set('/a', '2');
  await settled(peer, () => told.includes('foreign') && seen.length === 3);
  assert.deepEqual(new Set(told), new Set([nothing, 'foreign']));
  assert.deepEqual(seen, ['0', '1', '2']);
  assert.equal(peer.status.state, 'leading');
});

async function settled(client: Client | Peer, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await client.sync()) {
    assert.ok(Date.now() < end, 'in time');
  }
}
