import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, QuorateError } from '../../lib/index.ts';
import { Counter, type Grant, Mutex, Queue } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import {
  answeredLate,
  byId,
  counting,
  eventually,
  followerAndOther,
  nodesIn,
  over,
  PATIENCE,
  untilNodes,
} from './support.ts';

test('one holder at a time, in the order in which they asked, with rising fences', async () => {
  await using group = await createTestGroup(3);
  const order: number[] = [];
  const fences: bigint[] = [];
  let holders = 0;
  const work = async (index: number, held: Grant) => {
    holders += 1;
    assert.equal(holders, 1);
    held.assertHeld();
    order.push(index);
    fences.push(held.fence);
    await new Promise((resolve) => setImmediate(resolve));
    holders -= 1;
  };
  const runs: Promise<void>[] = [];
  for (let index = 0; index < 12; index += 1) {
    const peer = byId(group.peers, (index % 3) + 1);
    runs.push(new Mutex(peer, '/locks/a').run((held) => work(index, held)));
    await eventually('a place in the line', async () => {
      const names = await nodesIn(peer, '/locks/a');
      return names.length > 0 || order.includes(index);
    });
    await group.converged();
  }
  await Promise.all(runs);
  assert.equal(order.length, 12);
  assert.deepEqual(
    fences,
    [...fences].sort((a, b) => (a < b ? -1 : 1)),
  );
  const [peer] = group.peers;
  assert.ok(peer);
  await peer.sync();
  assert.deepEqual(await nodesIn(peer, '/locks/a'), []);
});

test('what the work throws is thrown as it is, and nothing is left', async (t) => {
  const peer = await solo(t);
  const mutex = new Mutex(peer, '/m');
  const mine = new Error('mine');
  await assert.rejects(
    mutex.run(() => {
      throw mine;
    }),
    (error) => error === mine,
  );
  await assert.rejects(
    mutex.run(async (held) => {
      await peer.delete(held.path);
      await held.ended;
      throw mine;
    }),
    (error) => error === mine,
  );
  assert.equal(await mutex.run(() => 42), 42);
  assert.deepEqual(await peer.children('/m'), []);
});

test('a grant whose node an operator deletes is over, and run says so', async (t) => {
  const peer = await solo(t);
  const mutex = new Mutex(peer, '/m');
  await assert.rejects(
    mutex.run(async (held) => {
      await peer.delete(held.path);
      assert.ok(QuorateError.is(await over(held), 'GRANT_LOST'));
      assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST', { path: held.path }));
    }),
    failsWith('GRANT_LOST'),
  );
});

test('release is bound, idempotent, and ends what depends on the grant', async (t) => {
  const peer = await solo(t);
  const { release, assertHeld, signal, ended, path } = await new Mutex(peer, '/m').acquire();
  assertHeld();
  const guarded = peer.guardedBy({ path, assertHeld });
  await guarded.create('/done');
  await Promise.all([release(), release(), ended]);
  assert.ok(QuorateError.is(signal.reason, 'RELEASED'));
  assert.throws(assertHeld, failsWith('GRANT_LOST'));
  await assert.rejects(guarded.create('/late'), failsWith('GRANT_LOST'));
  await release();
  assert.deepEqual(await peer.children('/m'), []);
});

test('tryAcquire gives up at once, and leaves nothing', async () => {
  await using group = await createTestGroup(3);
  const [a, b] = group.peers;
  assert.ok(a && b);
  const first = await new Mutex(a, '/m').tryAcquire();
  assert.ok(first);
  assert.equal(await new Mutex(b, '/m').tryAcquire(), undefined);
  assert.equal((await b.children('/m')).length, 1);
  await first.release();
  // b may not have heard of it: it asks.
  const second = await new Mutex(b, '/m').tryAcquire();
  assert.ok(second);
  await second.release();
});

test('a tryAcquire that is cut short has taken nothing, and says so', async (t) => {
  const peer = await solo(t);
  await new Mutex(peer, '/m').run(() => {});
  const { client, applied } = answeredLate(peer, 'create', 100);
  const taking = new Mutex(client, '/m').tryAcquire({ timeout: 50 });
  await Promise.all([
    applied,
    assert.rejects(taking, failsWith('TIMED_OUT', { outcome: 'not-applied' })),
  ]);
  await untilNodes(peer, '/m', 0);
});

test('a wait that is cut short says who holds it and how many are before, and leaves no node', async (t) => {
  const peer = await solo(t);
  const held = await new Mutex(peer, '/m', { owner: 'orders-2:1' }).acquire();
  const next = new Mutex(peer, '/m').acquire();
  await untilNodes(peer, '/m', 2);
  const timed = new Mutex(peer, '/m').acquire({ timeout: 50 });
  await assert.rejects(
    timed,
    failsWith('TIMED_OUT', { message: /\/m timed out after 50 ms.*held by orders-2:1.*2 before/ }),
  );
  const controller = new AbortController();
  const aborted = new Mutex(peer, '/m').acquire({ signal: controller.signal });
  await untilNodes(peer, '/m', 3);
  controller.abort(new Error('enough'));
  await assert.rejects(aborted, (error: QuorateError) => {
    assert.equal(error.name, 'AbortError');
    assert.equal((error.cause as Error).message, 'enough');
    return true;
  });
  await untilNodes(peer, '/m', 2);
  await held.release();
  await (await next).release();
  assert.deepEqual(await peer.children('/m'), []);
});

test('aborted at any stage, it leaves no node', async () => {
  await using group = await createTestGroup(3);
  const [a, b] = group.peers;
  assert.ok(a && b);
  const held = await new Mutex(a, '/m').acquire();
  for (let turns = 0; turns < 24; turns += 1) {
    const controller = new AbortController();
    const wait = new Mutex(b, '/m').acquire({ signal: controller.signal });
    const end = assert.rejects(wait, { code: 'ABORTED' });
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    controller.abort();
    await end;
  }
  await untilNodes(a, '/m', 1);
  await held.release();
  const last = await new Mutex(b, '/m').acquire({ timeout: PATIENCE });
  await last.release();
});

test('a release wakes the next one, and nobody else (row 61)', async (t) => {
  const peer = await solo(t);
  const WAITERS = 50;
  const first = await new Mutex(peer, '/m').acquire();
  const { client, counts } = counting(peer);
  const waits: Promise<Grant>[] = [];
  for (let index = 0; index < WAITERS; index += 1) {
    waits.push(new Mutex(client, '/m').acquire());
  }
  await untilNodes(peer, '/m', WAITERS + 1);
  await eventually('all watch', () => (counts.get('watch') ?? 0) === WAITERS);
  const before = counts.get('children') ?? 0;
  await first.release();
  const grants: Grant[] = [];
  for (const wait of waits) {
    const grant = await wait;
    grants.push(grant);
    // Each was woken once, looked once, and nobody else has looked.
    assert.equal((counts.get('children') ?? 0) - before, grants.length);
    await grant.release();
  }
});

test('taking it is one transaction, and giving it back is one', async (t) => {
  const peer = await solo(t);
  await peer.create('/m/kept', '', { parents: true });
  const mutex = new Mutex(peer, '/m');
  const first = await mutex.acquire();
  await first.release();
  const second = await mutex.acquire();
  assert.equal(second.fence - first.fence, 2n, 'a delete and a create, and nothing else');
  await second.release();
});

test('the code that holds it does not wait for itself', async (t) => {
  const peer = await solo(t);
  const mutex = new Mutex(peer, '/m');
  await mutex.run(async () => {
    await assert.rejects(
      mutex.run(() => {}),
      failsWith('WOULD_DEADLOCK'),
    );
    await assert.rejects(new Mutex(peer, '/m').acquire(), failsWith('WOULD_DEADLOCK'));
    const elsewhere: Client = peer.namespace('/');
    await assert.rejects(new Mutex(elsewhere, '/m').acquire(), failsWith('WOULD_DEADLOCK'));
    await new Mutex(peer, '/other').run(() => {});
  });
  assert.deepEqual(await peer.children('/m'), []);
});

test('a re-entrant lock goes on with the grant that is held, until the work has settled', async (t) => {
  const peer = await solo(t);
  const mutex = new Mutex(peer, '/m', { reentrant: true });
  let later: Promise<string> | undefined;
  await mutex.run(async (outer) => {
    assert.equal(await mutex.run((inner) => inner), outer);
    assert.equal((await peer.children('/m')).length, 1);
    later = outer.ended.then(() => mutex.run((held) => held.path));
  });
  assert.ok((await later)?.startsWith('/m/_c_'));
  assert.deepEqual(await peer.children('/m'), []);
});

test('work inside of a re-entrant run that outlives it was not held to the end, and says so', async (t) => {
  const peer = await solo(t);
  const mutex = new Mutex(peer, '/m', { reentrant: true });
  let end = () => {};
  const late = new Promise<void>((resolve) => {
    end = resolve;
  });
  let inner: Promise<void> | undefined;
  await mutex.run(() => {
    inner = mutex.run(() => late);
  });
  const told = assert.rejects(async () => inner, failsWith('GRANT_LOST'));
  end();
  await told;
});

test('what is written above the folder of a lock is not swept with it', async (t) => {
  const peer = await solo(t);
  await new Mutex(peer, '/orders/7/lock').run(() => {});
  assert.equal(await new Counter(peer, '/orders/7').add(5), 5);
  await peer.watch('/orders/7/lock').until((node) => node === undefined, { timeout: 90_000 });
  // What is swept is swept in its order: this one is behind the others.
  await new Mutex(peer, '/last').run(() => {});
  await peer.watch('/last').until((node) => node === undefined, { timeout: 90_000 });
  assert.equal(await new Counter(peer, '/orders/7').get(), 5);
});

test('contenders: who holds it and who waits, kazoo and Curator among them', async (t) => {
  const peer = await solo(t);
  const held = await new Mutex(peer, '/m', { owner: 'me' }).acquire();
  const kazoo = `${'a'.repeat(32)}__lock__`;
  await peer.session.create(`/m/${kazoo}`, 'kazoo', { sequential: true, ephemeral: true });
  const last = new Mutex(peer, '/m', { owner: 'last' }).acquire();
  await untilNodes(peer, '/m', 3);
  const contenders = await new Mutex(peer, '/m').contenders();
  assert.deepEqual(
    contenders.map(({ owner }) => owner),
    ['me', 'kazoo', 'last'],
  );
  assert.equal(contenders[0]?.path, held.path);
  assert.equal(contenders[0]?.fence, held.fence);
  assert.ok(/^\/m\/_c_[\da-f-]{36}-lock-\d{10}$/.test(held.path), held.path);
  await held.release();
  const foreign = contenders[1]?.path;
  assert.ok(foreign);
  await peer.delete(foreign);
  await (await last).release();
});

test('it works on a session, and rejects when that has ended', async (t) => {
  const peer = await solo(t);
  const session = await peer.openSession();
  const mutex = new Mutex(session, '/m');
  const held = await mutex.acquire();
  const other = new Mutex(session, '/m').acquire();
  await untilNodes(peer, '/m', 2);
  const end = assert.rejects(other, failsWith('CLOSED'));
  await session.close();
  await end;
  assert.ok(QuorateError.is(await over(held), 'GRANT_LOST'));
  await assert.rejects(mutex.acquire(), failsWith('CLOSED'));
  await held.release();
  await (await new Mutex(peer, '/m').acquire({ timeout: PATIENCE })).release();
});

test('what is no path, no client or no option is refused at once', async (t) => {
  const peer = await solo(t);
  assert.throws(() => new Mutex(peer, 'm'), failsWith('BAD_ARGUMENTS'));
  const wrong: unknown[] = [undefined, 1, {}];
  for (const one of wrong) assert.throws(() => new Mutex(peer, one as string), TypeError);
  assert.throws(() => new Mutex(wrong[2] as Client, '/m'), TypeError);
  const promised: unknown = Promise.resolve(peer);
  const hint = { name: 'TypeError', message: /await it first/ };
  assert.throws(() => new Mutex(promised as Client, '/m'), hint);
  assert.throws(() => new Mutex(peer, '/m', { ownr: 'x' } as object), TypeError);
  assert.throws(() => new Mutex(peer, '/m', { leases: 3 } as object), TypeError);
  const options = { timeOut: 5 } as object;
  await assert.rejects(new Mutex(peer, '/m').acquire(options), TypeError);
  assert.equal(await peer.exists('/m'), undefined);
});

test('who waits in vain because the group does not answer is told why that is so', async () => {
  await using group = await createTestGroup(3);
  const [follower, other] = await followerAndOther(group);
  await follower.ready();
  for (const { id } of [other, await group.leader()]) await group.kill(id);
  await eventually('it does not serve', () => !follower.status.serving);
  const message = /: no quorum/;
  await assert.rejects(
    new Mutex(follower, '/m').acquire({ timeout: 100 }),
    failsWith('TIMED_OUT', { message }),
  );
  await assert.rejects(
    new Queue(follower, '/q').take({ timeout: 100 }),
    failsWith('TIMED_OUT', { message }),
  );
});
