import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Grant,
  MultiLock,
  Mutex,
  openEphemeral,
  openTtlNode,
  ReadWriteLock,
  Semaphore,
} from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { counting, eventually, nodesIn, PATIENCE, untilNodes } from './support.ts';

/** Which of these are granted now. */
function granted(waits: readonly Promise<Grant>[]): ReadonlySet<number> {
  const now = new Set<number>();
  waits.forEach((wait, index) => {
    wait.then(
      () => now.add(index),
      () => {},
    );
  });
  return now;
}

test('readers go together, a writer alone, and nobody passes whom it must wait for', async (t) => {
  const peer = await solo(t);
  const { read, write } = new ReadWriteLock(peer, '/rw');
  const asked = [read, read, write, read, read, write];
  const waits: Promise<Grant>[] = [];
  for (const lock of asked) {
    waits.push(lock.acquire());
    await untilNodes(peer, '/rw', waits.length);
  }
  const now = granted(waits);
  const release = async (...indexes: number[]) => {
    for (const index of indexes) await (await waits[index])?.release();
  };
  await eventually('both readers', () => now.size === 2);
  assert.deepEqual([...now], [0, 1]);
  await release(0);
  assert.equal(now.size, 2);
  await release(1);
  await eventually('the writer', () => now.size === 3);
  assert.ok(now.has(2));
  await release(2);
  await eventually('the readers behind it', () => now.size === 5);
  assert.ok(!now.has(5));
  await release(4, 3, 5);
  assert.deepEqual(await peer.children('/rw'), []);
});

test('the release of a writer wakes the readers before the next writer, and nobody else', async (t) => {
  const peer = await solo(t);
  const { client, counts } = counting(peer);
  const looks = () => counts.get('children') ?? 0;
  const first = await new ReadWriteLock(peer, '/rw').write.acquire();
  const waits: Promise<Grant>[] = [];
  const { read, write } = new ReadWriteLock(client, '/rw');
  for (const lock of [read, read, read, write, read, read]) {
    waits.push(lock.acquire());
    await eventually('it watches', () => (counts.get('watch') ?? 0) === waits.length);
  }
  const before = looks();
  const now = granted(waits);
  await first.release();
  await eventually('three readers', () => now.size === 3);
  assert.deepEqual([...now].sort(), [0, 1, 2]);
  assert.equal(looks() - before, 3);
  for (const wait of waits) await (await wait).release();
});

test('names are those of Curator, and kazoo’s are understood', async (t) => {
  const peer = await solo(t);
  const { read, write } = new ReadWriteLock(peer, '/rw');
  const reader = await read.acquire();
  assert.ok(/^\/rw\/_c_[\da-f-]{36}-__READ__\d{10}$/.test(reader.path), reader.path);
  const foreign = await peer.session.create(`/rw/${'b'.repeat(32)}__rlock__`, '', {
    ephemeral: true,
    sequential: true,
  });
  const both = await read.tryAcquire();
  assert.ok(both, 'readers of kazoo are readers');
  assert.equal(await write.tryAcquire(), undefined);
  await reader.release();
  await both.release();
  const writer = write.acquire();
  await untilNodes(peer, '/rw', 2);
  await peer.delete(foreign.path);
  assert.ok(/^\/rw\/_c_[\da-f-]{36}-__WRIT__\d{10}$/.test((await writer).path));
  await (await writer).release();
});

test('a reader that wants to write waits for nobody: it is told', async (t) => {
  const peer = await solo(t);
  const { read, write } = new ReadWriteLock(peer, '/rw', { reentrant: true });
  await read.run(() =>
    assert.rejects(
      write.run(() => {}),
      failsWith('WOULD_DEADLOCK'),
    ),
  );
  await write.run(async (outer) => {
    assert.equal(await read.run((inner) => inner), outer, 'who writes may read');
  });
  assert.deepEqual(await peer.children('/rw'), []);
});

test('a reader that reads once more waits for nobody behind whom it would wait for itself', async (t) => {
  const peer = await solo(t);
  const { read, write } = new ReadWriteLock(peer, '/rw');
  const reading = read.run(async () => {
    await untilNodes(peer, '/rw', 2);
    const again = read.run(() => {}, { timeout: 1_000 });
    await assert.rejects(again, failsWith('WOULD_DEADLOCK'));
  });
  await untilNodes(peer, '/rw', 1);
  const asked = write.acquire();
  await reading;
  await (await asked).release();
  assert.deepEqual(await peer.children('/rw'), []);
});

test('a semaphore never gives more than it has, whatever they weigh, and none is kept out', async () => {
  await using group = await createTestGroup(3);
  const LEASES = 4;
  let taken = 0;
  let most = 0;
  const runs: Promise<void>[] = [];
  for (let index = 0; index < 30; index += 1) {
    const peer = group.peers[index % 3];
    assert.ok(peer);
    const weight = 1 + (index % LEASES);
    const semaphore = new Semaphore(peer, '/s', { leases: LEASES });
    const work = async () => {
      taken += weight;
      most = Math.max(most, taken);
      await new Promise((resolve) => setTimeout(resolve, index % 3));
      taken -= weight;
    };
    runs.push(semaphore.run(work, { weight, timeout: PATIENCE }));
  }
  await Promise.all(runs);
  assert.ok(most <= LEASES, `${most} were out`);
  assert.ok(most > 1, 'they ran together');
  const [peer] = group.peers;
  assert.ok(peer);
  await untilNodes(peer, '/s/leases', 0);
  await untilNodes(peer, '/s/locks', 0);
  assert.equal((await peer.get('/s')).data, '4');
});

test('a lease that is given back wakes one of those who wait', async (t) => {
  const peer = await solo(t);
  const { client, counts } = counting(peer);
  const looks = () => counts.get('children') ?? 0;
  const held = [];
  for (let index = 0; index < 2; index += 1) {
    held.push(await new Semaphore(peer, '/s', { leases: 2 }).acquire());
  }
  const waits: Promise<Grant>[] = [];
  for (let index = 0; index < 20; index += 1) {
    waits.push(new Semaphore(client, '/s', { leases: 2 }).acquire());
  }
  await untilNodes(peer, '/s/locks', 20);
  await eventually('the first has its leases', async () => {
    return (await nodesIn(peer, '/s/leases')).length === 3 && counts.get('watchChildren') === 1;
  });
  const before = looks();
  await held[0]?.release();
  await waits[0];
  await eventually('the next is first', () => counts.get('watchChildren') === 2);
  // The one that was granted, and the one that is first in the line now: not the other eighteen.
  assert.ok(looks() - before <= 8, `${looks() - before} looks`);
  await held[1]?.release();
  for (const wait of waits) await (await wait).release();
});

test('a semaphore of another size is refused, and so is what it does not have', async (t) => {
  const peer = await solo(t);
  const held = await new Semaphore(peer, '/deep/s', { leases: 2 }).acquire();
  const wrong = new Semaphore(peer, '/deep/s', { leases: 3 });
  const refused = failsWith('BAD_ARGUMENTS', { message: /kept with 2 leases.*made with 3/ });
  await assert.rejects(wrong.acquire(), refused);
  await assert.rejects(wrong.tryAcquire(), refused);
  await peer.create('/config', 'blue');
  const elsewhere = new Semaphore(peer, '/config', { leases: 3 }).acquire();
  await assert.rejects(elsewhere, failsWith('BAD_ARGUMENTS', { message: /other data/ }));
  const right = new Semaphore(peer, '/deep/s', { leases: 2 });
  await assert.rejects(right.acquire({ weight: 3 }), RangeError);
  assert.equal(await right.tryAcquire({ weight: 2 }), undefined);
  const second = await right.tryAcquire();
  assert.ok(second);
  assert.equal(await right.tryAcquire(), undefined);
  assert.equal((await right.contenders()).length, 2);
  await assert.rejects(
    right.acquire({ timeout: 50 }),
    failsWith('TIMED_OUT', { message: /held by .* 2 before you/ }),
  );
  await untilNodes(peer, '/deep/s/leases', 2);
  await untilNodes(peer, '/deep/s/locks', 0);
  for (const leases of [0, 1.5, Number.NaN, 1_001]) {
    assert.throws(() => new Semaphore(peer, '/s', { leases }), RangeError);
  }
  await held.release();
  await second.release();
});

test('nobody waits for leases that only itself could give back', async (t) => {
  const peer = await solo(t);
  const semaphore = new Semaphore(peer, '/s', { leases: 3 });
  await semaphore.run(
    async () => {
      await semaphore.run(() => {});
      await assert.rejects(
        semaphore.run(() => {}, { weight: 2 }),
        failsWith('WOULD_DEADLOCK'),
      );
    },
    { weight: 2 },
  );
  await untilNodes(peer, '/s/leases', 0);
  await untilNodes(peer, '/s/locks', 0);
});

test('several locks at once, in any order, from everywhere: nobody waits for ever', async () => {
  await using group = await createTestGroup(3);
  const paths = ['/a', '/b', '/c'];
  const inside = new Map(paths.map((path) => [path, 0]));
  const runs = Array.from({ length: 24 }, (_, index) => {
    const peer = group.peers[index % 3];
    assert.ok(peer);
    const [first = '', second = '', third = ''] = [0, 1, 2].map((at) => paths[(index + at) % 3]);
    const wanted = index % 2 === 0 ? [first, second] : [third, first];
    return new MultiLock(peer, wanted).run(
      async (held) => {
        for (const path of wanted) {
          inside.set(path, (inside.get(path) ?? 0) + 1);
          assert.equal(inside.get(path), 1, path);
        }
        await peer.guardedBy(held).ensurePath(`/done/${index}`);
        for (const path of wanted) inside.set(path, (inside.get(path) ?? 0) - 1);
      },
      { timeout: PATIENCE },
    );
  });
  await Promise.all(runs);
  const [peer] = group.peers;
  assert.ok(peer);
  for (const path of paths) await untilNodes(peer, path, 0);
});

test('a MultiLock of what is held here is told so, although it waits for another one, too', async (t) => {
  const peer = await solo(t);
  const other = await new Mutex(peer, '/a').acquire();
  await new Mutex(peer, '/b').run(() =>
    assert.rejects(new MultiLock(peer, ['/a', '/b']).acquire(), failsWith('WOULD_DEADLOCK')),
  );
  await untilNodes(peer, '/a', 1);
  await other.release();
});

test('a MultiLock and a Mutex of one path exclude each other; all or none is taken', async (t) => {
  const peer = await solo(t);
  const b = await new Mutex(peer, '/b').acquire();
  assert.equal(await new MultiLock(peer, ['/a', '/b']).tryAcquire(), undefined);
  await assert.rejects(
    new MultiLock(peer, ['/a', '/b']).acquire({ timeout: 50 }),
    failsWith('TIMED_OUT', { message: /1 before you/ }),
  );
  await untilNodes(peer, '/a', 0);
  const both = new MultiLock(peer, ['/a', '/b']).acquire();
  await untilNodes(peer, '/b', 2);
  assert.equal(await new Mutex(peer, '/a').tryAcquire(), undefined);
  await b.release();
  const held = await both;
  assert.equal((await peer.exists(held.path))?.czxid, held.fence);
  await held.release();
  assert.deepEqual([await peer.children('/a'), await peer.children('/b')], [[], []]);
  assert.throws(() => new MultiLock(peer, []), RangeError);
  assert.throws(() => new MultiLock(peer, ['/a', '/a']), RangeError);
});

test('what was taken under a grant is given back when that is over', async (t) => {
  const peer = await solo(t);
  const outer = await new Mutex(peer, '/outer').acquire();
  const client = peer.guardedBy(outer);
  const inner = await new Mutex(client, '/inner').acquire();
  const ephemeral = await openEphemeral(client, '/ephemeral', 'here');
  const ttl = await openTtlNode(client, '/ttl', 'here', { ttl: 60_000 });
  await outer.release();
  await assert.rejects(client.ensurePath('/more'), failsWith('GRANT_LOST'));
  await assert.rejects(ephemeral.set('still here'), failsWith('GRANT_LOST', { path: outer.path }));
  await Promise.all([inner.release(), ephemeral.close(), ttl.close()]);
  assert.deepEqual(await peer.children('/inner'), []);
  assert.equal(await peer.exists('/ephemeral'), undefined);
  assert.equal(await peer.exists('/ttl'), undefined);
});
