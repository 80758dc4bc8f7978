import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, QuorateError } from '../../lib/index.ts';
import { Group, type Member } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually, PATIENCE, untilNodes } from './support.ts';

type Members = ReadonlyMap<string, Member<string>>;

/** What a test compares: names with data. */
function dataOf(members: Members): Record<string, string> {
  return Object.fromEntries([...members].map(([name, { data }]) => [name, data]));
}

function namesOf(members: readonly Member<string>[]): string[] {
  return members.map(({ name }) => name);
}

test('everybody sees who is there, with the data that each has set last', async () => {
  await using group = await createTestGroup(3);
  const [a, b, c] = [1, 2, 3].map((id) => new Group(byId(group.peers, id), '/workers'));
  assert.ok(a && b && c);
  await using live = await c.watch().live();
  assert.equal(live.value.size, 0);
  const first = await a.join('idle', { name: 'a' });
  const second = await b.join('idle', { name: 'b' });
  await first.set('busy');
  await live.until((members) => dataOf(members).a === 'busy' && members.size === 2, {
    timeout: PATIENCE,
  });
  assert.deepEqual(dataOf(live.value), { a: 'busy', b: 'idle' });
  const seen = live.value.get('a');
  assert.deepEqual([seen?.path, seen?.fence, seen?.name], ['/workers/a', first.fence, 'a']);
  assert.ok(seen && Math.abs(seen.since - Date.now()) < 60_000);
  await first.leave();
  await first.leave();
  await live.until((members) => !members.has('a'), { timeout: PATIENCE });
  await second.close();
  await c.watch().until((members) => members.size === 0, { timeout: PATIENCE });
});

test('changes: who has come, gone or set its data, one item for each transaction', async (t) => {
  const peer = await solo(t);
  const group = new Group(peer, '/workers');
  const a = await group.join('1', { name: 'a' });
  const told: string[] = [];
  using _ = group.changes().subscribe(({ joined, left, changed, members }) => {
    const parts = [joined, left, changed].map((some) => namesOf(some).join('+'));
    told.push(`${parts.join('/')}:${members.size}`);
  });
  await eventually('the first', () => told.length === 1);
  const b = await group.join('1', { name: 'b' });
  await a.set('2');
  await a.set('2');
  await peer.create('/elsewhere');
  await b.leave();
  await peer.multi([{ delete: '/workers/a' }, { create: '/workers/a' }]);
  await eventually('all', () => told.length === 6);
  assert.deepEqual(told, ['a//:1', 'b//:2', '//a:2', '//a:2', '/b/:1', 'a/a/:1']);
});

test('a member is gone while its session is, and comes back by itself with its data', async () => {
  await using group = await createTestGroup(3);
  const other = new Group(byId(group.peers, 2), '/workers');
  const me = await new Group(byId(group.peers, 1), '/workers').join('idle', { name: 'a' });
  await me.set('busy');
  const events: string[] = [];
  using _ = other.changes().subscribe(({ joined, left }) => {
    for (const { name } of left) events.push(`${name} left`);
    for (const { name, data } of joined) events.push(`${name} joined: ${data}`);
  });
  await eventually('it is seen', () => events.length === 1);
  await group.expireSession(1);
  await eventually('it is back', () => events.length === 3);
  assert.deepEqual(events, ['a joined: busy', 'a left', 'a joined: busy']);
  await me.leave();
  await other.watch().until((members) => members.size === 0, { timeout: PATIENCE });
});

test('members and those who watch them go on when the leader is killed', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const members = await Promise.all(
    group.peers.map((peer) => new Group(peer, '/workers').join('up', { name: `${peer.id}` })),
  );
  const [watcher] = group.peers.filter((peer) => peer !== leader);
  assert.ok(watcher);
  const gone = new Group(watcher, '/workers')
    .watch()
    .until((now) => !now.has(`${leader.id}`) && now.size === 2, { timeout: PATIENCE });
  await untilNodes(watcher, '/workers', 3);
  await group.kill(leader.id);
  await gone;
  await group.restart(leader.id);
  for (const member of members) if (member.name !== `${leader.id}`) await member.set('still up');
  await eventually('the others', async () => {
    const nodes = [...(await new Group(watcher, '/workers').watch().live()).value.values()];
    return nodes.length === 2 && nodes.every(({ data }) => data === 'still up');
  });
});

test('who leaves while it is cut off is gone when it can be heard', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 6_000 });
  const leader = await group.leader();
  const [cut, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(cut && other);
  const me = await new Group(cut, '/workers').join('up');
  await untilNodes(other, '/workers', 1);
  group.partition([cut.id]);
  const left = me.leave();
  group.heal();
  await left;
  await untilNodes(other, '/workers', 0);
});

test('names: one of its kind by default, as kazoo makes them; a name that is taken is waited for', async (t) => {
  const peer = await solo(t);
  const group = new Group(peer, '/workers');
  const members = [await group.join('1'), await group.join('2')];
  for (const { name, path } of members) {
    assert.match(name, /^[\da-f]{32}__party__$/);
    assert.equal(path, `/workers/${name}`);
  }
  const session = await peer.openSession();
  await new Group(session, '/workers').join('old', { name: 'orders-0' });
  await assert.rejects(
    group.join('new', { name: 'orders-0', timeout: 50 }),
    failsWith('TIMED_OUT', { path: '/workers/orders-0' }),
  );
  await assert.rejects(
    group.join('new', { name: 'orders-0', whenTaken: 'reject' }),
    failsWith('NODE_EXISTS'),
  );
  const joining = group.join('new', { name: 'orders-0' });
  await session.close();
  assert.equal((await joining).state, 'present');
  assert.equal((await peer.get('/workers/orders-0')).data, 'new');
});

test('data is typed by the client', async (t) => {
  const peer = await solo(t);
  const group = new Group(peer.as(json<{ load: number }>()), '/workers');
  const me = await group.join({ load: 1 }, { name: 'a' });
  await me.set({ load: 2 });
  const found = await group.watch().until((members) => members.get('a')?.data.load === 2);
  assert.equal(found.size, 1);
});

test('what is no path, no name or no option is refused', async (t) => {
  const peer = await solo(t);
  assert.throws(() => new Group(peer, 'workers'), failsWith('BAD_ARGUMENTS'));
  const group = new Group(peer, '/workers');
  for (const name of ['', 'a/b', 7 as never]) {
    await assert.rejects(group.join('x', { name }), TypeError);
  }
  await assert.rejects(group.join('x', { nmae: 'x' } as object), TypeError);
  assert.throws(() => group.watch({ timeout: 1 } as object), TypeError);
});

test('a group may stand at the root of a namespace, which is no member', async (t) => {
  const peer = await solo(t);
  const group = new Group(peer.namespace('/workers'), '/');
  await group.join('here', { name: 'a' });
  await using members = await group.watch().live();
  assert.deepEqual([...members.value.keys()], ['a']);
});

test('one member whose data nobody can read hides none of the others', async (t) => {
  const peer = await solo(t);
  const group = new Group(peer.as(json<{ load: number }>()), '/workers');
  await group.join({ load: 1 }, { name: 'first' });
  await peer.create('/workers/bad', 'no JSON');
  await using members = await group.watch().live();
  const names = () => [...members.value.keys()];
  await eventually('it is told', () => QuorateError.is(members.error, 'INVALID_DATA'));
  assert.deepEqual(names(), ['first']);
  const second = await group.join({ load: 2 }, { name: 'second' });
  await eventually('the second is there', () => names().length === 2);
  assert.deepEqual(names(), ['first', 'second']);
  assert.equal(members.error?.path, '/workers/bad', 'it is as bad as before');
  await peer.set('/workers/second', 'no JSON any more');
  await eventually('it is read', () => members.zxid === peer.status.zxid);
  assert.equal(members.value.get('second')?.data.load, 2, 'the last good data stays');
  await second.leave();
  await eventually('the second has left', () => names().length === 1);
  await peer.as(json()).set('/workers/bad', { load: 3 });
  await eventually('the bad one is good', () => names().length === 2);
  assert.equal(members.error, undefined);
  await peer.set('/workers/bad', 'no JSON');
  await peer.create('/workers/worse', 'no JSON either');
  await eventually('it is told again', () => members.error?.path === '/workers/bad');
  await peer.delete('/workers/bad');
  await eventually('the other one is told', () => members.error?.path === '/workers/worse');
  await peer.delete('/workers/worse');
  await eventually('all is good', () => members.error === undefined);
  await peer.close();
  await eventually('it has ended', () => QuorateError.is(members.error, 'CLOSED'));
});
