import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, QuorateError } from '../../lib/index.ts';
import { type EphemeralState, openEphemeral } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually, PATIENCE, untilHeard, untilNodes } from './support.ts';

test('it is there, its data can be set, and closing it removes it', async (t) => {
  const peer = await solo(t);
  const node = await openEphemeral(peer, '/workers/a', 'idle');
  assert.equal(node.state, 'present');
  const { data, stat } = await peer.get('/workers/a');
  assert.equal(data, 'idle');
  assert.equal(stat.ephemeralOwner, peer.session.id);
  assert.equal(stat.czxid, node.fence);
  await node.set('busy');
  assert.equal((await peer.get('/workers/a')).data, 'busy');
  await Promise.all([node.close(), node.close()]);
  assert.equal(node.state, 'closed');
  assert.equal(await peer.exists('/workers/a'), undefined);
  await assert.rejects(node.set('late'), failsWith('CLOSED', { outcome: 'not-applied' }));
});

test('it comes back with its newest data after an expiry, and whoever watches is told', async () => {
  await using group = await createTestGroup(3);
  const peer = byId(group.peers, 1);
  const other = byId(group.peers, 2);
  await using node = await openEphemeral(peer, '/workers/a', 'first');
  await node.set('second');
  const seen: EphemeralState[] = [];
  using _ = node.watch().subscribe((state) => void seen.push(state));
  const before = node.fence;
  await group.expireSession(1);
  await eventually('a node of the next session', async () => {
    const found = await other.find('/workers/a');
    return found?.data === 'second' && found.stat.czxid > before;
  });
  await eventually('the handle knows', () => node.state === 'present' && node.fence > before);
  assert.equal((await other.get('/workers/a')).stat.ephemeralOwner, peer.session.id);
  await eventually('it was told', () => seen.at(-1) === 'present');
});

test('what is set while nobody can be asked is in the node that comes back', async () => {
  await using group = await createTestGroup(3);
  const other = byId(group.peers, 2);
  await using node = await openEphemeral(byId(group.peers, 1), '/a', 'first');
  group.partition([1]);
  const early = node.set('second');
  const late = node.set('third');
  await assert.rejects(node.set('fourth', { timeout: 20 }), failsWith('TIMED_OUT'));
  await other.watch('/a').until((found) => found === undefined, { timeout: PATIENCE });
  group.heal();
  await Promise.all([early, late]);
  await eventually('the newest', async () => (await other.find('/a'))?.data === 'fourth');
});

test('a node that somebody deletes is made again, and no other is ever touched', async () => {
  await using group = await createTestGroup(3);
  const mine = byId(group.peers, 1);
  const other = byId(group.peers, 2);
  const node = await openEphemeral(mine, '/a', 'mine');
  const first = node.fence;
  await other.delete('/a');
  await eventually('it is back', () => node.fence > first && node.state === 'present');
  // In one transaction, so that there is no moment in which it could come back.
  const theirs = [{ delete: '/a' }, { create: '/a', data: 'theirs', ephemeral: true }] as const;
  await other.session.multi(theirs);
  await eventually('it is seen to be taken', () => node.state === 'taken');
  const set = node.set('still mine');
  const closed = assert.rejects(set, failsWith('CLOSED'));
  await node.close();
  await closed;
  assert.equal((await other.get('/a')).data, 'theirs');
});

test('a node in the way is waited for, refused, or replaced where it is ones own', async () => {
  await using group = await createTestGroup(3);
  const view = (id: number) => byId(group.peers, id).as(json<{ id: string; at: number }>());
  const predecessor = await openEphemeral(view(2), '/w/a', { id: 'x', at: 1 });
  const refused = openEphemeral(view(1), '/w/a', { id: 'y', at: 2 }, { whenTaken: 'reject' });
  await assert.rejects(refused, failsWith('NODE_EXISTS'));
  const late = openEphemeral(view(1), '/w/a', { id: 'y', at: 2 }, { timeout: 50 });
  await assert.rejects(late, failsWith('TIMED_OUT', { message: /in the hands of session/ }));
  const stop = new AbortController();
  const stopped = openEphemeral(view(1), '/w/a', { id: 'y', at: 2 }, { signal: stop.signal });
  stop.abort();
  await assert.rejects(stopped, failsWith('ABORTED'));
  const waiting = openEphemeral(view(1), '/w/a', { id: 'y', at: 3 }, { timeout: PATIENCE });
  await predecessor.close();
  const second = await waiting;
  const own = { isOwn: ({ data }: { data: { id: string } }) => data.id === 'y' };
  const third = await openEphemeral(view(3), '/w/a', { id: 'y', at: 4 }, own);
  assert.ok(third.fence > second.fence);
  assert.deepEqual((await view(3).get('/w/a')).data, { id: 'y', at: 4 });
  await eventually('the one before has seen it', () => second.state === 'taken');
  await second.close();
  assert.equal((await view(3).get('/w/a')).stat.czxid, third.fence);
  await third.close();
  await untilNodes(byId(group.peers, 1), '/w', 0);
});

test('what is no ephemeral node is not waited for; what cannot be written is refused', async (t) => {
  const peer = await solo(t);
  await peer.create('/a');
  await assert.rejects(openEphemeral(peer, '/a', 'x'), failsWith('NODE_EXISTS'));
  await assert.rejects(openEphemeral(peer, '/b', 1 as never), TypeError);
  await assert.rejects(openEphemeral(peer, '/b', 'x', { wait: true } as object), TypeError);
  await assert.rejects(openEphemeral(peer, 'b', 'x'), failsWith('BAD_ARGUMENTS'));
  await assert.rejects(openEphemeral(peer, '/', 'x'), failsWith('BAD_ARGUMENTS'));
  assert.equal(await peer.exists('/b'), undefined);
  const node = await openEphemeral(peer, '/b', 'x');
  await assert.rejects(node.set(1 as never), TypeError);
  await assert.rejects(node.set('x'.repeat(2 ** 20 + 1)), failsWith('TOO_LARGE'));
  await peer.delete('/b');
  await eventually('it is back as it was', async () => (await peer.find('/b'))?.data === 'x');
});

test('an open that is cut short while nobody can be asked leaves no node', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const cut = group.peers.find((peer) => peer !== leader);
  assert.ok(cut);
  group.partition([cut.id]);
  const opens = ['/w/a', '/w/b', '/w/c'].map((path) =>
    openEphemeral(cut, path, 'x', { timeout: 30 }),
  );
  for (const open of opens) await assert.rejects(open, failsWith('TIMED_OUT'));
  group.heal();
  await untilHeard(cut);
  await untilNodes(cut, '/w', 0);
});

test('it lives on when the leader is killed, and its own peer comes back to it', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const survivor = group.peers.find((peer) => peer !== leader);
  assert.ok(survivor);
  await using node = await openEphemeral(survivor, '/a', 'survivor');
  const lost = await openEphemeral(leader, '/b', 'of the leader');
  await group.kill(leader.id);
  await eventually('the lost one knows', () => lost.state === 'closed');
  await lost.close();
  await node.set('after', { timeout: PATIENCE });
  const again = await group.restart(leader.id);
  await using next = await openEphemeral(again, '/b', 'of its successor', { timeout: PATIENCE });
  assert.equal((await again.get('/b')).stat.ephemeralOwner, again.session.id);
  assert.equal(next.state, 'present');
});

test('on a session it is there as long as that lives', async (t) => {
  const peer = await solo(t);
  const session = await peer.openSession();
  const node = await openEphemeral(session, '/a', 'x');
  await session.close();
  await eventually('it knows', () => node.state === 'closed');
  await assert.rejects(node.set('y'), (error) => QuorateError.is(error, 'CLOSED'));
  await node.close();
  assert.equal(await peer.exists('/a'), undefined);
});
