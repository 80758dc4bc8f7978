/** What becomes of a kept node when something happens in the middle of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Peer, QuorateError } from '../../lib/index.ts';
import { type EphemeralNode, openEphemeral } from '../../lib/recipes/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { type Before, eventually, picky, preceded } from './support.ts';

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
