import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Peer, QuorateError } from '../../lib/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/test-group.ts';

async function leaderAndFollowers(group: TestGroup): Promise<{ leader: Peer; followers: Peer[] }> {
  const leader = await group.leader();
  return { leader, followers: group.peers.filter((peer) => peer !== leader) };
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}

test('what one peer wrote another reads: after its zxid, or linearizable', async () => {
  await using group = await createTestGroup(3, { observers: 1 });
  const [one, two, three, observer] = group.peers;
  assert.ok(one && two && three && observer);
  assert.equal(observer.status.state, 'observing');
  const { stat } = await one.create('/a', '1');
  assert.equal((await two.get('/a', { after: stat.czxid })).data, '1');
  const { mzxid } = await observer.set('/a', '2');
  assert.equal((await three.get('/a', { consistency: 'linearizable' })).data, '2');
  assert.equal((await one.get('/a', { after: mzxid })).data, '2');
  await two.sync();
  assert.equal((await two.get('/a')).data, '2');
});

test('a watch on one peer sees what another writes', async () => {
  await using group = await createTestGroup(3);
  const [one, two] = group.peers;
  assert.ok(one && two);
  const arrival = two.watch('/a').until((node) => node?.data === 'x');
  await one.create('/a', 'x');
  assert.equal((await arrival)?.data, 'x');
});

test('the leader is killed under load: every write is decided once, none is lost', async () => {
  await using group = await createTestGroup(3);
  const { leader, followers } = await leaderAndFollowers(group);
  const writer = first(followers);
  const options = { timeout: 15_000, sequential: true };
  const writes = Array.from({ length: 200 }, (_, at) => writer.create('/w-', String(at), options));
  await writes[0];
  await group.kill(leader.id);
  const created = await Promise.all(writes);
  const paths = created.map(({ path }) => path);
  assert.deepEqual(paths, [...paths].sort(), 'in the order in which they were asked');
  const names = (await writer.children('/')).filter((name) => name.startsWith('w-'));
  assert.deepEqual(
    names.map((name) => `/${name}`),
    paths,
    'each exactly once',
  );

  const back = await group.restart(leader.id);
  await back.ready();
  await group.converged();
  assert.deepEqual(await back.children('/'), await writer.children('/'));
});

test('a peer that is cut off stops serving, catches up, and has lost nothing', async () => {
  await using group = await createTestGroup(3);
  const { leader, followers } = await leaderAndFollowers(group);
  const writer = first(followers);
  await leader.create('/a', 'old');
  group.partition([leader.id]);
  const changed = await writer.set('/a', 'new', { timeout: 15_000 });
  const next = await group.leader();
  assert.notEqual(next.id, leader.id);
  group.heal();
  assert.equal((await leader.get('/a', { after: changed.mzxid, timeout: 15_000 })).data, 'new');
  await group.converged();
});

test('a clean close hands leadership over and ends the session at once', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 30_000 });
  const { leader, followers } = await leaderAndFollowers(group);
  const watcher = first(followers);
  await leader.session.create('/e', '', { ephemeral: true });
  await watcher.watch('/e').until((node) => node !== undefined);
  const gone = watcher.watch('/e').until((node) => node === undefined, { timeout: 10_000 });
  await leader.close();
  await gone;
  assert.equal(leader.status.state, 'closed');
  const { stat } = await watcher.create('/after', '', { timeout: 10_000 });
  assert.ok(stat.czxid > 0n);
});

test('a new incarnation never mistakes the node of its predecessor for its own', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 30_000 });
  const { followers } = await leaderAndFollowers(group);
  const victim = first(followers);
  const watcher = group.peers.find((peer) => peer !== victim);
  assert.ok(watcher);
  await victim.session.create('/e', 'before', { ephemeral: true });
  const oldId = victim.session.id;
  const gone = watcher.watch('/e').until((node) => node === undefined, { timeout: 10_000 });
  await group.kill(victim.id);
  const back = await group.restart(victim.id);
  await back.ready();
  await gone;
  assert.notEqual(back.session.id, oldId);
});

test('a stall shorter than the time-outs costs nobody anything', async () => {
  await using group = await createTestGroup(3);
  const { leader, followers } = await leaderAndFollowers(group);
  const { epoch } = leader.status;
  group.stall(leader.id, 100);
  await first(followers).create('/a');
  assert.equal((await group.leader()).id, leader.id);
  assert.equal(leader.status.epoch, epoch);
});

test('a write whose caller gave up has an unknown outcome, and says later what it turned out to be', async () => {
  await using group = await createTestGroup(3);
  const { leader, followers } = await leaderAndFollowers(group);
  const writer = first(followers);
  await writer.create('/a', 'old');
  group.partition([leader.id], [writer.id]);
  const error = await writer.set('/a', 'new', { timeout: 50 }).then(
    () => assert.fail('nobody can have decided it'),
    (reason: unknown) => reason,
  );
  assert.ok(QuorateError.is(error, 'TIMED_OUT'));
  assert.equal(error.outcome, 'unknown');
  group.heal();
  const outcome = await error.settled;
  const { data } = await writer.get('/a', { consistency: 'linearizable', timeout: 15_000 });
  assert.equal(data, outcome === 'applied' ? 'new' : 'old');
  assert.notEqual(outcome, 'unknown');
});
