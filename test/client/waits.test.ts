import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPeer, QuorateError } from '../../lib/index.ts';
import { createTestGroup } from '../../lib/testing/test-group.ts';
import { failsWith, solo } from './solo.ts';

/** A peer of three that is alone: it stays LOOKING, and nothing is decided. */
async function lonely(): Promise<Awaited<ReturnType<typeof openPeer>>> {
  const peers = { 1: 'ws://127.0.0.1:0', 2: 'ws://127.0.0.1:2', 3: 'ws://127.0.0.1:3' };
  return await openPeer({ id: 1, peers, dataDir: ':memory:', requestTimeout: 50 });
}

test('nothing hangs without a quorum: reads, writes and ready() time out, and say why', async () => {
  await using peer = await lonely();
  const why = { message: /timed out after \d+ ms: .*2: .*3: / };
  await assert.rejects(peer.ready({ timeout: 20 }), failsWith('TIMED_OUT', why));
  await assert.rejects(peer.get('/'), failsWith('TIMED_OUT', { ...why, path: '/' }));
  await assert.rejects(peer.create('/a'), failsWith('TIMED_OUT', { ...why, path: '/a' }));
  await assert.rejects(peer.sync(), failsWith('TIMED_OUT', why));
  await assert.rejects(peer.openSession(), failsWith('TIMED_OUT', why));
  const { serving, state, reason } = peer.status;
  assert.deepEqual([serving, state], [false, 'looking']);
  assert.ok(reason);
});

test('a write that never left is known not to be applied', async () => {
  await using peer = await lonely();
  await assert.rejects(peer.create('/a'), (error) => {
    assert.ok(QuorateError.is(error, 'TIMED_OUT'));
    assert.equal(error.outcome, 'not-applied');
    return true;
  });
});

test('a stale read is answered without a quorum', async () => {
  await using peer = await lonely();
  const { stat } = await peer.get('/', { consistency: 'stale' });
  assert.equal(stat.czxid, 0n);
  assert.equal(peer.status.contactAge, Number.POSITIVE_INFINITY);
});

test('a signal cuts every wait short, as in Node: AbortError with the reason as its cause', async () => {
  await using peer = await lonely();
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [
    peer.get('/', { signal }),
    peer.set('/a', '', { signal }),
    peer.ready({ signal, timeout: Number.POSITIVE_INFINITY }),
    peer.watch('/a').until(() => true, { signal }),
    peer.sync({ signal }),
    peer.openSession({ signal }),
  ];
  const ends = Promise.allSettled(waits);
  controller.abort('enough');
  for (const end of await ends) {
    assert.equal(end.status, 'rejected');
    assert.equal(end.reason.name, 'AbortError');
    assert.equal(end.reason.cause, 'enough');
    assert.equal(end.reason.outcome, 'not-applied');
  }
  await assert.rejects(
    peer.get('/', { signal }),
    { name: 'AbortError' },
    'aborted before it began',
  );
});

test('a signal leaves no listener behind', async (t) => {
  const peer = await solo(t);
  let listeners = 0;
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  await peer.create('/a', '', { signal });
  await peer.get('/a', { signal });
  await peer.watch('/a', { signal }).until(() => true, { signal });
  await peer.ready({ signal });
  assert.equal(listeners, 0);
});

test('a hundred waits on one signal are no leak to Node, and all are cut short', async (t) => {
  const peer = await solo(t);
  const controller = new AbortController();
  const { signal } = controller;
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const waits = Array.from({ length: 50 }, (_, at) => [
    peer.watch('/a', { signal }).until(() => false),
    peer.watch(`/a-${at}`).until((node) => node !== undefined, { signal }),
  ]).flat();
  const ends = Promise.allSettled(waits);
  controller.abort();
  for (const end of await ends)
    assert.ok(end.status === 'rejected' && end.reason.code === 'ABORTED');
  // Node tells of a warning in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, []);
});

test('an unordered read does not wait for what others write through the session', async (t) => {
  const peer = await solo(t);
  await peer.create('/a', 'old');
  const writing = peer.set('/a', 'new');
  const [ordered, unordered] = [peer.get('/a'), peer.get('/a', { consistency: 'unordered' })];
  assert.equal((await unordered).data, 'old', 'it is in front of the write');
  await writing;
  assert.equal((await peer.get('/a', { consistency: 'unordered' })).data, 'new', 'acknowledged');
  assert.equal((await ordered).data, 'new', 'in the order of the session');
});

test('after waits for a transaction, and a zxid of the past costs nothing', async (t) => {
  const peer = await solo(t);
  const { stat } = await peer.create('/a', 'x');
  assert.equal((await peer.get('/a', { after: stat.czxid })).data, 'x');
  await assert.rejects(
    peer.get('/a', { after: stat.czxid + 1_000n, timeout: 20 }),
    failsWith('TIMED_OUT', { outcome: 'not-applied' }),
  );
  assert.equal((await peer.get('/a', { consistency: 'linearizable' })).data, 'x');
});

test('more writes than may wait are refused at once, and certainly not applied', async (t) => {
  const peer = await solo(t);
  await peer.create('/o');
  const writes = Array.from({ length: 10_000 }, () => peer.set('/o', 'x'));
  const ends = await Promise.allSettled(writes);
  const refused = ends.filter(({ status }) => status === 'rejected');
  assert.ok(refused.length > 0);
  for (const end of refused) {
    assert.ok(end.status === 'rejected');
    assert.ok(failsWith('OVERLOADED', { outcome: 'not-applied' })(end.reason));
  }
  const { version } = await peer.set('/o', 'last');
  assert.equal(version, ends.length - refused.length + 1, 'exactly the others were applied');
});

test('watches that are made and left while there is no quorum leave nothing behind', async () => {
  await using group = await createTestGroup(3);
  const [peer] = group.peers;
  assert.ok(peer);
  group.partition([1], [2], [3]);
  await assert.rejects(peer.sync({ timeout: 50 }), failsWith('TIMED_OUT'));
  for (let at = 0; at < 40_000; at += 1) {
    const states = peer.watch(`/n${at}`)[Symbol.asyncIterator]();
    void states.next();
    await states.return?.();
  }
  await assert.rejects(peer.get('/', { timeout: 50 }), failsWith('TIMED_OUT'));
  group.heal();
  await peer.get('/', { timeout: 20_000 });
  assert.equal(peer.status.watches, 0);
});
