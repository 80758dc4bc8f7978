/** The first start of a group, as an operator sees it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts } from '../../examples/support/peer-process.ts';
import { openPeer, type Peer } from '../../lib/index.ts';

const PATIENCE = { timeout: 60_000 };

async function until(what: () => string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE.timeout;
  while (!holds()) {
    assert.ok(performance.now() < deadline, what());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('who founds a group says whom it waits for; by the word of its operator two of three do not wait', async (t) => {
  const ports = await freePorts(3);
  const peers = Object.fromEntries(ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`]));
  const open = async (id: number, rest: object = {}): Promise<Peer> => {
    const peer = await openPeer({ id, peers, dataDir: ':memory:', ...rest });
    t.after(() => peer.close());
    return peer;
  };
  const reasonOf = (peer: Peer): string => peer.status.reason ?? '';

  const one = await open(1, { bootstrap: true });
  await until(
    () => reasonOf(one),
    () => reasonOf(one).startsWith('waiting for the first start of peers 2, 3'),
  );
  const two = await open(2);
  await until(
    () => reasonOf(one),
    () => reasonOf(one).startsWith('waiting for the first start of peer 3'),
  );
  assert.equal(one.status.serving, false, 'not everybody has the word of the operator');
  await two.close();

  const again = await open(2, { bootstrap: true });
  await Promise.all([one, again].map((peer) => peer.ready(PATIENCE)));
  await one.create('/early', 'x');
  const three = await open(3);
  await three.ready(PATIENCE);
  assert.equal((await three.get('/early', { consistency: 'linearizable' })).data, 'x');
});
