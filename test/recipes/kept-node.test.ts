/** What becomes of a kept node when something happens in the middle of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, type Peer, QuorateError } from '../../lib/index.ts';
import {
  type EphemeralNode,
  Mutex,
  openEphemeral,
  openTtlNode,
  ServiceRegistry,
} from '../../lib/recipes/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { type Before, eventually, limit, PATIENCE, picky, preceded } from './support.ts';

/** Has the node made again, and sets its data while that is so. */
async function setWhileMade(peer: Peer, before: Before): Promise<[EphemeralNode, Promise<void>]> {
  const client = preceded(peer, before);
  const node = await openEphemeral(client, '/a', 'first');
  const set = new Promise<void>((resolve, reject) => {
    before.create = () => {
      delete before.create;
      node.set('second').then(resolve, reject);
    };
  });
  await peer.delete('/a');
  return [node, set];
}

test('what is refused takes nothing back that was set before it', async (t) => {
  const peer = await solo(t);
  await using node = await openEphemeral(peer.as(picky), '/a', 'first');
  const good = node.set('good');
  const refused = ['bad', 'bad again'].map((data) => node.set(data));
  for (const one of refused) await assert.rejects(one, failsWith('INVALID_DATA'));
  await good;
  await peer.delete('/a');
  await eventually('it is back as it was', async () => (await peer.find('/a'))?.data === 'good');
  const { version } = (await peer.get('/a')).stat;
  await peer.sync();
  assert.equal((await peer.get('/a')).stat.version, version);
  await node.set('last');
  assert.equal((await peer.get('/a')).data, 'last');
});

test('a set does not resolve by a node that was gone before the data was in it', async (t) => {
  const peer = await solo(t);
  const before: Before = {};
  before.set = async () => {
    delete before.set;
    await peer.delete('/a');
  };
  const [node, set] = await setWhileMade(peer, before);
  // Not behind the writes of the owner.
  const other = await peer.openSession();
  await set;
  assert.equal((await other.find('/a'))?.data, 'second');
  await node.close();
});

test('a set that fails with its node while that is closed is told so', async (t) => {
  const peer = await solo(t);
  const before: Before = {};
  const node = await openEphemeral(preceded(peer, before), '/a', 'first');
  before.set = async () => {
    await node.close();
    throw QuorateError.make('SESSION_EXPIRED');
  };
  await assert.rejects(node.set('second'), failsWith('CLOSED', { outcome: 'not-applied' }));
});

test('a node that cannot be written to at present is removed when it is closed', async (t) => {
  const peer = await solo(t);
  let attempts = 0;
  const overloaded = (): void => {
    attempts += 1;
    throw QuorateError.make('OVERLOADED');
  };
  const before: Before = { set: overloaded, multi: overloaded };
  const [node, set] = await setWhileMade(peer, before);
  await eventually('it is tried again', () => attempts >= 3);
  await Promise.all([node.close(), assert.rejects(set, failsWith('CLOSED'))]);
  assert.equal(await peer.exists('/a'), undefined);
});

test('a node that its guard keeps from coming back is kept no longer, and says so', async (t) => {
  const peer = await solo(t);
  const term = await new Mutex(peer, '/leader').acquire();
  const node = await openEphemeral(peer.guardedBy(term), '/a', 'one');
  await term.release();
  await peer.delete('/a');
  await eventually('it is kept no longer', () => node.state === 'closed');
  await assert.rejects(node.set('two', { timeout: PATIENCE }), failsWith('CLOSED'));
  await node.close();
});

test('what a quota has refused is not what a node comes back with', async (t) => {
  const peer = await solo(t);
  await peer.ensurePath('/kept');
  await limit(peer, '/kept', 'byteHardLimit=400');
  const large = 'x'.repeat(1_000);
  const refused = failsWith('QUOTA_EXCEEDED');
  const lasting = await openTtlNode(peer, '/kept/t', 'small', { ttl: 1_000 });
  await assert.rejects(lasting.set(large), refused);
  await peer.delete('/kept/t', { recursive: true });
  await peer.watch('/kept/t').until((node) => node?.data === 'small', { timeout: PATIENCE });
  await lasting.close();
  await using node = await openEphemeral(peer, '/kept/e', 'small');
  await assert.rejects(node.set(large), refused);
  await peer.delete('/kept/e');
  await peer.watch('/kept/e').until((now) => now?.data === 'small', { timeout: PATIENCE });
  await node.close();
  const registry = new ServiceRegistry(peer, '/kept');
  const service = { name: 's', id: '1', address: 'localhost', port: 1 };
  await using registration = await registry.register(service);
  await assert.rejects(registration.update({ payload: large }), refused);
  await registration.update({ weight: 2 });
  const { data } = await peer.as(json<{ weight: number }>()).get(registration.path);
  assert.equal(data.weight, 2);
});

test('a set that the group was too busy for is not found in the next node', async (t) => {
  const peer = await solo(t);
  const before: Before = {};
  const node = await openEphemeral(preceded(peer, before), '/a', 'one');
  before.set = () => {
    delete before.set;
    throw QuorateError.make('OVERLOADED');
  };
  await assert.rejects(node.set('two'), failsWith('OVERLOADED'));
  await peer.delete('/a');
  await peer.watch('/a').until((now) => now?.data === 'one', { timeout: PATIENCE });
  await node.close();
});
