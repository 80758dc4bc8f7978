/** Many observers in one process, as a service has that serves more reads than it has voters. */
import { join } from 'node:path';
import { freePorts } from '../../../examples/support/peer-process.ts';
import { openPeer, type Peer } from '../../../lib/index.ts';
import { machineNow } from './load.ts';
import { QuorateSystem } from './quorate-system.ts';
import type { Row } from './table.ts';
import { KEYS, measureOnce } from './throughput.ts';

const COUNTS = [1, 10, 30];
/** Ids from here on are theirs. */
const FIRST = 101;
/** Changes of one node whose arrival is timed in a round. */
const CHANGES = 5;
/** Ms after which observers that have not caught up never will. */
const PATIENCE = 300_000;

/** One round with so many observers. */
interface Found {
  readonly writes: number;
  /** Ms, of each change. */
  readonly alone: readonly number[];
  /** Ms. */
  readonly behind: number;
}

/**
 * Three voters that write, and more and more observers in this process. While the writes go on, the lag
 * of observers that are slower than the writers has no bound, because nobody waits for them. So what is
 * timed is a change that comes alone, and how long they go on after the last of many writes.
 */
export async function observersInOneProcess(
  directory: string,
  rounds: number,
  seconds: number,
): Promise<readonly Row[]> {
  const group = new ObservedGroup(join(directory, 'observed'));
  const found = new Map<string, readonly Found[]>();
  try {
    await group.start();
    for (const count of COUNTS) {
      await group.observe(count);
      const all: Found[] = [];
      for (let at = 0; at <= rounds; at += 1) all.push(await group.round(seconds));
      // The first round is for the compilers.
      found.set(`${count} observers`, all.slice(1));
    }
  } finally {
    await group.stop();
  }
  const row = (what: string, unit: string, figures: (one: Found) => readonly number[]): Row => {
    const byCount = [...found].map(([name, all]) => [name, all.flatMap(figures)] as const);
    return { what, unit, rounds: new Map(byCount), goals: [] };
  };
  return [
    row('writes, 64 in flight, beside', '/s', ({ writes }) => [writes]),
    row('from a change that comes alone to the last of them', 'ms', ({ alone }) => alone),
    row(`from the end of ${seconds} s of writes to the last of them`, 'ms', (one) => [one.behind]),
  ];
}

class ObservedGroup {
  readonly #directory: string;
  readonly #voters: QuorateSystem;
  readonly #observers: Peer[] = [];
  /** Version of the node that all watch. */
  #version = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#voters = new QuorateSystem(directory);
  }

  async start(): Promise<void> {
    await this.#voters.start();
    const loads = [...this.#voters.loads.values()];
    await Promise.all(loads.map((load) => load.ask('prepare', KEYS)));
  }

  /** From now on there are so many observers. */
  async observe(count: number): Promise<void> {
    while (this.#observers.length < count) this.#observers.push(await this.#open());
    await Promise.all(this.#observers.map((peer) => peer.ready({ timeout: PATIENCE })));
  }

  async round(seconds: number): Promise<Found> {
    const alone: number[] = [];
    for (let change = 0; change < CHANGES; change += 1) alone.push(await this.#lag());
    const order = { operation: 'write', inFlight: 64, seconds } as const;
    const { perSecond } = await measureOnce(this.#voters, order);
    return { writes: perSecond, alone, behind: await this.#lag() };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#observers.map((peer) => peer.close()));
    await this.#voters.stop();
  }

  async #open(): Promise<Peer> {
    const id = FIRST + this.#observers.length;
    const [port] = await freePorts(1);
    const own = { url: `ws://127.0.0.1:${port}`, role: 'observer' } as const;
    return openPeer({
      id,
      peers: { ...this.#voters.servers, [id]: own },
      dataDir: join(this.#directory, String(id)),
      maxTreeBytes: 2 ** 32,
    });
  }

  /** Ms from a change until every observer has it, and with it all that was written before. */
  async #lag(): Promise<number> {
    const [toucher] = this.#voters.loads.values();
    if (toucher === undefined) throw new Error('nobody writes');
    this.#version += 1;
    const wanted = this.#version;
    const seen = this.#observers.map((peer) =>
      peer.watch('/bench/shared').until((node) => (node?.stat.version ?? 0) >= wanted, {
        timeout: PATIENCE,
      }),
    );
    const since = await toucher.ask('touch');
    await Promise.all(seen);
    return machineNow() - since;
  }
}
