/** Who may hold what at the same time, judged at each change and over the log of what they wrote. */
import assert from 'node:assert/strict';
import type { Client } from '../../lib/index.ts';
import type { Grant } from '../../lib/recipes/index.ts';

/** What all grants of one kind have in common, in zxid order and at every moment (S33). */
export class Monitor {
  readonly #name: string;
  readonly #room: number;
  readonly #held = new Map<Grant, number>();
  /** What a resource outside of the tree has seen last. */
  #fence = 0n;
  /** How many grants there were. */
  grants = 0;

  /** @param room how much may be held at once */
  constructor(name: string, room: number) {
    this.#name = name;
    this.#room = room;
  }

  /** Whoever holds at this moment is asked by the clock. */
  granted(grant: Grant, weight: number): void {
    this.grants += 1;
    this.#held.set(grant, weight);
    this.check();
    if (this.#room === weight) {
      assert.ok(grant.fence > this.#fence, `${this.#name}: fences rise with every grant`);
    }
    if (grant.fence > this.#fence) this.#fence = grant.fence;
  }

  done(grant: Grant): void {
    this.#held.delete(grant);
  }

  /** However many think that they hold: of those whose clock still says so there are not too many. */
  check(): void {
    let sum = 0;
    for (const [grant, weight] of this.#held) if (isHeld(grant)) sum += weight;
    assert.ok(sum <= this.#room, `${this.#name}: ${sum} of ${this.#room} are held`);
  }

  /** Each holder writes below this node, guarded by its grant: what one wrote stands together. */
  async checkLog(client: Client, folder: string): Promise<number> {
    const nodes = [];
    for (const name of await client.children(folder)) {
      nodes.push(await client.get(`${folder}/${name}`));
    }
    nodes.sort((a, b) => (a.stat.czxid < b.stat.czxid ? -1 : 1));
    let last = 0n;
    for (const { data, path } of nodes) {
      const fence = BigInt(data);
      assert.ok(fence >= last, `${this.#name}: ${path} is a write of a grant that was over`);
      last = fence;
    }
    return nodes.length;
  }
}

/** As the holder would find out before a side effect. */
export function isHeld(grant: Grant): boolean {
  try {
    grant.assertHeld();
    return true;
  } catch {
    return false;
  }
}
