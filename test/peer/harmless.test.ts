/** The host application is never harmed, and cannot harm the peer by what it hands in. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { openPeerWith } from '../../lib/client/open-peer.ts';
import { json, type Logger, openPeer, type Peer, type PeerStatus } from '../../lib/index.ts';
import { systemClock } from '../../lib/peer/clock.ts';
import { checkOptions } from '../../lib/peer/options.ts';
import { MemoryDisk, MemoryStorage } from '../../lib/storage/memory-storage.ts';
import { createTestGroup } from '../../lib/testing/test-group.ts';
import { WebSocketTransport } from '../../lib/transport/web-socket-transport.ts';
import { failsWith, solo } from '../client/solo.ts';

/** A group of one whose disk can fail. */
async function onDisk(
  t: TestContext,
  disk: MemoryDisk,
  options: Parameters<typeof openPeer>[0] = {},
): Promise<Peer> {
  const { client } = await openPeerWith(checkOptions(options), {
    clock: systemClock,
    storage: new MemoryStorage(1, disk),
    transport: new WebSocketTransport(),
  });
  t.after(() => client.close());
  return client;
}

function broken(): never {
  throw new Error('the logger is broken');
}

test('a logger that throws, or rejects, costs its lines and nothing else', async (t) => {
  const throwing: Logger = { debug: broken, info: broken, warn: broken, error: broken };
  const rejecting: Logger = {
    debug: async () => broken(),
    info: async () => broken(),
    warn: async () => broken(),
    error: async () => broken(),
  };
  for (const logger of [throwing, rejecting]) {
    const disk = new MemoryDisk();
    const peer = await onDisk(t, disk, { logger });
    await peer.create('/a', 'x');
    peer.on('status', broken);
    assert.equal((await peer.get('/a')).data, 'x');
    disk.failNextWrite(new Error('EIO'));
    await assert.rejects(peer.set('/a', 'y'), failsWith('QUARANTINED'));
    await peer.close();
    await peer.closed;
  }
});

test('a logger gets fields that JSON can say', async (t) => {
  const fields: object[] = [];
  const keep = (given: object): void => void fields.push(given);
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  const peer = await openPeer({ logger });
  t.after(() => peer.close());
  await peer.create('/a');
  await peer.close();
  assert.ok(fields.length > 0);
  for (const given of fields) assert.doesNotThrow(() => JSON.stringify(given));
});

test('who asks for the status between two events still hears of each change', async (t) => {
  const peer = await openPeer();
  t.after(() => peer.close());
  const changes: [PeerStatus, PeerStatus][] = [];
  peer.on('status', (now, before) => changes.push([now, before]));
  const deadline = performance.now() + 10_000;
  while (!peer.status.serving && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await peer.close();
  assert.ok(peer.status.state === 'closed');
  let last: PeerStatus | undefined;
  for (const [now, before] of changes) {
    assert.ok(last === undefined || before === last, 'each change begins where the last one ended');
    assert.notEqual(now, before);
    last = now;
  }
  assert.ok(changes.some(([now, before]) => now.serving && !before.serving));
});

test('a peer may be closed by any of its own events', async (t) => {
  for (const event of ['status', 'session'] as const) {
    const peer = await openPeer();
    t.after(() => peer.close());
    peer.on(event, () => void peer.close());
    await peer.closed;
    assert.equal(peer.status.state, 'closed');
  }
  const disk = new MemoryDisk();
  const peer = await onDisk(t, disk);
  await peer.create('/a');
  peer.on('error', () => void peer.close());
  disk.failNextWrite(new Error('EIO'));
  const write = assert.rejects(peer.set('/a', 'x'), failsWith('QUARANTINED'));
  await Promise.all([write, peer.closed]);
});

test('a peer may be closed, and asked, by the warning that its session has ended', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 1_500 });
  const [one, two] = group.peers;
  assert.ok(one && two);
  const answers: Promise<unknown>[] = [];
  one.on('warning', ({ code }) => {
    if (code === 'SESSION_EXPIRED') answers.push(one.exists('/', { timeout: 15_000 }));
  });
  await group.expireSession(one.id);
  assert.equal(answers.length, 1);
  assert.ok(await answers[0], 'asked through the next session');

  two.on('warning', ({ code }) => {
    if (code === 'SESSION_EXPIRED') void two.close();
  });
  const end = two.closed;
  const { session } = two;
  group.partition([two.id]);
  await new Promise((resolve) => session.signal.addEventListener('abort', resolve));
  await end;
  assert.equal(two.status.state, 'closed');
});

test('close is bounded while writes, reads, watches and sessions are under way, whoever has gone', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const [other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(other);
  for (const peer of group.peers) if (peer !== other) await group.kill(peer.id);
  const ends = Promise.allSettled([
    other.create('/a'),
    other.get('/a'),
    other.sync(),
    other.watch('/a').until((node) => node !== undefined),
    other.openSession({ timeout: Number.POSITIVE_INFINITY }),
  ]);
  const before = performance.now();
  await Promise.all([other.close(), other.close({ timeout: 1 })]);
  assert.ok(performance.now() - before < 5_000);
  for (const end of await ends) {
    assert.equal(end.status, 'rejected');
    assert.ok(failsWith('CLOSED')(end.reason));
  }
});

test('a close that is under way ends when the peer is killed', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const others = group.peers.filter((peer) => peer !== leader);
  for (const peer of others) await group.kill(peer.id);
  const end = leader.close({ timeout: 60_000 });
  await group.kill(leader.id);
  await end;
});

test('a further session closes within its time-out when nobody is there to close it', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const session = await leader.openSession();
  for (const peer of group.peers) if (peer !== leader) await group.kill(peer.id);
  await leader.exists('/', { consistency: 'stale' });
  const before = performance.now();
  await session.close({ timeout: 300 });
  assert.ok(performance.now() - before < 5_000);
  await assert.rejects(session.get('/'), failsWith('CLOSED'));
});

test('misuse rejects where a promise is returned, and closes nothing', async (t) => {
  const peer = await solo(t);
  const wrong = [{ timeout: -1 }, { timeout: 'soon' }, { timeuot: 1 }] as readonly object[];
  for (const options of wrong) {
    await assert.rejects(peer.close(options), /timeout|timeuot/);
    await assert.rejects(peer.get('/', options), /timeout|timeuot/);
    await assert.rejects(peer.openSession(options), /timeout|timeuot/);
    await assert.rejects(peer.ready(options), /timeout|timeuot/);
  }
  assert.equal(peer.status.serving, true);
});

test('a peer in quarantine keeps the process alive until it is closed', async (t) => {
  const disk = new MemoryDisk();
  const peer = await onDisk(t, disk);
  await peer.create('/a');
  disk.failNextWrite(new Error('EIO'));
  await assert.rejects(peer.set('/a', 'x'), failsWith('QUARANTINED'));
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const held = timers();
  await peer.close();
  assert.equal(timers(), held - 1);
});

test('options with two spellings of one id are refused', () => {
  const peers = { '1': 'ws://127.0.0.1:7001', '01': 'ws://127.0.0.1:7002' };
  assert.throws(() => checkOptions({ id: 1, peers, dataDir: ':memory:' }), /'01'/);
});

test('update: an asynchronous change is misuse, and its time-out is one for all attempts', async (t) => {
  const peer = await solo(t);
  const late = (async () => ({})) as () => object;
  await assert.rejects(peer.as(json<object>()).update('/a', late), TypeError);
  assert.equal(await peer.exists('/a'), undefined);

  const before = performance.now();
  const busy = peer.update(
    '/b',
    () => {
      void peer.set('/b', 'faster').catch(() => {});
      return 'x';
    },
    { timeout: 300 },
  );
  await peer.create('/b');
  await assert.rejects(busy, failsWith('TIMED_OUT'));
  assert.ok(performance.now() - before < 5_000);
});

test('whoever logs a peer, or a session, logs no secret', async (t) => {
  const secrets = ['the secret of the group', `super:${'A'.repeat(27)}=`, 'a password'];
  const [secret = '', superDigest = '', password = ''] = secrets;
  const peer = await openPeer({ secret, superDigest });
  t.after(() => peer.close());
  await peer.addAuth('digest', `user:${password}`);
  const session = await peer.openSession();
  for (const held of [peer, session, peer.status, peer.session]) {
    const texts = [inspect(held, { depth: null }), JSON.stringify(held, withoutBigints)];
    const said = secrets.filter((one) => texts.some((text) => text.includes(one)));
    assert.deepEqual(said, []);
  }
});

function withoutBigints(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
