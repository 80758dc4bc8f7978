import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, json, type Peer, QuorateError } from '../../lib/index.ts';
import { Queue, type QueueItem } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import {
  byId,
  counting,
  eventually,
  followerAndOther,
  losingAnswer,
  nodesIn,
  PATIENCE,
  preceded,
  untilHeard,
  untilNodes,
} from './support.ts';

/** What was handed out, in its order, until there is no more. */
async function drain(queue: Queue, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const item = await queue.take({ timeout: PATIENCE });
    seen.push(item.data);
    await item.ack();
  }
  return seen;
}

test('first in, first out; what is acknowledged is gone', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await Promise.all(['a', 'b', 'c'].map((item) => queue.put(item)));
  await queue.putAll(['d', 'e']);
  assert.equal(await queue.size(), 5);
  assert.deepEqual(await drain(queue, 5), ['a', 'b', 'c', 'd', 'e']);
  assert.equal(await queue.size(), 0);
  assert.deepEqual(
    (await peer.children('/q/taken')).filter((name) => name.startsWith('claim')),
    [],
  );
});

test('a delayed item that is put while others are let in comes as well', async (t) => {
  const peer = await solo(t);
  const others = new Queue(peer, '/q');
  let isPut = false;
  const busy = preceded(peer, {
    multi: async (ops) => {
      if (isPut || !JSON.stringify(ops).includes('/q/delayed/')) return;
      isPut = true;
      await others.put('second', { delay: 200 });
    },
  });
  await others.put('first', { delay: 50 });
  assert.deepEqual(await drain(new Queue(busy, '/q'), 2), ['first', 'second']);
});

test('lower priorities go first, delayed items when their time has come', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await queue.put('later', { delay: 300, priority: 1 });
  await queue.put('normal');
  await queue.putAll(['urgent 1', 'urgent 2'], { priority: 5 });
  assert.deepEqual(await drain(queue, 3), ['urgent 1', 'urgent 2', 'normal']);
  assert.equal((await peer.children('/q/delayed')).length, 1);
  assert.deepEqual(await drain(queue, 1), ['later']);
  assert.deepEqual(await peer.children('/q/delayed'), []);
});

test('take waits for an item; whoever has given up waiting is given none', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await assert.rejects(queue.take({ timeout: 30 }), failsWith('TIMED_OUT'));
  const stop = new AbortController();
  const aborted = assert.rejects(queue.take({ signal: stop.signal }), failsWith('ABORTED'));
  const first = queue.take();
  const second = queue.take({ timeout: PATIENCE });
  stop.abort();
  await aborted;
  await queue.putAll(['a', 'b']);
  assert.deepEqual([(await first).data, (await second).data], ['a', 'b']);
  await Promise.all([(await first).ack(), (await second).ack()]);
});

test('an item that is given back is the first again, and in the end it is put aside', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxAttempts: 3 });
  const name = await queue.put('poison');
  await queue.put('good');
  const fences: bigint[] = [];
  for (const attempt of [1, 2, 3]) {
    const item = await queue.take();
    assert.equal(item.data, 'poison');
    assert.equal(item.attempt, attempt);
    assert.ok(item.name.startsWith(name));
    fences.push(item.fence);
    item.assertHeld();
    await item.release();
    assert.ok(QuorateError.is(item.signal.reason, 'RELEASED'));
    await assert.rejects(item.ack(), failsWith('RELEASED'));
    assert.throws(item.assertHeld, failsWith('GRANT_LOST'));
  }
  assert.deepEqual(fences, [...new Set(fences)].sort(), 'fences rise');
  assert.deepEqual(await drain(queue, 1), ['good']);
  const [dead] = await peer.children('/q/dead');
  assert.equal((await peer.get(`/q/dead/${dead}`)).data, 'poison');
  assert.equal(await queue.size(), 0);
});

test('run acknowledges what worked, gives back what failed, and goes on', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxAttempts: 2 });
  await queue.putAll(['1', '2', 'bad', '4', '5']);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  const stop = new AbortController();
  const done: string[] = [];
  let working = 0;
  let most = 0;
  await queue.run(
    async (item) => {
      working += 1;
      most = Math.max(most, working);
      await new Promise(setImmediate);
      working -= 1;
      if (item.data === 'bad') throw new Error(`attempt ${item.attempt}`);
      done.push(item.data);
      if (done.length === 4) stop.abort();
    },
    { concurrency: 2, signal: stop.signal },
  );
  assert.deepEqual(done.sort(), ['1', '2', '4', '5']);
  assert.equal(most, 2);
  assert.ok(errors.length >= 1 && errors.every((error) => error instanceof Error));
  await drainDead(peer, queue);
});

/** Works until the bad one has been put aside. */
async function drainDead(peer: Peer, queue: Queue): Promise<void> {
  const stop = new AbortController();
  const run = queue.run(() => Promise.reject(new Error('again')), { signal: stop.signal });
  await untilNodes(peer, '/q/dead', 1);
  stop.abort();
  await run;
  assert.equal(await queue.size(), 0);
}

test('an item that cannot be read is put aside, and does not block the rest', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer.as(json<number>()), '/q');
  await queue.put(1);
  await queue.put(2);
  await peer.create('/q/entries/entry-050-', 'no {json', { sequential: true });
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  assert.equal((await queue.take()).data, 1);
  assert.equal((await queue.take()).data, 2);
  await untilNodes(peer, '/q/dead', 1);
  assert.ok(QuorateError.is(errors[0], 'INVALID_DATA'));
});

test('an item that nobody has time to read is asked for again, and given back if that does not help', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  let refusals = 60;
  const busy = refusing(peer, () => {
    refusals -= 1;
    return refusals >= 0;
  });
  const queue = new Queue(busy, '/q');
  await queue.putAll(['1', '2']);
  assert.deepEqual(await drain(queue, 2), ['1', '2']);
  assert.ok(refusals < 0, 'it was refused as often as was said');
  assert.equal(await queue.size(), 0);
  assert.deepEqual([errors, await nodesIn(peer, '/q/dead')], [[], []]);
});

/** A client whose sessions refuse to look for a node while they are told to. */
function refusing(client: Client, isBusy: () => boolean): Client {
  const wrap = <V extends object>(view: V): V => {
    return new Proxy(view, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'session') return wrap(value as object);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]) => {
          if (name === 'find' && isBusy()) return Promise.reject(QuorateError.make('OVERLOADED'));
          return Reflect.apply(value, target, args);
        };
      },
    });
  };
  return wrap(client);
}

test('an ack that is cut short by the end of the session: nobody is told, and it is taken again', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const queue = new Queue(other, '/q');
  await queue.put('a');
  const errors: unknown[] = [];
  cut.on('error', (error) => void errors.push(error));
  const { session } = cut;
  const stop = new AbortController();
  const attempts: number[] = [];
  const run = new Queue(cut, '/q').run(
    async ({ attempt }) => {
      attempts.push(attempt);
      // What acknowledges it reaches nobody.
      if (attempts.length === 1) group.partition([cut.id]);
    },
    { signal: stop.signal },
  );
  await eventually('the end of the session', () => session.signal.aborted);
  group.heal();
  await eventually('it is done', async () => attempts.length === 2 && (await queue.size()) === 0);
  stop.abort();
  await run;
  assert.deepEqual([attempts, errors], [[1, 2], []]);
});

test('a full queue lets whoever puts wait, in their order', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { maxItems: 3 });
  await queue.putAll(['1', '2']);
  await queue.put('3');
  await assert.rejects(
    queue.put('none', { timeout: 30 }),
    failsWith('TIMED_OUT', { outcome: 'not-applied', message: /no room/ }),
  );
  const waiting = Promise.all([queue.put('4'), queue.putAll(['5', '6']), queue.put('7')]);
  assert.deepEqual(await drain(queue, 7), ['1', '2', '3', '4', '5', '6', '7']);
  await waiting;
  await assert.rejects(queue.putAll(['1', '2', '3', '4']), RangeError);
});

test('what a dead process had taken is taken again, by one of the others', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const [mine, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(mine && other);
  const queue = new Queue(mine, '/q');
  await queue.putAll(['a', 'b', 'c']);
  const lost = await new Queue(leader, '/q').take();
  const next = await queue.take();
  assert.deepEqual([lost.data, next.data], ['a', 'b']);
  await group.kill(leader.id);
  assert.ok(QuorateError.is(lost.signal.reason, 'GRANT_LOST'));
  await assert.rejects(lost.ack());
  assert.equal((await queue.take({ timeout: PATIENCE })).data, 'c');
  const again = await new Queue(other, '/q').take({ timeout: PATIENCE });
  assert.deepEqual([again.data, again.attempt], ['a', 2]);
  assert.ok(again.fence > lost.fence);
  await Promise.all([again.ack(), next.ack()]);
});

test('who is cut off loses what it has before anybody else is given it, and cannot acknowledge', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const cut = group.peers.find((peer) => peer !== leader);
  assert.ok(cut);
  const queue = new Queue(leader, '/q');
  await queue.put('a');
  const lost = await new Queue(cut, '/q').take();
  let wasLost = false;
  void lost.ended.then(() => {
    wasLost = true;
  });
  group.partition([cut.id]);
  const late = assert.rejects(
    new Promise((resolve, reject) => {
      void lost.ended.then(() => lost.ack().then(resolve, reject));
    }),
    failsWith('GRANT_LOST'),
  );
  const again = await queue.take({ timeout: PATIENCE });
  assert.ok(wasLost);
  assert.equal(again.attempt, 2);
  group.heal();
  await late;
  await lost.release();
  await untilHeard(cut);
  await again.ack();
  assert.equal(await queue.size(), 0);
});

test('a wait for an item goes on with the next session, and with the next leader', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const [mine, other] = group.peers.filter((peer) => peer !== leader);
  assert.ok(mine && other);
  const waiting = new Queue(mine, '/q').take({ timeout: PATIENCE });
  await eventually('it stands there', async () => (await nodesIn(mine, '/q/taken')).length === 1);
  await group.expireSession(mine.id);
  await eventually('it stands there again', async () => {
    const [name] = await nodesIn(mine, '/q/taken');
    const stat = name === undefined ? undefined : await mine.exists(`/q/taken/${name}`);
    return stat?.ephemeralOwner === mine.session.id;
  });
  await group.kill(leader.id);
  await new Queue(other, '/q').put('a', { timeout: PATIENCE });
  const item = await waiting;
  assert.equal(item.data, 'a');
  await item.ack();
});

test('on a session it ends with that', async (t) => {
  const peer = await solo(t);
  const session = await peer.openSession();
  const waiting = new Queue(session, '/q').take();
  const run = new Queue(session, '/q').run(() => {});
  const end = assert.rejects(waiting, failsWith('CLOSED'));
  await untilNodes(peer, '/q/taken', 2);
  await session.close();
  await Promise.all([end, run]);
  await untilNodes(peer, '/q/taken', 0);
});

test('nobody lists all that waits, and many who wait ask once', async (t) => {
  const peer = await solo(t);
  const filler = new Queue(peer, '/q');
  const items = Array.from({ length: 500 }, (_, at) => String(at));
  await filler.putAll(items);
  const { client, counts } = counting(peer);
  const queue = new Queue(client, '/q');
  const takes: Promise<QueueItem<string>>[] = [];
  for (let at = 0; at < 100; at += 1) takes.push(queue.take());
  const taken = await Promise.all(takes);
  assert.deepEqual(
    taken.map(({ data }) => data),
    items.slice(0, 100),
  );
  assert.ok((counts.get('children') ?? 0) <= 2, `${counts.get('children')} pages`);
  const claims = (await peer.children('/q/taken')).filter((name) => name.startsWith('claim-'));
  assert.ok(claims.length <= 2, `${claims.length} claims`);
  const before = counts.get('multi') ?? 0;
  await Promise.all(taken.map((item) => item.ack()));
  assert.ok((counts.get('multi') ?? 0) - before <= 2);
});

test('while somebody is at work the items at hand are made up for, and no more are claimed', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { prefetch: 4 });
  await queue.putAll(Array.from({ length: 20 }, (_, at) => String(at)));
  const claimed = async (): Promise<number> => {
    const claims = (await peer.children('/q/taken')).filter((name) => name.startsWith('claim-'));
    const views = peer.as(json<{ items: string[] }>());
    const nodes = await Promise.all(claims.map((name) => views.find(`/q/taken/${name}`)));
    return nodes.reduce((sum, node) => sum + (node?.data.items.length ?? 0), 0);
  };
  const items = [await queue.take()];
  assert.equal(await claimed(), 1 + 4);
  while (items.length < 4) items.push(await queue.take());
  await eventually('four at work and four at hand', async () => (await claimed()) === 8);
  await Promise.all(items.map((item) => item.ack()));
  await eventually('what nobody wants is given back', async () => (await claimed()) === 0);
  assert.deepEqual((await drain(queue, 16)).slice(0, 2), ['4', '5']);
});

test('an operator may take items away by deleting the claim, and items themselves', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await queue.putAll(['a', 'b', 'c']);
  const [a, b, c] = await Promise.all([queue.take(), queue.take(), queue.take()]);
  await peer.delete(`/q/entries/${b.name}`);
  await Promise.all([a.ack(), b.ack()]);
  await peer.delete(c.path);
  await c.ended;
  await assert.rejects(c.ack(), failsWith('GRANT_LOST'));
  assert.deepEqual(await drain(queue, 1), ['c']);
});

test('nobody is handed an item whose claim an operator has deleted', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q', { prefetch: 1 });
  await queue.putAll(['a', 'b']);
  const a = await queue.take({ timeout: PATIENCE });
  await peer.delete(a.path);
  await a.ended;
  for (const data of ['a', 'b']) {
    const item = await queue.take({ timeout: PATIENCE });
    item.assertHeld();
    assert.equal(item.data, data);
    await item.ack();
  }
});

test('the answer about its folders is lost: nothing was put', async (t) => {
  const peer = await solo(t);
  for (const name of ['create', 'multi']) {
    const path = `/by-${name}`;
    const isOfFolder = ([first]: readonly unknown[]) => typeof first !== 'string' || first === path;
    const queue = new Queue(losingAnswer(peer, name, isOfFolder), path);
    const lost = failsWith('SESSION_EXPIRED', { outcome: 'not-applied' });
    await assert.rejects(queue.put('a'), lost);
    await queue.put('b');
    assert.deepEqual(await drain(queue, 1), ['b']);
    assert.equal(await queue.size(), 0);
  }
});

test('what is no option, no number and no function is refused', async (t) => {
  const peer = await solo(t);
  assert.throws(() => new Queue(peer, '/q', { max: 1 } as object), TypeError);
  assert.throws(() => new Queue(peer, '/q', { maxItems: 0 }), RangeError);
  const queue = new Queue(peer, '/q');
  await assert.rejects(queue.put('x', { priority: 1_000 }), RangeError);
  await assert.rejects(queue.put('x', { delay: -1 }), RangeError);
  await assert.rejects(queue.put('x', { delay: '5' as never }), TypeError);
  await assert.rejects(queue.put(1 as never), TypeError);
  await assert.rejects(queue.putAll('x' as never), TypeError);
  await assert.rejects(queue.run('x' as never), TypeError);
  assert.equal(byId([peer], peer.id), peer);
  assert.deepEqual(await queue.putAll([]), []);
});

test('what the work throws is told as it is, whatever else the client may do', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  const queue = new Queue(peer.namespace('/shop'), '/q');
  await queue.put('item');
  await peer.setAcl('/shop', ['world:anyone:cdwa']);
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let isAtWork = false;
  using _ = peer.watch('/elsewhere').subscribe(() => {
    isAtWork = true;
    return held;
  });
  await eventually('a listener is at work', () => isAtWork);
  const stop = new AbortController();
  await queue.run(
    () => {
      stop.abort();
      throw new Error('the own one');
    },
    { signal: stop.signal },
  );
  assert.deepEqual(errors.map(String), ['Error: the own one']);
  goOn();
});

test('who puts waits no longer than he has said, also where nobody can tell whether there is room', async () => {
  await using group = await createTestGroup(3);
  const [follower, other] = await followerAndOther(group);
  const queue = new Queue(follower, '/q');
  await queue.put('first', { timeout: PATIENCE });
  for (const { id } of [other, await group.leader()]) await group.kill(id);
  await eventually('nobody answers', () => follower.session.state !== 'connected');
  const { signal } = follower.session;
  // A session of which nobody knows yet does not answer from what it has.
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  const outcome = { outcome: 'not-applied' } as const;
  await assert.rejects(queue.put('second', { timeout: 50 }), failsWith('TIMED_OUT', outcome));
  const stop = new AbortController();
  const aborted = queue.put('second', { signal: stop.signal });
  stop.abort();
  await assert.rejects(aborted, failsWith('ABORTED', outcome));
});

test('of a queue and a watch that are over nothing is in doubt', async (t) => {
  const peer = await solo(t);
  const queue = new Queue(peer, '/q');
  await queue.put('item');
  await peer.close();
  const closed = failsWith('CLOSED', { outcome: 'not-applied' });
  await assert.rejects(queue.take(), closed);
  await assert.rejects(peer.watch('/q').live(), closed);
  await assert.rejects(
    peer.watchTree('/q').until(() => true),
    closed,
  );
});
