import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePorts, PeerProcess } from '../../examples/support/peer-process.ts';

/** Three processes on a disk each, and whoever of them is alive. */
export class Processes {
  readonly alive: Map<number, PeerProcess> = new Map();
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
