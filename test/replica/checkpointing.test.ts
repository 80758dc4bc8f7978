/** The checkpoints that peers make while all else goes on, in whatever order their drivers call them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { Prng } from '../../lib/testing/prng.ts';
import type { Operation } from '../../lib/tree/request.ts';
import { Cluster, create, set } from './pump.ts';

/** The last one is an observer. */
const PEERS = [1, 2, 3, 4];

class Trouble {
  readonly cluster: Cluster;
  readonly #prng: Prng;
  readonly #sessions = new Map<number, SessionHandle>();
  #down: number | undefined;
  /** Times that a disk was found to hold a checkpoint which is whole. */
  found = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
    const replica = { snapCount: 12, sliceBytes: prng.pick([1024, 4096]) };
    this.cluster = new Cluster({ size: 4, observers: 1, replica });
    this.cluster.settle();
  }

  act(): void {
    const { cluster } = this;
    const prng = this.#prng;
    const id = prng.pick(PEERS);
    const isUp = id !== this.#down;
    switch (prng.below(16)) {
      case 0:
        if (prng.chance(0.5)) cluster.slowDisks.add(id);
        else cluster.slowDisks.clear();
        return;
      case 1:
        if (prng.chance(0.15)) this.#fall(id);
        return;
      case 2:
        // What a crash would leave at this moment.
        if (cluster.disk(id).base === undefined) return;
        cluster.disk(id).copy().open();
        this.found += 1;
        return;
      case 3:
      case 4:
      case 5:
        if (isUp) while (prng.chance(0.7)) cluster.peer(id).prepare();
        return;
      case 6:
      case 7:
      case 8:
      case 9:
      case 10:
        if (isUp) this.#write(id);
        return;
      default:
        cluster.step();
    }
  }

  #fall(id: number): void {
    const { cluster } = this;
    if (this.#down === undefined) {
      this.#down = id;
      cluster.crash(id);
      this.#sessions.delete(id);
      return;
    }
    // With nothing on its disk it is sent a copy.
    if (this.#down === 4 && this.#prng.chance(0.7)) cluster.replaceDisk(4);
    cluster.start(this.#down);
    this.#down = undefined;
  }

  #write(id: number): void {
    const prng = this.#prng;
    const { sessions } = this.cluster.peer(id);
    const known = this.#sessions.get(id);
    const session = known ?? sessions.open({ timeout: 60_000 });
    this.#sessions.set(id, session);
    if (session.state === 'closed' || session.state === 'expired') this.#sessions.delete(id);
    const path = `/n${prng.below(60)}`;
    const data = 'x'.repeat(prng.below(400));
    const operations: readonly Operation[] = [
      create(path, data),
      create(path, data, 'ephemeral'),
      create('/s-', data, 'persistent-sequential'),
      set(path, data),
      set(path, data),
      { type: 'delete', path, version: -1, recursive: true },
    ];
    for (let left = prng.below(6); left >= 0; left -= 1) {
      sessions.submit(session, prng.pick(operations));
    }
  }

  end(): void {
    const { cluster } = this;
    cluster.slowDisks.clear();
    if (this.#down !== undefined) cluster.start(this.#down);
    cluster.settle();
    const hashes = (): Set<number> =>
      new Set(PEERS.map((id) => cluster.peer(id).stateMachine.hash()));
    cluster.until('all have the same tree', () => hashes().size === 1);
    for (const id of PEERS) cluster.disk(id).copy().open();
  }
}

const RUNS = 6;

test('what a peer finds on its disk is a whole checkpoint, whenever its parts were made', () => {
  let found = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    try {
      const trouble = new Trouble(new Prng(seed));
      for (let step = 0; step < 1500; step += 1) trouble.act();
      trouble.end();
      found += trouble.found;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(found > 10 * RUNS, `${found} checkpoints were looked at`);
});
