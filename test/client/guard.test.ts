import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, type HeldGrant, json, type Peer, QuorateError } from '../../lib/index.ts';
import { failsWith, solo } from './solo.ts';

/** A grant as a recipe would give it, on an ephemeral node of a session of its own. */
async function take(peer: Peer, path = '/locks/a'): Promise<HeldGrant & { lose(): Promise<void> }> {
  const { stat } = await peer.session.create(path, '', { ephemeral: true, parents: true });
  return {
    path,
    fence: stat.czxid,
    assertHeld: () => {},
    lose: () => peer.delete(path),
  };
}

const LOST = failsWith('GRANT_LOST', { outcome: 'not-applied', path: '/locks/a' });

/** Every write there is. */
const WRITES: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
  ['create', (client) => client.create('/new', 'x')],
  ['create with parents', (client) => client.create('/p/q/r', 'x', { parents: true })],
  ['set', (client) => client.set('/old', 'x')],
  ['update', (client) => client.update('/old', (data) => `${data}!`)],
  ['update of an absent node', (client) => client.update('/visits', () => '1')],
  ['delete', (client) => client.delete('/old')],
  ['delete of a subtree', (client) => client.delete('/deep', { recursive: true })],
  ['ensurePath', (client) => client.ensurePath('/e/f')],
  ['ensurePath of one that exists', (client) => client.ensurePath('/old')],
  ['setAcl', (client) => client.setAcl('/old', ['world:anyone:r'])],
  ['multi', (client) => client.multi([{ create: '/m' }, { delete: '/old' }])],
  ['in a namespace', (client) => client.namespace('/ns').create('/n', 'x')],
  ['as json', (client) => client.as(json<number>()).set('/old', 1)],
  ['through its session', (client) => client.session.create('/s', '', { ephemeral: true })],
];

async function treeOf(peer: Peer): Promise<string[]> {
  const names = await peer.children('/');
  const old = await peer.find('/old');
  return [...names, `${old?.data}`, `${old?.stat.aversion}`];
}

test('while the grant’s node is there, a guarded write does what a bare one does', async (t) => {
  for (const [name, write] of WRITES) {
    const [bare, guarded] = [await solo(t), await solo(t)];
    for (const peer of [bare, guarded]) {
      await take(peer);
      await peer.create('/old', 'old');
      await peer.create('/deep/er', '', { parents: true });
    }
    const grant: HeldGrant = { path: '/locks/a', assertHeld: () => {} };
    const times = /"[cm]time":\d+/g;
    const plain = (value: unknown) =>
      JSON.stringify(value, (_, field) =>
        typeof field === 'bigint' ? `${field}` : field,
      )?.replaceAll(times, '');
    assert.equal(plain(await write(guarded.guardedBy(grant))), plain(await write(bare)), name);
    assert.deepEqual(await treeOf(guarded), await treeOf(bare), name);
  }
});

test('once the grant’s node is gone, no guarded write is applied', async (t) => {
  for (const [name, write] of WRITES) {
    const peer = await solo(t);
    const grant = await take(peer);
    await peer.create('/old', 'old');
    await peer.create('/deep/er', '', { parents: true });
    const before = await treeOf(peer);
    const guarded = peer.guardedBy(grant);
    await grant.lose();
    if (name.startsWith('ensurePath of')) await write(guarded);
    else await assert.rejects(write(guarded), LOST, name);
    assert.deepEqual(await treeOf(peer), before, name);
  }
});

test('the tree has the last word: a write sent before the grant is lost, but behind that, is not applied', async (t) => {
  const peer = await solo(t);
  const grant = await take(peer);
  await peer.create('/old', 'old');
  const lost = grant.lose();
  const late = assert.rejects(peer.guardedBy(grant).set('/old', 'late'), LOST);
  await lost;
  await late;
  assert.equal((await peer.get('/old')).data, 'old');
});

test('a namesake of the grant’s node is not taken for it', async (t) => {
  const peer = await solo(t);
  const grant = await take(peer);
  await grant.lose();
  await take(peer);
  await assert.rejects(peer.guardedBy(grant).create('/new'), LOST);
  assert.equal(await peer.exists('/new'), undefined);
});

test('a name that is given again behind the write’s back is another’s: the tree itself refuses', async (t) => {
  const peer = await solo(t);
  const { path, stat } = await peer.create('/locks/n-', '', { parents: true, sequential: true });
  await peer.create('/old', 'old');
  const guarded = peer.guardedBy({ path, fence: stat.czxid, assertHeld: () => {} });
  // A parent that is made anew counts from the beginning: the next holder has the same name.
  void peer.delete('/locks', { recursive: true });
  void peer.create('/locks');
  const next = peer.create('/locks/n-', '', { sequential: true });
  const late = guarded.set('/old', 'late');
  await assert.rejects(late, failsWith('GRANT_LOST', { outcome: 'not-applied', path }));
  const heir = await next;
  assert.equal(heir.path, path);
  assert.equal((await peer.get('/old')).data, 'old');
  const held: HeldGrant = { path, fence: heir.stat.czxid, assertHeld: () => {} };
  assert.equal((await peer.guardedBy(held).set('/old', 'new')).version, 1);
});

test('the clock is asked before anything is sent', async (t) => {
  const peer = await solo(t);
  const grant = await take(peer);
  let asked = 0;
  const assertHeld = () => {
    asked += 1;
    throw new Error('over');
  };
  await peer.create('/old', 'old');
  const guarded = peer.guardedBy({ ...grant, assertHeld });
  for (const [name, write] of WRITES) {
    const before = asked;
    await assert.rejects(write(guarded), /^Error: over$/, name);
    assert.ok(asked > before, name);
  }
  assert.equal((await guarded.get('/old')).data, 'old', 'reads pass');
});

test('errors are those of the write itself, with its own indexes', async (t) => {
  const peer = await solo(t);
  const guarded = peer.guardedBy(await take(peer));
  const index = (expected: number | undefined) => (error: unknown) =>
    QuorateError.is(error, 'NO_NODE') && error.index === expected && error.path === '/none';
  await assert.rejects(guarded.set('/none', ''), index(undefined));
  await assert.rejects(guarded.multi([{ create: '/a' }, { delete: '/none' }]), index(1));
  await assert.rejects(guarded.multi([{ check: '/none' }]), index(0));
  await assert.rejects(
    guarded.create('/none/a'),
    failsWith('NO_NODE', { message: /parents: true/ }),
  );
  await assert.rejects(guarded.delete('/locks'), failsWith('NOT_EMPTY', { path: '/locks' }));
});

test('a guarded view that is guarded again depends on both', async (t) => {
  const peer = await solo(t);
  const [a, b] = [await take(peer), await take(peer, '/locks/b')];
  const both = peer.guardedBy(a).guardedBy(b);
  assert.equal((await both.create('/x')).path, '/x');
  await a.lose();
  await assert.rejects(both.set('/x', '1'), LOST);
  await b.lose();
  await assert.rejects(peer.guardedBy(b).set('/x', '1'), failsWith('GRANT_LOST'));
});

test('what is no grant is refused at once', async (t) => {
  const peer = await solo(t);
  const held = { path: '/a', assertHeld() {} };
  const fences: unknown[] = [1, '1', 0n, -1n, 2n ** 64n].map((fence) => ({ ...held, fence }));
  const grants = [{ path: '/a' }, { path: 'a', assertHeld() {} }, { assertHeld() {} }];
  const wrong: unknown[] = [undefined, null, ...grants, ...fences];
  for (const grant of wrong) assert.throws(() => peer.guardedBy(grant as HeldGrant));
});
