/** A directory that was copied is not the store, however often it is started. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePorts } from '../../examples/support/peer-process.ts';
import { openPeer, type Peer } from '../../lib/index.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { type Configuration, voterOf } from '../../lib/zab/configuration.ts';

const PATIENCE = { timeout: 60_000 };

interface Found {
  readonly store: string;
  readonly boot: number;
  /** The store that the group knows peer 3 by, as far as this log goes. */
  readonly known: string | undefined;
}

/** What a directory holds that no peer has open; looking counts as a start. */
async function look(directory: string): Promise<Found> {
  const storage = new LevelStorage(directory, 3);
  try {
    const { store, boot, base, entries } = (await storage.open()).durable;
    const changes = Array.from(entries, ({ configuration }) => configuration);
    const configurations: (Configuration | undefined)[] = [base?.configuration, ...changes];
    const last = configurations.findLast((configuration) => configuration !== undefined);
    return { store, boot, known: last && voterOf(last, 3)?.store };
  } finally {
    await storage.close();
  }
}

class Trio {
  readonly directory: string;
  readonly #urls: Readonly<Record<number, string>>;
  readonly #spare: string;
  readonly warnings: string[] = [];

  private constructor(directory: string, urls: Readonly<Record<number, string>>, spare: string) {
    this.directory = directory;
    this.#urls = urls;
    this.#spare = spare;
  }

  static async make(t: TestContext): Promise<Trio> {
    const directory = await mkdtemp(join(tmpdir(), 'quorate-test-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const [one, two, three, spare] = (await freePorts(4)).map((port) => `ws://127.0.0.1:${port}`);
    assert.ok(one && two && three && spare);
    return new Trio(directory, { 1: one, 2: two, 3: three }, spare);
  }

  /** Peer `id` on that directory; the copy of a machine has another address. */
  async open(t: TestContext, id: number, name = String(id)): Promise<Peer> {
    const peers = name === 'copy' ? { ...this.#urls, 3: this.#spare } : this.#urls;
    const peer = await openPeer({ id, peers, dataDir: join(this.directory, name) });
    t.after(() => peer.close());
    peer.on('warning', ({ code }) => this.warnings.push(code));
    return peer;
  }

  async openAll(t: TestContext): Promise<Peer[]> {
    const all = await Promise.all([1, 2, 3].map((id) => this.open(t, id)));
    await Promise.all(all.map((peer) => peer.ready(PATIENCE)));
    return all;
  }
}

async function closeAll(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.close()));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE.timeout;
  while (!holds()) {
    assert.ok(performance.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a copied directory, started more often than the original and then beside it: one vote, and nothing is lost', async (t) => {
  const trio = await Trio.make(t);
  const original = join(trio.directory, '3');
  const copy = join(trio.directory, 'copy');
  let peers = await trio.openAll(t);
  await peers[0]?.create('/before', 'x');
  await closeAll(peers);
  await cp(original, copy, { recursive: true });

  peers = await trio.openAll(t);
  await peers[2]?.create('/acknowledged', 'y');
  await closeAll(peers);
  const { store, boot } = await look(original);
  let copied = await look(copy);
  while (copied.boot <= boot + 3) copied = await look(copy);
  assert.equal(copied.store, store, 'by its name it is the store');

  peers = await trio.openAll(t);
  const twin = await trio.open(t, 3, 'copy');
  await until('the second of one store is refused', () =>
    trio.warnings.includes('DUPLICATE_STORE'),
  );
  await peers[2]?.create('/meanwhile', 'z');
  await closeAll(peers);
  // Whoever leads now has nothing but its log to tell by.
  peers = await Promise.all([1, 2].map((id) => trio.open(t, id)));
  await Promise.all([...peers, twin].map((peer) => peer.ready(PATIENCE)));
  for (const [path, data] of [
    ['/before', 'x'],
    ['/acknowledged', 'y'],
    ['/meanwhile', 'z'],
  ] as const) {
    assert.equal((await twin.get(path, { consistency: 'linearizable' })).data, data);
  }
  await closeAll([twin, ...peers]);
  const first = await look(original);
  const second = await look(copy);
  assert.equal(first.store, store);
  assert.notEqual(second.store, store, 'the copy has made itself another store');
  const { known } = second;
  assert.ok(known === first.store || known === second.store);
});
