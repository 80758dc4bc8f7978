/**
 * What recipes keep, on peers that are cut off, stalled and killed by a seed: no item of a queue is lost and none
 * acknowledged twice, the sum of a counter is exact, no id is given twice. `SEED=7 node --import tsx --test
 * test/recipes/data-chaos.test.ts` tries another one; what the machine's own scheduling adds is not in the seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, type Peer, QuorateError } from '../../lib/index.ts';
import { Counter, Queue, UniqueId } from '../../lib/recipes/index.ts';
import { createTestGroup, type TestGroup } from '../../lib/testing/index.ts';
import { eventually, PATIENCE, untilHeard } from './support.ts';

const SEED = Number(process.env.SEED ?? 1);
const FAULTS = Number(process.env.FAULTS ?? 4);
const OPTIONS = { maxAttempts: 1_000, maxItems: 1_000_000, prefetch: 3 };
const EXPECTED = [
  'GRANT_LOST',
  'CLOSED',
  'TIMED_OUT',
  'SESSION_EXPIRED',
  'ABORTED',
  'RELEASED',
] as const;

/** Numbers of 0 to 1 that the seed alone decides. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What all of them were told. */
class Ledger {
  readonly put = new Set<string>();
  readonly acked = new Set<string>();
  /** An acknowledgement of these was on its way when the session ended. */
  readonly maybeAcked = new Set<string>();
  readonly ids = new Set<number>();
  readonly outcomes: Promise<Outcome>[] = [];
  readonly sums = new Set<number>();
  count = 0;
}

class Chaos {
  readonly ledger = new Ledger();
  readonly stop = new AbortController();
  readonly runs: Promise<void>[] = [];
  readonly #group: TestGroup;
  readonly #random: () => number;

  constructor(group: TestGroup, seed: number) {
    this.#group = group;
    this.#random = numbers(seed);
  }

  enter(peer: Peer): void {
    const { ledger } = this;
    const queue = new Queue(peer, '/q', OPTIONS);
    const counter = new Counter(peer, '/n');
    const ids = new UniqueId(peer, '/ids', { block: 5 });
    this.#repeat(peer, async () => {
      ledger.count += 1;
      const item = String(ledger.count);
      await queue.put(item, { timeout: 1_000 });
      ledger.put.add(item);
    });
    for (let taker = 0; taker < 3; taker += 1) this.#repeat(peer, () => this.#work(queue));
    this.#repeat(peer, async () => {
      try {
        const sum = await counter.add(1, { timeout: 1_000 });
        assert.ok(!ledger.sums.has(sum), `the sum ${sum} was told twice`);
        ledger.sums.add(sum);
        ledger.outcomes.push(Promise.resolve('applied'));
      } catch (error) {
        if (QuorateError.is(error)) ledger.outcomes.push(error.settled);
        throw error;
      }
    });
    this.#repeat(peer, async () => {
      const id = await ids.next({ timeout: 1_000 });
      assert.ok(!ledger.ids.has(id), `the id ${id} was given twice`);
      ledger.ids.add(id);
    });
  }

  /** One fault after the other; each is over before the next. */
  async disturb(): Promise<void> {
    const ids = this.#group.peers.map(({ id }) => id);
    const id = ids[Math.floor(this.#random() * ids.length)] ?? 1;
    const kind = Math.floor(this.#random() * 4);
    const milliseconds = 200 + this.#random() * 2_500;
    if (kind === 0) {
      this.#group.partition([id]);
      await sleep(milliseconds);
      this.#group.heal();
    } else if (kind === 1) {
      this.#group.stall(id, milliseconds);
      await sleep(milliseconds);
    } else if (kind === 2) {
      await this.#group.kill(id);
      await sleep(milliseconds / 2);
      this.enter(await this.#group.restart(id));
    } else {
      await this.#group.expireSession(id);
    }
    await sleep(300);
  }

  /** Takes one item, and mostly acknowledges it. */
  async #work(queue: Queue): Promise<void> {
    const { ledger } = this;
    const item = await queue.take({ timeout: 1_000, signal: this.stop.signal });
    try {
      assert.ok(!ledger.acked.has(item.data), `${item.data} was given after it was acknowledged`);
      if (this.#random() < 0.1) return;
      if (this.#random() < 0.2) await sleep(5);
      await item.ack();
      assert.ok(!ledger.acked.has(item.data), `${item.data} was acknowledged twice`);
      ledger.acked.add(item.data);
    } catch (error) {
      const isOver = QuorateError.is(error, 'SESSION_EXPIRED', 'CLOSED');
      if (isOver && error.outcome !== 'not-applied') ledger.maybeAcked.add(item.data);
      throw error;
    } finally {
      await item.release();
    }
  }

  #repeat(peer: Peer, work: () => Promise<void>): void {
    const loop = async () => {
      while (!this.stop.signal.aborted && peer.status.state !== 'closed') {
        await tolerated(work());
      }
    };
    this.runs.push(loop());
  }
}

async function tolerated(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!QuorateError.is(error, ...EXPECTED)) throw error;
    // A peer that is being closed refuses at once.
    await sleep(5);
  }
}

/** Every item that is still there, as it would be taken: however many, but none may be long in coming. */
async function drain(queue: Queue, ledger: Ledger): Promise<void> {
  const stop = new AbortController();
  let last = performance.now();
  const run = queue.run(
    async (item) => {
      assert.ok(!ledger.acked.has(item.data), `${item.data} was given after it was acknowledged`);
      await item.ack();
      ledger.acked.add(item.data);
      last = performance.now();
    },
    { concurrency: 16, signal: stop.signal },
  );
  for (let left = await queue.size(); left > 0; left = await queue.size()) {
    assert.ok(performance.now() - last < PATIENCE, `${left} items do not come`);
    await sleep(5);
  }
  stop.abort();
  await run;
}

test(`queue, counter and ids, with seed ${SEED}: nothing is lost, nothing counts twice`, async () => {
  await using group = await createTestGroup(3);
  const chaos = new Chaos(group, SEED);
  for (const peer of group.peers) chaos.enter(peer);
  for (let fault = 0; fault < FAULTS; fault += 1) await chaos.disturb();
  chaos.stop.abort();
  const late = sleep(PATIENCE, 'late', { ref: false });
  assert.notEqual(await Promise.race([Promise.all(chaos.runs), late]), 'late', 'all have ended');

  const { ledger } = chaos;
  const [peer] = group.peers;
  assert.ok(peer);
  await untilHeard(peer);
  await drain(new Queue(peer, '/q', OPTIONS), ledger);
  const lost = [...ledger.put].filter(
    (item) => !ledger.acked.has(item) && !ledger.maybeAcked.has(item),
  );
  assert.deepEqual(lost, [], 'items that were put are there');
  assert.ok(ledger.acked.size > 10 && ledger.ids.size > 10, 'there was something to go wrong');
  await eventually('no claim is left', async () => {
    const names = await peer.children('/q/taken');
    return names.every((name) => !name.startsWith('claim-'));
  });

  const outcomes = await Promise.all(ledger.outcomes);
  const applied = outcomes.filter((outcome) => outcome === 'applied').length;
  const unknown = outcomes.filter((outcome) => outcome === 'unknown').length;
  const sum = await new Counter(peer, '/n').get({ consistency: 'linearizable' });
  assert.ok(applied <= sum && sum <= applied + unknown, `${applied} of ${sum}, ${unknown} unknown`);
});
