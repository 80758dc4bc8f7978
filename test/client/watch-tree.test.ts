import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytes,
  type Client,
  type Feed,
  json,
  type Peer,
  QuorateError,
  type TreeUpdate,
} from '../../lib/index.ts';
import { createTestGroup } from '../../lib/testing/test-group.ts';
import { failsWith, solo } from './solo.ts';

/** An update in one line: `transaction +/a=1 ~/b=2 -/c`. */
function line({ kind, changes }: TreeUpdate<unknown>): string {
  const signs = { created: '+', changed: '~', deleted: '-' };
  const texts = changes.map((change) => {
    const data = change.type === 'deleted' ? '' : `=${String(change.data)}`;
    return signs[change.type] + change.path + data;
  });
  return [kind, ...texts].join(' ');
}

/** Takes one update after another. */
async function taker<T>(feed: Feed<TreeUpdate<T>>): Promise<() => Promise<TreeUpdate<T>>> {
  const iterator = feed[Symbol.asyncIterator]();
  return async () => {
    const { value } = await iterator.next();
    assert.ok(value);
    return value;
  };
}

/** What a consumer makes of updates: it must be the tree at every moment. */
class Mirror {
  readonly nodes = new Map<string, string>();
  zxid = 0n;

  apply({ zxid, changes }: TreeUpdate<string>): void {
    assert.ok(zxid > this.zxid || this.zxid === 0n, 'updates rise');
    this.zxid = zxid;
    for (const change of changes) {
      const { path } = change;
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (change.type === 'deleted') {
        assert.ok(this.nodes.delete(path), `${path} was known`);
        const below = [...this.nodes.keys()].filter((other) => other.startsWith(`${path}/`));
        assert.deepEqual(below, [], 'children go before their parents');
        continue;
      }
      assert.equal(this.nodes.has(path), change.type === 'changed', `${path} ${change.type}`);
      assert.ok(parent === '' || path === '/t' || this.nodes.has(parent), `parent of ${path}`);
      this.nodes.set(path, `${change.stat.czxid} ${change.stat.version} ${change.data}`);
    }
  }
}

async function listing(client: Client, path = '/t'): Promise<Map<string, string>> {
  const nodes = new Map<string, string>();
  const add = async (at: string): Promise<void> => {
    const node = await client.find(at);
    if (node === undefined) return;
    nodes.set(at, `${node.stat.czxid} ${node.stat.version} ${node.data}`);
    for (const name of await client.children(at)) await add(`${at}/${name}`);
  };
  await add(path);
  return nodes;
}

const sorted = (nodes: ReadonlyMap<string, string>) =>
  [...nodes].sort(([a], [b]) => (a < b ? -1 : 1));

test('a subtree is told as it is, then every transaction with all that it did there', async (t) => {
  const peer = await solo(t);
  await peer.create('/t/b', 'b', { parents: true });
  await peer.create('/t/a', 'a');
  const seen: string[] = [];
  peer.watchTree('/t').subscribe((update) => void seen.push(line(update)));
  await peer.set('/t/a', '2');
  await peer.create('/other', '');
  await peer.multi([
    { create: '/t/a/deep', data: 'd' },
    { set: '/t/b', data: '3' },
    { set: '/t/b', data: '4' },
    { create: '/t/z' },
    { delete: '/t/z' },
    { create: '/outside' },
  ]);
  await peer.multi([{ delete: '/t/b' }, { create: '/t/b', data: 'another' }]);
  await peer.delete('/t', { recursive: true });
  await peer.create('/t', 'again');
  assert.deepEqual(seen, [
    'snapshot +/t= +/t/a=a +/t/b=b',
    'transaction ~/t/a=2',
    'transaction +/t/a/deep=d ~/t/b=4',
    'transaction ~/t/b=another',
    'transaction -/t/a/deep -/t/a -/t/b -/t',
    'transaction +/t=again',
  ]);
});

test('five writes of the same value are five transactions, each with its own Stat', async (t) => {
  const peer = await solo(t);
  await peer.create('/t', 'x');
  const take = await taker(peer.watchTree('/t'));
  assert.equal(line(await take()), 'snapshot +/t=x');
  const stats = await Promise.all(Array.from({ length: 5 }, () => peer.set('/t', 'x')));
  for (const stat of stats) {
    const { kind, zxid, changes } = await take();
    const [change] = changes;
    assert.ok(change?.type === 'changed');
    assert.deepEqual([kind, zxid, change.stat], ['transaction', stat.mzxid, stat]);
  }
});

test('what is told is what the transaction wrote, however far the tree is by then', async (t) => {
  const peer = await solo(t);
  await peer.create('/t', '0');
  const take = await taker(peer.watchTree('/t'));
  await take();
  const values = Array.from({ length: 300 }, (_, at) => String(at + 1));
  await Promise.all(values.map((value) => peer.set('/t', value)));
  for (const value of values) assert.equal(line(await take()), `transaction ~/t=${value}`);
});

test('a subscriber hears of a transaction before the write that made it resolves', async (t) => {
  const peer = await solo(t);
  await peer.create('/t', '0');
  const order: string[] = [];
  peer.watchTree('/t').subscribe((update) => void order.push(line(update)));
  await peer.sync();
  await peer.set('/t', '1');
  order.push('wrote');
  assert.deepEqual(order, ['snapshot +/t=0', 'transaction ~/t=1', 'wrote']);
});

test('for a slow consumer all that waits becomes one net difference, in bounded memory', async (t) => {
  const peer = await solo(t);
  for (const name of ['changed', 'same', 'gone', 'gone/child', 'replaced']) {
    await peer.create(`/t/${name}`, 'old', { parents: true });
  }
  const take = await taker(peer.watchTree('/t'));
  await take();
  await peer.set('/t/changed', 'first');
  const large = 'x'.repeat(1024 * 1024);
  for (let at = 0; at < 12; at += 1) await peer.set('/t/changed', large);
  await peer.set('/t/changed', 'last');
  await peer.delete('/t/gone', { recursive: true });
  await peer.delete('/t/replaced');
  await peer.create('/t/replaced', 'another');
  await peer.create('/t/new/deep', 'new', { parents: true });
  await peer.create('/t/came-and-went', '');
  await peer.delete('/t/came-and-went');
  const gap = await take();
  assert.equal(
    line(gap),
    'gap -/t/gone/child -/t/gone ~/t/changed=last +/t/new= +/t/new/deep=new ~/t/replaced=another',
  );
  await peer.set('/t/same', 'next');
  assert.equal(line(await take()), 'transaction ~/t/same=next');
});

test('whatever is done and however slow it is, a consumer has the tree in the end', async (t) => {
  const peer = await solo(t);
  const mirror = new Mirror();
  const kinds = new Set<string>();
  const names = ['a', 'b', 'c'];
  const pick = (seed: number) =>
    `/t/${names[seed % 3]}${seed % 2 === 0 ? '' : `/${names[(seed >> 2) % 3]}`}`;
  const large = 'x'.repeat(900_000);
  const consumer = (async () => {
    for await (const update of peer.watchTree('/t')) {
      kinds.add(update.kind);
      mirror.apply(update);
      if (mirror.nodes.get('/t')?.endsWith(' end') === true) return;
      if (kinds.size < 3) await new Promise((resolve) => setTimeout(resolve, 40));
    }
  })();
  for (let seed = 1; seed < 400; seed += 1) {
    const path = pick((seed * 7_919) >> 3);
    const write = [
      () => peer.create(path, String(seed), { parents: true }),
      () => peer.set(path, seed % 4 === 0 ? large : String(seed)),
      () => peer.delete(path, { recursive: true }),
    ][(seed * 104_729) % 3];
    await write?.().catch((error) => assert.ok(QuorateError.is(error, 'NO_NODE', 'NODE_EXISTS')));
  }
  await peer.update('/t', () => 'end');
  await consumer;
  assert.deepEqual(sorted(mirror.nodes), sorted(await listing(peer)));
  assert.deepEqual([...kinds].sort(), ['gap', 'snapshot', 'transaction']);
});

test('an absent node is an empty subtree, and a namespace sees its own part', async (t) => {
  const peer = await solo(t);
  const seen: string[] = [];
  const space = peer.namespace('/app');
  space.watchTree('/').subscribe((update) => void seen.push(line(update)));
  await peer.sync();
  await space.create('/x', '1');
  await peer.set('/app/x', '2');
  assert.deepEqual(seen, ['snapshot', 'transaction +/=', 'transaction +/x=1', 'transaction ~/x=2']);
});

test('what a session may not read is not told, until it may', async (t) => {
  const peer = await solo(t);
  const acl = ['digest:ann:x:cdrwa'];
  await peer.create('/t/hidden', 'h', { parents: true, acl: ['world:anyone:cdwa'] });
  await peer.setAcl('/t', ['world:anyone:cdrwa']);
  const seen: string[] = [];
  peer.watchTree('/t').subscribe((update) => void seen.push(line(update)));
  await peer.sync();
  await peer.set('/t/hidden', 'still');
  await peer.create('/t/secret', 's', { acl });
  await peer.setAcl('/t/hidden', ['world:anyone:cdrwa']);
  await peer.set('/t/hidden', 'seen');
  assert.deepEqual(seen, ['snapshot +/t=', 'transaction +/t/hidden=seen']);
  await peer.create('/locked', '', { acl });
  await assert.rejects(
    peer.watchTree('/locked').until(() => true),
    failsWith('NO_AUTH', { path: '/locked' }),
  );
});

test('data that the codec refuses is told as that, and hides nothing else', async (t) => {
  const peer = await solo(t);
  const typed = peer.as(json<number>());
  await typed.create('/t', 1);
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  const seen: string[] = [];
  typed.watchTree('/t').subscribe((update) => void seen.push(line(update)));
  const waiting = typed.watchTree('/t').until(({ changes }) => changes.length === 0);
  const refused = assert.rejects(waiting, failsWith('INVALID_DATA', { path: '/t/bad' }));
  await peer.multi([
    { create: '/t/bad', data: '{' },
    { create: '/t/good', data: '2' },
  ]);
  await refused;
  await typed.set('/t/bad', 3);
  await typed.set('/t/good', 4);
  await peer.create('/t/worse', '{');
  await peer.delete('/t/worse');
  assert.deepEqual(seen, [
    'snapshot +/t=1',
    'transaction +/t/good=2',
    'transaction +/t/bad=3',
    'transaction ~/t/good=4',
    'transaction',
    'transaction -/t/worse',
  ]);
  assert.equal(errors.length, 2);
  assert.ok(failsWith('INVALID_DATA', { path: '/t/bad' })(errors[0]));
});

test('however much a codec refuses, each is told, and neither process nor peer is harmed', async (t) => {
  const peer = await solo(t);
  await peer.create('/t', '0');
  const names = Array.from({ length: 10_000 }, (_, at) => ({ create: `/t/${at}`, data: '{' }));
  for (let at = 0; at < names.length; at += 1_000) await peer.multi(names.slice(at, at + 1_000));
  let errors = 0;
  peer.on('error', (error) => {
    assert.ok(QuorateError.is(error, 'INVALID_DATA'));
    errors += 1;
  });
  const seen: string[] = [];
  const subscription = peer
    .as(json())
    .watchTree('/t')
    .subscribe((update) => void seen.push(line(update)));
  await peer.sync();
  await peer.set('/t', '1');
  subscription[Symbol.dispose]();
  assert.deepEqual([errors, seen], [10_000, ['snapshot +/t=0', 'transaction ~/t=1']]);
  assert.equal(peer.status.state, 'leading');
});

test('the bytes that are handed out are the consumer’s own', async (t) => {
  const peer = await solo(t);
  const raw = peer.as(bytes);
  const takes = [await taker(raw.watchTree('/t')), await taker(raw.watchTree('/t'))];
  for (const take of takes) await take();
  await raw.create('/t', Uint8Array.of(1, 2, 3));
  for (const take of takes) {
    const [change] = (await take()).changes;
    assert.ok(change?.type === 'created');
    assert.deepEqual(change.data, Uint8Array.of(1, 2, 3));
    change.data.fill(9);
  }
  assert.deepEqual((await raw.get('/t')).data, Uint8Array.of(1, 2, 3));
});

test('a feed of a session ends with it; one that is left takes its watch back', async (t) => {
  const peer = await solo(t);
  const other = await peer.openSession();
  const pending = other.watchTree('/t').until(({ changes }) => changes.length > 0);
  const ends = assert.rejects(pending, failsWith('CLOSED', { outcome: 'not-applied' }));
  await other.close();
  await ends;
  const controller = new AbortController();
  const aborted = peer.watchTree('/t', { signal: controller.signal }).until(() => false);
  controller.abort();
  await assert.rejects(aborted, failsWith('ABORTED'));
  assert.throws(() => peer.watchTree('/t', { signl: 1 } as never), TypeError);
});

test('over an expiry nothing is lost: what nobody saw is one net difference', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  await leader.create('/t/a', '1', { parents: true });
  await leader.create('/t/b', '1');
  await follower.get('/t/b', { after: (await leader.set('/t/b', '2')).mzxid });
  const mirror = new Mirror();
  const kinds: string[] = [];
  follower.watchTree('/t').subscribe((update) => {
    kinds.push(update.kind);
    mirror.apply(update);
  });
  const expired = group.expireSession(follower.id);
  await leader.delete('/t/a', { timeout: 10_000 });
  await leader.create('/t/c', '1', { timeout: 10_000 });
  await expired;
  await mirrored(follower, mirror, await leader.set('/t/c', '2', { timeout: 10_000 }));
  assert.deepEqual(sorted(mirror.nodes), sorted(await listing(leader)));
  assert.equal(kinds.shift(), 'snapshot');
  assert.ok(kinds.includes('gap'));
  await mirrored(follower, mirror, await leader.set('/t/c', '3'));
  assert.equal(kinds.at(-1), 'transaction');
});

test('a living peer that is given a copy of the tree tells one net difference, then transactions', async () => {
  // How far back the leader's log reaches is its own affair: now and then it still has what was missed.
  for (let attempt = 0; attempt < 10; attempt += 1) if (await isGivenCopy()) return;
  assert.fail('no copy was sent');
});

/** Whether the peer that was away was given a copy; then what it told is judged. */
async function isGivenCopy(): Promise<boolean> {
  await using group = await createTestGroup(3, { snapCount: 10, sessionTimeout: 30_000 });
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  for (const name of ['changed', 'gone/child', 'replaced', 'same']) {
    await leader.create(`/t/${name}`, 'old', { parents: true });
  }
  await follower.get('/t', { after: (await leader.set('/t', 'root')).mzxid });
  const mirror = new Mirror();
  const seen: string[] = [];
  const states: (string | undefined)[] = [];
  follower.watchTree('/t').subscribe((update) => {
    mirror.apply(update);
    seen.push(line(update));
  });
  follower.watch('/t/changed').subscribe((node) => void states.push(node?.data));
  const { session } = follower;
  await follower.sync();
  group.partition([follower.id]);
  await leader.set('/t/changed', 'first', { timeout: 10_000 });
  await leader.delete('/t/gone', { recursive: true });
  await leader.multi([{ delete: '/t/replaced' }, { create: '/t/replaced', data: 'another' }]);
  await leader.create('/t/new/deep', 'new', { parents: true });
  await leader.set('/t/changed', 'last');
  // A link that is cut for less time than it takes to notice goes on where it was.
  for (const end = Date.now() + 20_000; follower.status.serving; ) {
    assert.ok(Date.now() < end, 'it notices that it is alone');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const away = Array.from({ length: 200 }, (_, at) => String(at));
  for (const value of away) await leader.update('/elsewhere', () => value);
  group.heal();
  await mirrored(follower, mirror, await leader.set('/t/same', 'next'));
  await mirrored(follower, mirror, await leader.set('/t/same', 'after'));
  assert.deepEqual(sorted(mirror.nodes), sorted(await listing(leader)));
  const gaps = seen.filter((update) => update.startsWith('gap'));
  if (gaps.length === 0) return false;
  assert.deepEqual(gaps.length, 1, seen.join('; '));
  assert.match(
    gaps.join(),
    /^gap -\/t\/gone\/child -\/t\/gone ~\/t\/changed=last \+\/t\/new= \+\/t\/new\/deep=new ~\/t\/replaced=another/,
  );
  assert.equal(seen.at(-1), 'transaction ~/t/same=after');
  assert.deepEqual(states, ['old', 'last']);
  assert.equal(session.state, 'connected', 'the session lived through it');
  return true;
}

async function mirrored(peer: Peer, mirror: Mirror, { mzxid }: { mzxid: bigint }): Promise<void> {
  await peer.get('/', { after: mzxid, timeout: 10_000 });
  for (const end = Date.now() + 10_000; mirror.zxid < mzxid; ) {
    assert.ok(Date.now() < end, 'the consumer is told in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a subtree that may not be read any more is told once, and again when it may', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  await leader.addAuth('digest', 'ann:secret');
  const { stat } = await leader.create('/mine', '1');
  await follower.get('/mine', { after: stat.czxid });
  const errors: unknown[] = [];
  const told: string[] = [];
  const watching = follower.watchTree('/mine').subscribe((update) => {
    told.push(line(update));
  });
  follower.on('error', (error) => {
    errors.push(error);
    // Whoever is told without end is told in one turn.
    if (errors.length > 10) watching[Symbol.dispose]();
  });
  await follower.watchTree('/mine').until(() => true, { timeout: 20_000 });
  await leader.setAcl('/mine', ['auth::cdrwa'], { timeout: 30_000 });
  await group.expireSession(follower.id);
  await follower.sync({ timeout: 30_000 });
  await leader.setAcl('/mine', ['world:anyone:cdrwa'], { timeout: 30_000 });
  const { mzxid } = await leader.set('/mine', '2', { timeout: 30_000 });
  await follower.get('/mine', { after: mzxid, timeout: 30_000 });
  assert.deepEqual(
    errors.map((error) => QuorateError.is(error, 'NO_AUTH')),
    [true],
  );
  assert.deepEqual(told, ['snapshot +/mine=1', 'gap ~/mine=2']);
});
