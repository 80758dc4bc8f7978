/** What an application sees while leaders fall and sessions end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Peer, QuorateError } from '../../lib/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/test-group.ts';

const PATIENT = { timeout: 20_000 };

async function parts(group: TestGroup): Promise<{ leader: Peer; watcher: Peer; writer: Peer }> {
  const leader = await group.leader();
  const [watcher, writer] = group.peers.filter((peer) => peer !== leader);
  assert.ok(watcher && writer);
  return { leader, watcher, writer };
}

test('watches lose no last state and give none twice, while leaders fall and sessions end', async () => {
  await using group = await createTestGroup(3);
  const { leader, watcher, writer } = await parts(group);
  await writer.create('/n', '0');
  const data: number[] = [];
  const lists: string[] = [];
  watcher.watch('/n').subscribe((node) => void data.push(Number(node?.data)));
  watcher.watchChildren('/').subscribe((names) => void lists.push(names.join()));
  let last = 0;
  const write = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at += 1) {
      last += 1;
      await writer.set('/n', String(last), PATIENT);
      await writer.create(`/c-${last}`, '', PATIENT);
    }
  };
  await write(20);
  await Promise.all([write(20), group.kill(leader.id)]);
  await group.restart(leader.id);
  const [, expired] = await Promise.all([write(20), group.expireSession(watcher.id)]);
  assert.equal(expired, undefined);
  await write(5);
  await watcher.watch('/n').until((node) => node?.data === String(last), PATIENT);
  await watcher.watchChildren('/').until((names) => names.includes(`c-${last}`), PATIENT);
  assert.equal(data.at(-1), last);
  assert.deepEqual(
    data,
    [...data].sort((a, b) => a - b),
    'never back in time',
  );
  assert.equal(new Set(data).size, data.length, 'none twice');
  assert.equal(new Set(lists).size, lists.length, 'none twice');
  assert.ok(lists.at(-1)?.includes(`c-${last}`));
});

test('what becomes of writes that a lost session has left behind is told in the end, and is true', async () => {
  await using group = await createTestGroup(3, { sessionTimeout: 1_500 });
  const { leader, watcher, writer } = await parts(group);
  await writer.create('/a', '', PATIENT);
  group.partition([leader.id], [watcher.id], [writer.id]);
  const sent = Array.from({ length: 5 }, (_, at) => writer.create(`/a/sent-${at}`, '', PATIENT));
  const cut = Array.from({ length: 5 }, (_, at) =>
    writer.create(`/a/cut-${at}`, '', { timeout: at * 20 }),
  );
  const ends = await Promise.allSettled([...sent, ...cut]);
  const errors = ends.map((end) => {
    assert.equal(end.status, 'rejected');
    assert.ok(QuorateError.is(end.reason, 'SESSION_EXPIRED', 'TIMED_OUT'), String(end.reason));
    return end.reason;
  });
  group.heal();
  const outcomes = await Promise.all(errors.map(({ settled }) => settled));
  const names = await writer.children('/a', { consistency: 'linearizable', ...PATIENT });
  const asked = [...sent.map((_, at) => `sent-${at}`), ...cut.map((_, at) => `cut-${at}`)];
  for (const [at, name] of asked.entries()) {
    assert.notEqual(outcomes[at], 'unknown', name);
    assert.equal(names.includes(name), outcomes[at] === 'applied', `${name}: ${outcomes[at]}`);
    const { outcome } = errors[at] ?? {};
    assert.ok(outcome === 'unknown' || outcome === outcomes[at]);
  }
});

test('watches and sessions that are gone leave nothing in the peer', async () => {
  await using group = await createTestGroup(1);
  const peer = await group.leader();
  await peer.create('/a', 'x');
  const round = async (): Promise<void> => {
    const seen = Array.from({ length: 200 }, async (_, at) => {
      await peer.watch(`/a/${at}`).until((node) => node === undefined);
      const live = await peer.watch('/a').live();
      await live.close();
      const controller = new AbortController();
      const end = peer.watch('/a', { signal: controller.signal }).until(() => false);
      controller.abort();
      await assert.rejects(end, { name: 'AbortError' });
    });
    await Promise.all(seen);
    const sessions = await Promise.all(Array.from({ length: 50 }, () => peer.openSession()));
    await Promise.all(sessions.map((session) => session.close()));
  };
  await round();
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < 10; at += 1) await round();
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 3_000_000, `${grown} bytes more`);
});
