/**
 * Three peers in three processes, beside ZooKeeper and etcd under the same load in the same run, the
 * systems taking turns. `--rounds=3 --seconds=3 --systems=quorate,zookeeper,etcd`, and of these rows any with
 * `--only=throughput,secret,failover,watches,million,members,observers`: `secret` is a group with one
 * beside that without, `members` are observers instead of voters and followers that come and go,
 * `observers` are 1, 10 and 30 of them in one process.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine } from '../measure.ts';
import { flag, OWN, rivalsHere, systemsIn, withSystems } from './beside.ts';
import { failover } from './failover.ts';
import { comeAndGo, observersBesideVoters } from './members.ts';
import { loopDelay, million } from './million.ts';
import { observersInOneProcess } from './observers.ts';
import type { QuorateVariant } from './quorate-system.ts';
import type { Rival } from './rival-system.ts';
import { etcd, zookeeper } from './rivals.ts';
import { type Row, table } from './table.ts';
import { SECRET, SECRET_MEASURES, throughput, warmUp } from './throughput.ts';
import { fanOut } from './watches.ts';

const ROWS = 'throughput,secret,failover,watches,million,members,observers';
const WITH_SECRET: QuorateVariant = { name: SECRET, secret: 'what all peers of this group know' };

/** What a run of this benchmark was asked for. */
interface Run {
  readonly directory: string;
  readonly rounds: number;
  readonly seconds: number;
  wants(rows: string): boolean;
}

export async function cluster(): Promise<void> {
  const rounds = Number(flag('rounds', '3'));
  const seconds = Number(flag('seconds', '3'));
  const only = flag('only', ROWS).split(',');
  const unknown = only.filter((name) => !ROWS.split(',').includes(name));
  if (unknown.length > 0) throw new Error(`no such rows: ${unknown.join(', ')}; there are ${ROWS}`);
  const directory = await mkdtemp(join(tmpdir(), 'quorate-cluster-'));
  const run = { directory, rounds, seconds, wants: (rows: string) => only.includes(rows) };
  try {
    await besideRivals(run);
    await ofOtherShapes(run);
  } finally {
    await rm(directory, { recursive: true, force: true });
    // What else ran meanwhile: the first line of the output has it from before.
    console.log(`\n${machine()}`);
  }
}

async function besideRivals(run: Run): Promise<void> {
  const { directory, wants } = run;
  const sections = ['throughput', 'secret', 'failover', 'million', 'watches'];
  if (!sections.some(wants)) return;
  const rivals = await rivalsHere([zookeeper, etcd]);
  const comparable = rivals.filter(({ name }) => name !== 'etcd');
  const rows: Row[] = [];
  try {
    if (wants('throughput') || wants('secret')) rows.push(...(await loaded(run, rivals)));
    if (wants('failover') || wants('million')) rows.push(...(await troubled(run, comparable)));
    if (wants('watches')) {
      for (const sessions of ['one', 'each'] as const) {
        const fresh = systemsIn(join(directory, sessions), comparable);
        rows.push(await withSystems(fresh, () => fanOut(fresh, sessions, 12)));
      }
    }
  } finally {
    const names = new Set(rows.flatMap(({ rounds }) => [...rounds.keys()]));
    if (rows.length > 0) console.log(`\n${table(rows, [...names], OWN)}`);
  }
}

/** What three processes get done. */
async function loaded(run: Run, rivals: readonly Rival[]): Promise<readonly Row[]> {
  const { directory, rounds, seconds, wants } = run;
  const variants = wants('secret') ? [WITH_SECRET] : [];
  const systems = systemsIn(join(directory, 'loaded'), rivals, variants);
  const measures = wants('throughput') ? undefined : SECRET_MEASURES;
  return withSystems(systems, async () => {
    await warmUp(systems);
    const rows = [...(await throughput(systems, rounds, seconds, measures))];
    const own = systems.find(({ name }) => name === OWN);
    if (own !== undefined && wants('throughput')) rows.push(await loopDelay(own, seconds, ''));
    return rows;
  });
}

/** What a lost leader and a large tree do to them. */
async function troubled(run: Run, rivals: readonly Rival[]): Promise<readonly Row[]> {
  const { directory, rounds, seconds, wants } = run;
  const systems = systemsIn(directory, rivals);
  return withSystems(systems, async () => {
    const rows: Row[] = [];
    if (wants('failover')) {
      rows.push(await failover(systems, 'SIGKILL', 6 * rounds + 2));
      rows.push(await failover(systems, 'SIGSTOP', 3 * rounds));
    }
    if (!wants('million')) return rows;
    rows.push(...(await million(systems, rounds)));
    const own = systems.find(({ name }) => name === OWN);
    const when = ', during checkpoints of a million nodes';
    if (own !== undefined) rows.push(await loopDelay(own, 4 * seconds, when));
    return rows;
  });
}

/** Groups that no rival has, each with a table of its own. */
async function ofOtherShapes({ directory, rounds, seconds, wants }: Run): Promise<void> {
  const rows: Row[] = [];
  if (wants('members')) rows.push(...(await observersBesideVoters(directory, rounds, seconds)));
  if (wants('observers')) rows.push(...(await observersInOneProcess(directory, rounds, seconds)));
  for (const row of rows) console.log(`\n${table([row], [...row.rounds.keys()], '')}`);
  if (wants('members')) console.log(`\n${await comeAndGo(directory, rounds)}`);
}
