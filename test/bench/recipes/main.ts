/**
 * Recipes: locks of three processes beside the recipe on ZooKeeper and redlock on a Redis that syncs every
 * write, in the same run; and what the rest costs by itself.
 * `--rounds=3 --seconds=3 --only=locks,waiters,queue,registry --systems=quorate,zookeeper,redlock`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flag, OWN, rivalsHere, systemsIn, withSystems } from '../cluster/beside.ts';
import { redis, zookeeper } from '../cluster/rivals.ts';
import { table } from '../cluster/table.ts';
import { type Measure, more, throughput, warmUp } from '../cluster/throughput.ts';
import { queue } from './queue.ts';
import { registry } from './registry.ts';
import { waiters } from './waiters.ts';

/** One peer and its disk: what it grants is in one place only, as with one Redis. */
const ALONE = 'quorate alone';

const LOCKS: readonly Measure[] = [
  {
    what: 'lock taken and given back, one process',
    order: { operation: 'lock', inFlight: 1 },
    ids: [1],
    goals: [more('zookeeper', 1.6), more('redlock', 1), { rival: ALONE, better: 'more' }],
  },
  {
    what: 'locks taken and given back, three processes with 16 in flight',
    order: { operation: 'lock', inFlight: 16 },
    goals: [more('zookeeper', 8)],
    without: [ALONE],
  },
];

export async function recipes(): Promise<void> {
  const rounds = Number(flag('rounds', '3'));
  const seconds = Number(flag('seconds', '3'));
  const only = flag('only', 'locks,waiters,queue,registry').split(',');
  if (only.includes('locks')) await locks(rounds, seconds);
  if (only.includes('waiters')) await waiters();
  if (only.includes('queue')) await queue(rounds);
  if (only.includes('registry')) await registry();
}

async function locks(rounds: number, seconds: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-recipes-'));
  try {
    const rivals = await rivalsHere([zookeeper, redis]);
    const systems = systemsIn(directory, rivals, [{ name: ALONE, voters: 1 }]);
    const rows = await withSystems(systems, async () => {
      await warmUp(systems, ['lock']);
      return await throughput(systems, rounds, seconds, LOCKS);
    });
    const names = systems.map(({ name }) => name);
    console.log(`\n${table(rows, names, OWN)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
