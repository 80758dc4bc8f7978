import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { bytes, json, type Znode } from '../../lib/index.ts';
import { failsWith, solo } from './solo.ts';

test('a watch gives the present state first, then every change, and undefined while it is absent', async (t) => {
  const peer = await solo(t);
  const seen: (string | undefined)[] = [];
  peer.watch('/w').subscribe((node) => void seen.push(node?.data));
  await peer.create('/w', '1');
  await peer.set('/w', '2');
  await peer.delete('/w');
  await peer.create('/w', '3');
  assert.deepEqual(seen, [undefined, '1', '2', undefined, '3']);
});

test('what a subscriber does is no part of the request that made the change', async (t) => {
  const requests = new AsyncLocalStorage<string>();
  const peer = await solo(t);
  const seen: (string | undefined)[] = [];
  peer.watch('/w').subscribe((node) => void seen.push(node?.data, requests.getStore()));
  await peer.sync();
  await requests.run('a request', async () => {
    await peer.create('/w', '1');
    assert.equal(requests.getStore(), 'a request');
  });
  await peer.set('/w', '2');
  assert.deepEqual(seen, [undefined, undefined, '1', undefined, '2', undefined]);
});

test('a subscriber is told of a change before the write that made it resolves', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '0');
  const order: string[] = [];
  peer.watch('/w').subscribe((node) => void order.push(`told ${node?.data}`));
  await new Promise((resolve) => setImmediate(resolve));
  for (const data of ['1', '2', '3']) {
    await peer.set('/w', data);
    order.push(`wrote ${data}`);
  }
  assert.deepEqual(order, [
    'told 0',
    ...['1', '2', '3'].flatMap((data) => [`told ${data}`, `wrote ${data}`]),
  ]);
});

test('other nodes, children and ACLs do not wake a watch of data', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', 'x');
  const seen: unknown[] = [];
  peer.watch('/w').subscribe((node) => void seen.push(node?.data));
  await peer.create('/w/child');
  await peer.create('/v');
  await peer.setAcl('/w', ['world:anyone:cdrwa']);
  await peer.sync();
  assert.deepEqual(seen, ['x']);
});

test('watchChildren of a page, and of the changes alone', async (t) => {
  const peer = await solo(t);
  await peer.create('/p');
  for (const name of ['a', 'c', 'd']) await peer.create(`/p/${name}`);
  const pages: string[][] = [];
  let changes = 0;
  peer
    .watchChildren('/p', { limit: 2, startAfter: 'a' })
    .subscribe((page) => void pages.push(page));
  peer.watchChildren('/p', { limit: 0 }).subscribe((none) => {
    assert.deepEqual(none, []);
    changes += 1;
  });
  await peer.sync();
  for (const name of ['b', 'e']) await peer.create(`/p/${name}`);
  await peer.delete('/p/c');
  assert.deepEqual(pages, [
    ['c', 'd'],
    ['b', 'c'],
    ['b', 'c'],
    ['b', 'd'],
  ]);
  assert.equal(changes, 4);
  assert.throws(() => peer.watchChildren('/p', { limit: -1 }), RangeError);
});

test('watchChildren gives sorted names, and none while the node is absent', async (t) => {
  const peer = await solo(t);
  const seen: string[][] = [];
  peer.watchChildren('/p').subscribe((names) => void seen.push(names));
  await peer.create('/p');
  await peer.create('/p/b');
  await peer.create('/p/a');
  await peer.set('/p', 'data');
  await peer.delete('/p', { recursive: true });
  assert.deepEqual(seen, [[], ['b'], ['a', 'b'], []]);
});

test('a slow consumer skips to the newest state and misses no last one', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '0');
  const seen: (string | undefined)[] = [];
  for await (const node of peer.watch('/w')) {
    seen.push(node?.data);
    if (node?.data === '100') break;
    const writes = Array.from({ length: 100 }, (_, at) => peer.set('/w', String(at + 1)));
    await Promise.all(writes);
  }
  assert.deepEqual(seen, ['0', '100']);
});

test('until narrows the type and leaves nothing behind', async (t) => {
  const peer = await solo(t);
  const isThere = (node: Znode<string> | undefined): node is Znode<string> => node !== undefined;
  const arrival = peer.watch('/later').until(isThere);
  await peer.create('/later', 'now');
  assert.equal((await arrival).data, 'now');
  await assert.rejects(
    peer.watch('/never').until(isThere, { timeout: 5 }),
    failsWith('TIMED_OUT', { message: /watch \/never timed out after 5 ms/ }),
  );
});

test('a live value is there before the next line, with its zxid', async (t) => {
  const peer = await solo(t);
  const { stat } = await peer.create('/l', '1');
  await using live = await peer.watch('/l').live();
  assert.equal(live.value?.data, '1');
  assert.ok(live.zxid >= stat.czxid);
  const { mzxid } = await peer.set('/l', '2');
  assert.equal(live.value?.data, '2');
  assert.equal(live.zxid, mzxid);
});

test('a bad value stays out of a live value, and is reported', async (t) => {
  const peer = await solo(t);
  const typed = peer.as(json<{ open: boolean }>());
  await typed.create('/l', { open: true });
  await using live = await typed.watch('/l').live();
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  await peer.as(bytes).set('/l', Uint8Array.of(0x7b));
  assert.deepEqual(live.value?.data, { open: true });
  assert.equal(live.error?.code, 'INVALID_DATA');
  assert.deepEqual(errors, [live.error]);
  await typed.set('/l', { open: false });
  assert.deepEqual([live.value?.data.open, live.error], [false, undefined]);
});

test('many watches of one node are all told, and can be left one by one', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '0');
  const counts = [0, 0, 0];
  const subscriptions = counts.map((_, at) =>
    peer.watch('/w').subscribe(() => {
      counts[at] = (counts[at] ?? 0) + 1;
    }),
  );
  await peer.set('/w', '1');
  subscriptions[1]?.[Symbol.dispose]();
  await peer.set('/w', '2');
  assert.deepEqual(counts, [3, 2, 3]);
  for (const subscription of subscriptions) subscription[Symbol.dispose]();
  await peer.set('/w', '3');
  assert.deepEqual(counts, [3, 2, 3]);
  const again = peer.watch('/w').until((node) => node?.data === '4');
  await peer.set('/w', '4');
  await again;
});

test('a listener may call the peer, and what it throws harms nobody', async (t) => {
  const peer = await solo(t);
  await peer.create('/in', '0');
  await peer.create('/out', '');
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  peer.watch('/in').subscribe(() => {
    throw new Error('listener');
  });
  peer.watch('/in').subscribe(async (node) => {
    await peer.set('/out', `copy of ${node?.data}`);
  });
  await peer.set('/in', '1');
  await peer.watch('/out').until((node) => node?.data === 'copy of 1');
  assert.deepEqual(
    errors.map((error) => (error as Error).message),
    ['listener', 'listener'],
  );
});

test('watches end with the peer: subscriptions silently, waits with CLOSED', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  await peer.create('/w', 'last');
  const live = await peer.watch('/w').live();
  peer.watch('/w').subscribe(() => {});
  const pending = peer.watch('/w').until(() => false);
  const loop = (async () => {
    for await (const _ of peer.watch('/w'));
  })();
  const ends = Promise.allSettled([pending, loop]);
  await peer.close();
  for (const end of await ends) {
    assert.equal(end.status, 'rejected');
    assert.ok(failsWith('CLOSED')(end.reason));
  }
  assert.deepEqual([live.value?.data, live.error?.code], ['last', 'CLOSED']);
  assert.deepEqual(errors, []);
  await assert.rejects(
    peer.watch('/w').until(() => true),
    failsWith('CLOSED'),
  );
});

test('a node that may not be read rejects a wait and is reported to a subscriber', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  await peer.create('/secret', 'x', { acl: ['digest:nobody:x:cdrwa'] });
  await assert.rejects(
    peer.watch('/secret').until(() => true),
    failsWith('NO_AUTH', { path: '/secret' }),
  );
  peer.watch('/secret').subscribe(() => assert.fail('it may not be read'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(failsWith('NO_AUTH')(errors[0]));
});

test('a live value that is over ends whoever comes late, and keeps its value', async (t) => {
  const peer = await solo(t);
  await peer.create('/a', 'x');
  const closed = await peer.watch('/a').live();
  await closed.close();
  const late = closed.until(() => false, { timeout: 10_000 });
  await assert.rejects(late, failsWith('CLOSED'));
  const left = await peer.watch('/a').live();
  await peer.close();
  await assert.rejects(
    left.until(() => false, { timeout: 10_000 }),
    failsWith('CLOSED'),
  );
  assert.equal(left.value?.data, 'x');
});

test('listeners of one session are called one at a time, in the order of what happened', async (t) => {
  const peer = await solo(t);
  for (const path of ['/a', '/b', '/tree']) await peer.create(path, '0');
  const order: string[] = [];
  let running = 0;
  const listen = (name: string) => async (data: unknown) => {
    running += 1;
    assert.equal(running, 1, 'one at a time');
    order.push(`${name}${String(data)}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
  };
  const [a, b, c] = [listen('a'), listen('b'), listen('c')];
  peer.watch('/a').subscribe((node) => a(node?.data));
  peer.session.watch('/b').subscribe((node) => b(node?.data));
  const left = peer.watchTree('/tree').subscribe(({ kind }) => c(kind));
  await told(() => order.length === 3 && running === 0);
  await Promise.all([peer.set('/b', '1'), peer.set('/tree', '1'), peer.set('/a', '1')]);
  await told(() => order.length === 6 && running === 0);
  assert.deepEqual(order, ['a0', 'b0', 'csnapshot', 'b1', 'ctransaction', 'a1']);
  const other = await peer.openSession();
  let heard = false;
  other.watch('/b').subscribe(() => {
    heard = true;
  });
  peer.watch('/a').subscribe(() => new Promise(() => {}));
  await told(() => heard);
  // One that has left is not called any more, though its turn was still to come.
  peer.watch('/b').subscribe(() => assert.fail('the lane is taken for ever'));
  left[Symbol.dispose]();
  await peer.set('/tree', '2');
  assert.equal(order.length, 6);
});

async function told(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); ) {
    assert.ok(Date.now() < end, String(condition));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
