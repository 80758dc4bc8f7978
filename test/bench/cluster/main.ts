/**
 * Three peers in three processes, beside ZooKeeper and etcd under the same load in the same run, the
 * systems taking turns. `--rounds=3 --seconds=3 --only=throughput,failover,watches,million,members`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flag, OWN, systemsIn, withSystems } from './beside.ts';
import { failover } from './failover.ts';
import { comeAndGo, observersBesideVoters } from './members.ts';
import { loopDelay, million } from './million.ts';
import { etcd, zookeeper } from './rivals.ts';
import { type Row, table } from './table.ts';
import { throughput, warmUp } from './throughput.ts';
import { fanOut } from './watches.ts';

export async function cluster(): Promise<void> {
  const rounds = Number(flag('rounds', '3'));
  const seconds = Number(flag('seconds', '3'));
  const only = flag('only', 'throughput,failover,watches,million,members').split(',');
  const directory = await mkdtemp(join(tmpdir(), 'quorate-cluster-'));
  try {
    await besideRivals(directory, only, rounds, seconds);
    if (!only.includes('members')) return;
    for (const row of await observersBesideVoters(directory, rounds, seconds)) {
      console.log(`\n${table([row], [...row.rounds.keys()], '')}`);
    }
    console.log(`\n${await comeAndGo(directory, rounds)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function besideRivals(
  directory: string,
  only: readonly string[],
  rounds: number,
  seconds: number,
): Promise<void> {
  const systems = await systemsIn(directory, [zookeeper, etcd]);
  const comparable = systems.filter(({ name }) => name !== 'etcd');
  const own = systems.filter(({ name }) => name === OWN);
  const rows: Row[] = [];
  try {
    await withSystems(systems, async () => {
      if (only.includes('throughput')) {
        await warmUp(systems);
        rows.push(...(await throughput(systems, rounds, seconds)));
        for (const system of own) rows.push(await loopDelay(system, seconds, ''));
      }
      if (only.includes('failover')) {
        rows.push(await failover(comparable, 'SIGKILL', 6 * rounds + 2));
        rows.push(await failover(comparable, 'SIGSTOP', 3 * rounds));
      }
      if (only.includes('million')) {
        rows.push(...(await million(comparable, rounds)));
        for (const system of own)
          rows.push(
            await loopDelay(system, 4 * seconds, ', during checkpoints of a million nodes'),
          );
      }
    });
    if (only.includes('watches')) {
      for (const sessions of ['one', 'each'] as const) {
        const fresh = (await systemsIn(join(directory, sessions), [zookeeper, etcd])).filter(
          ({ name }) => name !== 'etcd',
        );
        rows.push(await withSystems(fresh, () => fanOut(fresh, sessions, 12)));
      }
    }
  } finally {
    const names = systems.map(({ name }) => name);
    console.log(`\n${table(rows, names, OWN)}`);
  }
}
