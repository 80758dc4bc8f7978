/** Many who watch one node: read once for all of them, and each as if it were alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, type Codec, json, type Peer, utf8 } from '../../lib/index.ts';
import { failsWith, solo } from './solo.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what one watcher writes into its bytes and its Stat is not seen by another', async (t) => {
  const peer = await solo(t);
  const raw = peer.as(bytes);
  await raw.create('/w', Uint8Array.of(1));
  const other = (await peer.openSession()).as(bytes);
  const seen: string[] = [];
  for (const view of [raw, raw, other, other]) {
    view.watch('/w').subscribe((node) => {
      assert.ok(node !== undefined);
      seen.push(`${node.data} of version ${node.stat.version}`);
      node.data.fill(9);
      Object.assign(node.stat, { version: 9 });
    });
  }
  await turn();
  await raw.set('/w', Uint8Array.of(2));
  const first = '1 of version 0';
  const second = '2 of version 1';
  assert.deepEqual(seen, [first, first, first, first, second, second, second, second]);
  const { data, stat } = await raw.get('/w');
  assert.deepEqual([...data, stat.version], [2, 1]);
});

test('each watcher is given a value of its own codec, and what cannot be read is told to each', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '{"is":1}');
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  const texts: unknown[] = [];
  const values: { is: number }[] = [];
  for (let at = 0; at < 2; at += 1) {
    peer.watch('/w').subscribe((node) => void texts.push(node?.data));
    peer
      .as(json<{ is: number }>())
      .watch('/w')
      .subscribe((node) => {
        if (node !== undefined) values.push(node.data);
      });
  }
  await turn();
  await peer.set('/w', '{"is":2}');
  assert.deepEqual(texts, ['{"is":1}', '{"is":1}', '{"is":2}', '{"is":2}']);
  assert.deepEqual(
    values.map(({ is }) => is),
    [1, 1, 2, 2],
  );
  assert.notEqual(values[2], values[3], 'an object may be written into');
  await peer.as(bytes).set('/w', Uint8Array.of(0xff));
  assert.equal(errors.length, 4);
  for (const error of errors) assert.ok(failsWith('INVALID_DATA', { path: '/w' })(error));
  await peer.set('/w', '{"is":3}');
  assert.deepEqual(texts.slice(4), ['{"is":3}', '{"is":3}']);
});

test('what is applied in one turn is told as one state, the newest', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '0');
  const seen: (readonly [string | undefined, bigint])[] = [];
  const sessions: Pick<Peer, 'watch'>[] = [peer, await peer.openSession()];
  const reads: Promise<void>[] = [];
  for (const session of sessions) {
    session.watch('/w').subscribe((node) => {
      seen.push([node?.data, node?.stat.mzxid ?? 0n]);
      // Nobody is shown what is not so any more.
      const read = peer.get('/w', { consistency: 'stale' });
      reads.push(read.then(({ data }) => assert.equal(data, node?.data)));
    });
  }
  await turn();
  const written = await Promise.all(['1', '2', '3'].map((data) => peer.set('/w', data)));
  await Promise.all(reads);
  const told = seen.slice(2);
  assert.deepEqual(told.at(-1), ['3', written.at(-1)?.mzxid]);
  assert.ok(told.length <= 2 * written.length);
});

test('whoever may not read the node is not told of it, and everybody else is', async (t) => {
  const peer = await solo(t);
  const [knowing, ignorant] = [await peer.openSession(), await peer.openSession()];
  await knowing.addAuth('digest', 'ann:secret');
  await peer.create('/w', '0');
  const seen: string[] = [];
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  knowing.watch('/w').subscribe((node) => void seen.push(`knowing ${node?.data}`));
  ignorant.watch('/w').subscribe((node) => void seen.push(`ignorant ${node?.data}`));
  await turn();
  await knowing.setAcl('/w', ['auth::cdrwa']);
  await knowing.set('/w', '1');
  await knowing.set('/w', '2');
  await ignorant.sync();
  assert.deepEqual(seen, ['knowing 0', 'ignorant 0', 'knowing 1', 'knowing 2']);
  await knowing.setAcl('/w', ['world:anyone:cdrwa']);
  await knowing.set('/w', '3');
  await ignorant.sync();
  assert.deepEqual(seen.slice(4).sort(), ['ignorant 3', 'knowing 3']);
  assert.deepEqual(errors, []);
});

test('a listener that closes its session is the last one of that session that is told', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '0');
  const closing = await peer.openSession();
  const staying = await peer.openSession();
  const seen: string[] = [];
  const ends: Promise<void>[] = [];
  for (const name of ['first', 'second']) {
    closing.watch('/w').subscribe((node) => {
      seen.push(`${name} ${node?.data}`);
      if (node?.data === '1') ends.push(closing.close());
    });
  }
  staying.watch('/w').subscribe((node) => void seen.push(`other ${node?.data}`));
  await turn();
  await peer.set('/w', '1');
  await Promise.all(ends);
  await peer.set('/w', '2');
  assert.deepEqual(seen, ['first 0', 'second 0', 'other 0', 'first 1', 'other 1', 'other 2']);
});

test('who leaves while his codec is at work is not told of what it has decoded', async (t) => {
  const peer = await solo(t);
  await peer.create('/w', '0');
  const seen: (string | undefined)[] = [];
  const leaving: Codec<string> = {
    encode: utf8.encode,
    decode(data) {
      const value = utf8.decode(data);
      if (value !== '0') subscription[Symbol.dispose]();
      return value;
    },
  };
  const subscription = peer
    .as(leaving)
    .watch('/w')
    .subscribe((node) => void seen.push(node?.data));
  await turn();
  await peer.set('/w', '1');
  await turn();
  assert.deepEqual(seen, ['0']);
});
