import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, QuorateError } from '../../lib/index.ts';
import { type Candidate, type Grant, LeaderElection } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually, PATIENCE, preceded, untilNodes } from './support.ts';

test('another one takes over when the leader is killed', async () => {
  await using group = await createTestGroup(3);
  for (const peer of group.peers) {
    const election = new LeaderElection(peer, '/leader', { data: String(peer.id) });
    void election.run((term) => term.ended);
  }
  const seenBy = (id: number) => new LeaderElection(byId(group.peers, id), '/leader').watch();
  const isLeader = (leader: Candidate<string> | undefined) => leader !== undefined;
  const first = await seenBy(1).until(isLeader, { timeout: PATIENCE });
  await group.kill(Number(first?.data));
  const survivor = group.peers[0]?.id ?? 0;
  const next = await seenBy(survivor).until(
    (leader) => {
      return leader !== undefined && first !== undefined && leader.fence > first.fence;
    },
    { timeout: PATIENCE },
  );
  assert.notEqual(next?.data, first?.data);
});

test('who returns resigns, who throws resigns and rejects, who is stopped goes', async (t) => {
  const peer = await solo(t);
  const election = new LeaderElection(peer, '/l');
  await election.run((term) => term.assertHeld());
  assert.deepEqual(await peer.children('/l'), []);
  const mine = new Error('mine');
  await assert.rejects(
    election.run(() => {
      throw mine;
    }),
    (error) => error === mine,
  );
  assert.deepEqual(await peer.children('/l'), []);
  const stop = new AbortController();
  let reason: unknown;
  const running = election.run(
    async (term) => {
      stop.abort();
      await term.ended;
      reason = term.signal.reason;
      assert.equal((await peer.children('/l')).length, 1, 'nobody else leads while it works');
    },
    { signal: stop.signal },
  );
  await running;
  assert.ok(QuorateError.is(reason, 'RELEASED'));
  assert.deepEqual(await peer.children('/l'), []);
  await election.run(() => assert.fail('it was stopped before'), { signal: stop.signal });
});

test('a term that is lost is followed by another, after lead has settled', async (t) => {
  const peer = await solo(t);
  const terms: Grant[] = [];
  let working = 0;
  await new LeaderElection(peer, '/l').run(async (term) => {
    working += 1;
    assert.equal(working, 1);
    terms.push(term);
    if (terms.length < 3) {
      await peer.delete(term.path);
      await term.ended;
      await new Promise((resolve) => setImmediate(resolve));
    }
    working -= 1;
    if (terms.length === 2) throw new Error('of a term that is over: nobody asks');
  });
  assert.equal(terms.length, 3);
  const [a, b, c] = terms;
  assert.ok(a && b && c && a.fence < b.fence && b.fence < c.fence);
});

test('everybody sees who leads and who stands, with its data', async () => {
  await using group = await createTestGroup(3);
  const stop = new AbortController();
  const runs: Promise<void>[] = [];
  for (const peer of group.peers) {
    const view = peer.as(json<{ id: number }>());
    const election = new LeaderElection(view, '/leader', { data: { id: peer.id } });
    runs.push(election.run((term) => term.ended, { signal: stop.signal }));
    await untilNodes(peer, '/leader', runs.length);
  }
  const third = new LeaderElection(byId(group.peers, 3).as(json<{ id: number }>()), '/leader');
  const candidates = await third.candidates();
  assert.deepEqual(
    candidates.map(({ data }) => data.id),
    [1, 2, 3],
  );
  const live = await third.watch().live();
  assert.deepEqual(live.value, candidates[0]);
  assert.equal(live.error, undefined);
  const seen: (number | undefined)[] = [];
  const watching = third.watch().subscribe((leader) => void seen.push(leader?.data.id));
  const following = (async () => {
    for await (const leader of third.watch()) if (leader === undefined) return;
  })();
  stop.abort();
  await Promise.all(runs);
  await third.watch().until((leader) => leader === undefined, { timeout: PATIENCE });
  await live.until((leader) => leader === undefined, { timeout: PATIENCE });
  await following;
  assert.equal(live.value, undefined);
  assert.equal(seen[0], 1);
  watching[Symbol.dispose]();
  await live.close();
});

test('a leader whose data nobody can read is not taken for the one behind it', async (t) => {
  const peer = await solo(t);
  const typed = peer.as(json<number>());
  const first = new LeaderElection(typed, '/leader', { data: 1 });
  const stop = new AbortController();
  const resign = new AbortController();
  const runs = [first.run((term) => term.ended, { signal: resign.signal })];
  await untilNodes(peer, '/leader', 1);
  runs.push(
    new LeaderElection(typed, '/leader', { data: 2 }).run((term) => term.ended, {
      signal: stop.signal,
    }),
  );
  await untilNodes(peer, '/leader', 2);
  await using live = await first.watch().live();
  const seen: unknown[] = [];
  first.watch().subscribe((leader) => void seen.push(leader?.data));
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  await peer.set(live.value?.path ?? '', 'no JSON');
  await eventually('it is told', () => QuorateError.is(live.error, 'INVALID_DATA'));
  assert.deepEqual([live.value?.data, seen, errors.length], [1, [1], 1]);
  await assert.rejects(
    first.watch().until(() => true),
    failsWith('INVALID_DATA'),
  );
  resign.abort();
  await eventually('the second leads', () => live.value?.data === 2);
  assert.deepEqual([live.error, seen], [undefined, [1, 2]]);
  stop.abort();
  await Promise.all(runs);
});

test('one leader after the other whose data nobody can read leaves no error behind', async (t) => {
  const peer = await solo(t);
  const stop = new AbortController();
  const resigns = [new AbortController(), new AbortController()];
  const runs: Promise<void>[] = [];
  for (const { signal } of [...resigns, stop]) {
    const election = new LeaderElection(peer.as(json<string>()), '/leader', { data: 'good' });
    runs.push(election.run((term) => term.ended, { signal }));
    await untilNodes(peer, '/leader', runs.length);
  }
  const election = new LeaderElection(peer.as(json<string>()), '/leader');
  const [first, second, third] = await election.candidates();
  assert.ok(first && second && third);
  await using live = await election.watch().live();
  for (const { path } of [first, second]) await peer.set(path, 'no JSON');
  await eventually('the first is told', () => live.error?.path === first.path);
  resigns[0]?.abort();
  await eventually('the second is told', () => live.error?.path === second.path);
  resigns[1]?.abort();
  await eventually('the third leads', () => live.value?.path === third.path);
  assert.equal(live.error, undefined);
  stop.abort();
  await Promise.all(runs);
});

test('on a session it stands as long as that lives', async (t) => {
  const peer = await solo(t);
  const session = await peer.openSession();
  let reason: unknown;
  const running = new LeaderElection(session, '/l').run(async (term) => {
    const ended = session.close();
    await term.ended;
    reason = term.signal.reason;
    await ended;
  });
  await running;
  assert.ok(QuorateError.is(reason, 'GRANT_LOST'));
  await untilNodes(peer, '/l', 0);
});

test('what is no function or no option is refused', async (t) => {
  const peer = await solo(t);
  const election = new LeaderElection(peer, '/l');
  const wrong = 'lead' as never;
  await assert.rejects(election.run(wrong), TypeError);
  assert.throws(() => new LeaderElection(peer, 'l'), failsWith('BAD_ARGUMENTS'));
  assert.throws(() => new LeaderElection(peer, '/l', { dta: 'x' } as object), TypeError);
});

test('nobody is called for a term that was stopped in the moment of its election', async (t) => {
  const peer = await solo(t);
  const stop = new AbortController();
  // The last look before it is elected: its answer is there already when it is stopped.
  const client = preceded(peer, { exists: () => queueMicrotask(() => stop.abort()) });
  let isCalled = false;
  await new LeaderElection(client, '/leader').run(
    async (term) => {
      isCalled = true;
      await new Promise((resolve) => term.signal.addEventListener('abort', resolve));
    },
    { signal: stop.signal },
  );
  assert.equal(isCalled, false);
  await untilNodes(peer, '/leader', 0);
});
