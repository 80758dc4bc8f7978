import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { contentsOf, freePorts, PeerProcess } from '../../examples/support/peer-process.ts';

/** Three processes on a disk each, and whoever of them is alive. */
class Processes {
  readonly alive = new Map<number, PeerProcess>();
  readonly #peers: Readonly<Record<number, string>>;
  readonly #directory: string;

  private constructor(peers: Readonly<Record<number, string>>, directory: string) {
    this.#peers = peers;
    this.#directory = directory;
  }

  static async start(t: TestContext): Promise<Processes> {
    const directory = await mkdtemp(join(tmpdir(), 'quorate-test-'));
    const ports = await freePorts(3);
    const peers = ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`] as const);
    const group = new Processes(Object.fromEntries(peers), directory);
    t.after(async () => {
      await Promise.all([...group.alive.values()].map((one) => one.kill()));
      await rm(directory, { recursive: true, force: true });
    });
    await Promise.all(peers.map(([id]) => group.open(id)));
    return group;
  }

  async open(id: number): Promise<PeerProcess> {
    const one = new PeerProcess(id, this.#peers, join(this.#directory, String(id)));
    this.alive.set(id, one);
    await one.opened();
    return one;
  }

  async kill(id: number): Promise<void> {
    const one = this.alive.get(id);
    this.alive.delete(id);
    await one?.kill();
  }

  /** Resolves with the leader's id when all that are alive serve. */
  async leader(): Promise<number> {
    const leaders = await Promise.all([...this.alive.values()].map((one) => one.ask('ready')));
    const [leader] = leaders;
    assert.ok(leader !== undefined);
    return leader;
  }

  /** One that is alive and is not `id`. */
  other(id: number): PeerProcess {
    const found = [...this.alive.values()].find((one) => one.id !== id);
    assert.ok(found);
    return found;
  }
}

test('three processes: leaders are killed under load, nothing acknowledged is lost, the killed catch up', async (t) => {
  const group = await Processes.start(t);
  const acknowledged: string[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const leader = await group.leader();
    const writer = group.other(leader);
    const writes = Array.from({ length: 100 }, (_, at) =>
      writer.ask('create', `/round-${round}/${at}`, `${round}.${at}`),
    );
    await writes[0];
    const before = performance.now();
    await group.kill(leader);
    const { path } = await writer.ask('create', `/round-${round}/after`, `${round}.after`);
    t.diagnostic(`takeover ${round}: ${Math.round(performance.now() - before)} ms`);
    const created = await Promise.all(writes);
    acknowledged.push(path, ...created.map((one) => one.path));
    await group.open(leader);
  }

  await group.leader();
  const all = await contentsOf([...group.alive.values()]);
  assert.equal(all.length, 3);
  for (const { data, digest } of all) {
    assert.equal(digest, all[0]?.digest);
    for (const path of acknowledged) {
      const [, round, name] = /^\/round-(\d)\/(.*)$/.exec(path) ?? [];
      assert.equal(data.get(path), `${round}.${name}`);
    }
  }
  assert.equal(acknowledged.length, 303);
});
