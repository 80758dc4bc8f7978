/** Which applications a run has. */
import { Contention } from '../grants/contention.ts';
import { Prng } from '../prng.ts';
import { STREAM, type Swarm } from '../swarm.ts';
import type { Application } from './application.ts';
import { BarrierUse } from './barrier-use.ts';
import { FireUse } from './fire-use.ts';
import { GroupUse } from './group-use.ts';
import { KeptUse } from './kept-use.ts';
import { MigrationUse } from './migration-use.ts';
import { PartitionUse } from './partition-use.ts';
import { QueueUse } from './queue-use.ts';
import { RegistryUse } from './registry-use.ts';
import { RoundsUse } from './rounds-use.ts';
import { ScanUse } from './scan-use.ts';
import { ScheduleUse } from './schedule-use.ts';
import { StandbyUse } from './standby-use.ts';
import { TallyUse } from './tally-use.ts';
import { ValuesUse } from './values-use.ts';

/** Made for the processes of a run. */
type Make = (seed: number, places: number) => Application;

/** By name: how often each is drawn, and how it is made. */
const APPLICATIONS: Readonly<Record<string, readonly [number, Make]>> = {
  grants: [0.5, () => new Contention()],
  queue: [0.2, (seed) => new QueueUse(seed)],
  barrier: [0.2, (seed, places) => new BarrierUse(seed, places)],
  rounds: [0.2, (seed, places) => new RoundsUse(seed, places)],
  partitions: [0.2, () => new PartitionUse()],
  tally: [0.2, () => new TallyUse()],
  schedule: [0.2, (seed) => new ScheduleUse(seed)],
  standby: [0.2, (seed) => new StandbyUse(seed)],
  migrations: [0.2, () => new MigrationUse()],
  group: [0.2, () => new GroupUse()],
  kept: [0.2, () => new KeptUse()],
  registry: [0.2, () => new RegistryUse()],
  values: [0.2, () => new ValuesUse()],
  fires: [0.2, (seed) => new FireUse(seed)],
  scanner: [0.2, (seed) => new ScanUse(seed)],
};

/**
 * What the seed draws, one at least; or those that are named.
 * @throws {TypeError} there is none of that name
 */
export function applicationsOf(swarm: Swarm, names?: readonly string[]): Application[] {
  const { seed, voters, observers } = swarm;
  const drawn = names ?? drawNames(new Prng(seed, STREAM.application));
  return drawn.map((name) => {
    const found = APPLICATIONS[name];
    if (found === undefined) throw new TypeError(`not an application: ${name}`);
    const [, make] = found;
    return make(seed, voters.length + observers.length);
  });
}

function drawNames(prng: Prng): string[] {
  const all = Object.entries(APPLICATIONS);
  const drawn = all.filter(([, [chance]]) => prng.chance(chance));
  const chosen = drawn.length > 0 ? drawn : [prng.pick(all)];
  return chosen.map(([name]) => name);
}
