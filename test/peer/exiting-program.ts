/**
 * Opens peers in every state in which they can be closed, closes them, and ends by itself: nothing of
 * the library may keep the process, and no promise that it drops may reject. Prints what it has done.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../examples/support/peer-process.ts';
import { openPeer, type Peer } from '../../lib/index.ts';

const directory = await mkdtemp(join(tmpdir(), 'quorate-test-'));
const ports = await freePorts(3);
const peers = Object.fromEntries(ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`]));

/** Asked and forgotten by the application, as far as it may: its own promises are caught. */
function busy(peer: Peer): void {
  const forget = (call: Promise<unknown>): void => void call.catch(() => {});
  forget(peer.create('/busy', 'x', { sequential: true }));
  forget(peer.namespace('/space').create('/a', 'x'));
  forget(peer.addAuth('digest', 'ann:secret'));
  forget(peer.ready());
  forget(peer.sync());
  forget(peer.get('/', { signal: new AbortController().signal }));
  forget(peer.openSession());
  forget(peer.watch('/busy').live());
  forget(peer.update('/counter', (data) => String(Number(data ?? 0) + 1)));
  peer.watch('/').subscribe(() => {});
  peer.watchChildren('/').subscribe(() => {
    throw new Error('a listener');
  });
  void peer
    .watch('/never')
    [Symbol.asyncIterator]()
    .next()
    .catch(() => {});
}

async function closeEarly(): Promise<void> {
  const peer = await openPeer({ id: 1, peers, dataDir: join(directory, 'early') });
  await peer.close();
}

async function closeLooking(): Promise<void> {
  const peer = await openPeer({ id: 1, peers, dataDir: join(directory, 'looking') });
  busy(peer);
  await peer.ready({ timeout: 100 }).catch(() => {});
  await Promise.all([peer.close(), peer.close({ timeout: 0 })]);
}

async function closeGroup(atOnce: boolean): Promise<void> {
  const all = await Promise.all(
    [1, 2, 3].map((id) => openPeer({ id, peers, dataDir: join(directory, String(id)) })),
  );
  await Promise.all(all.map((peer) => peer.ready({ timeout: 30_000 })));
  for (const peer of all) busy(peer);
  if (atOnce) await Promise.all(all.map((peer) => peer.close()));
  else for (const peer of all) await peer.close();
}

async function refusals(): Promise<void> {
  const one = await openPeer({ id: 1, peers, dataDir: join(directory, '1') });
  const failures = await Promise.allSettled([
    openPeer({ dataDir: join(directory, '1') }),
    openPeer({ id: 2, dataDir: join(directory, '3') }),
    openPeer({ id: 1, peers, dataDir: join(directory, 'same port') }),
    openPeer({ signal: AbortSignal.abort() }),
    openPeer({ dataDir: join('/dev/null', 'no directory') }),
  ]);
  process.stdout.write(`${failures.map(({ status }) => status).join()}\n`);
  await one.close();
}

await closeEarly();
await closeLooking();
await closeGroup(true);
await closeGroup(false);
await refusals();
await rm(directory, { recursive: true, force: true });
process.stdout.write('the end\n');
