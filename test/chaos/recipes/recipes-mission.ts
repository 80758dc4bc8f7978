/** Workers of all processes contend for all that recipes grant, and are frozen while they hold it. */
import { fileURLToPath } from 'node:url';
import { eventually, type Group } from '../group.ts';
import { grouped } from '../grouped.ts';
import type { Deed, Dump, GrantTold } from '../history.ts';
import { feedOf, loadHistory } from '../load-history.ts';
import type { Mission, Verdict } from '../mission.ts';
import type { FaultKind, Weights } from '../plan.ts';
import { parentOf } from '../tree-model.ts';
import { PARTITIONS, placeOf } from './recipe-places.ts';
import { replay } from './replay.ts';
import { Resource } from './resource.ts';
import { witnessBarrier } from './witness-barrier.ts';
import { witnessCounter } from './witness-counter.ts';
import { witnessGrants } from './witness-grants.ts';
import { witnessIds } from './witness-ids.ts';
import { witnessQueue } from './witness-queue.ts';
import { witnessRegistry } from './witness-registry.ts';
import { witnessResource } from './witness-resource.ts';
import { witnessRounds } from './witness-rounds.ts';
import { witnessSchedule } from './witness-schedule.ts';

/** Holders are frozen and blocked more often than anything else is done. */
const WEIGHTS: Weights = [
  ['kill', 12],
  ['freeze', 30],
  ['block', 15],
  ['cut', 14],
  ['half-cut', 8],
  ['delay', 4],
  ['throttle', 3],
  ['wipe', 2],
  ['rollback', 2],
  ['damage', 1],
  ['disk', 2],
  ['full-disk', 1],
  ['deploy', 3],
  ['kill-all', 3],
];
/** In a run of a minute, holders are frozen several times. */
const DECK: readonly FaultKind[] = [
  ...(['freeze', 'freeze', 'freeze', 'freeze', 'kill', 'block', 'cut', 'half-cut'] as const),
  ...(['wipe', 'deploy', 'kill-all'] as const),
];
/** Ms. */
const SESSION_TIMEOUT = 4_000;
/** How often everybody must get a turn once all is healed. */
const TURNS = 2;

/** The load that holds things. */
export async function recipesMission(): Promise<Mission> {
  const resource = await Resource.open();
  return {
    program: fileURLToPath(new URL('./recipes-program.ts', import.meta.url)),
    sessionTimeout: SESSION_TIMEOUT,
    style: { weights: WEIGHTS, deck: DECK, freezesOutlast: SESSION_TIMEOUT },
    resource: resource.port,
    aim: () => resource.writer(200),
    settle: everybodyIsServed,
    judge: (directory, dumps) => judge(directory, resource, dumps),
    close: () => resource.close(),
  };
}

/** Nobody waits for ever: each worker of each process gets its turn again. */
async function everybodyIsServed(group: Group): Promise<void> {
  const before = new Map<number, Readonly<Record<string, number>>>();
  for (const id of group.ids) before.set(id, await group.ask(id, 'served'));
  let waits = 'nobody';
  await eventually(
    () => `a turn for everybody (${waits} waits)`,
    async () => {
      for (const id of group.ids) {
        const served = await group.ask(id, 'served');
        const names = Object.keys(served);
        if (names.length === 0) return false;
        const name = names.find((one) => {
          return (served[one] ?? 0) < (before.get(id)?.[one] ?? 0) + TURNS;
        });
        if (name === undefined) continue;
        waits = `${name} of peer ${id}`;
        return false;
      }
      return true;
    },
  );
}

async function judge(
  directory: string,
  resource: Resource,
  dumps: readonly Dump[],
): Promise<Verdict> {
  const history = await loadHistory(directory);
  const { grants, deeds, claims, complaints } = history;
  const feeds = [...history.feeds, ...dumps.map(feedOf)];
  const replayed = replay(feeds);
  const testimony = witnessGrants(history, replayed);
  const barrier = witnessBarrier(deeds, replayed);
  const schedule = witnessSchedule(deeds, grants, replayed);
  const rounds = witnessRounds(history, replayed);
  const registry = witnessRegistry(deeds, replayed);
  const [dump] = dumps;
  const violations = [
    ...complaints,
    ...replayed.violations,
    ...testimony.violations,
    ...witnessResource(resource, history),
    ...witnessCounter(deeds, dump && counted(dump, 'counter')),
    ...witnessIds(deeds, dump && counted(dump, 'ids')),
    ...witnessQueue(deeds, claims, dump && itemsIn(dump)),
    ...barrier.violations,
    ...schedule.violations,
    ...rounds.violations,
    ...registry.violations,
  ];
  if (testimony.guarded === 0) violations.push('nothing was written: nothing was tried');
  const accepted = [...resource.accepted.values()].flat().length;
  const done = (deed: Deed['deed']): number => {
    return deeds.filter((one) => one.deed === deed && one.step === 'done').length;
  };
  const kinds = grouped(grants, kindOf);
  const lines = [
    `grants: ${kinds.map(([kind, { length }]) => `${kind} ${length}`).join(', ')}`,
    `witness: ${replayed.transactions.length} transactions from ${feeds.length} watches; ${testimony.guarded} guarded writes; ${testimony.dark} grants could not be judged`,
    `resource: ${accepted} writes accepted, ${resource.refused.length} stale ones refused`,
    `queue: ${done('put')} items put, ${done('ack')} acknowledged, ${dump && itemsIn(dump).length} left`,
    `counter: ${done('add')} additions, ${dump && counted(dump, 'counter')} in the end`,
    `ids: ${done('name')} given, ${dump && counted(dump, 'ids')} taken`,
    `schedule: ${schedule.ticks} ticks run, ${done('tick')} to their end`,
    `barrier: opened ${barrier.openings} times, passed ${barrier.passages} times`,
    `rounds: ${rounds.rounds} begun, ${rounds.visits} let in, ${done('leave')} left together`,
    `registry: ${registry.instances} instances registered, ${registry.returns} came back, ${registry.choices} chosen`,
  ];
  const operations = grants.length + deeds.filter(({ step }) => step === 'asked').length;
  const acknowledged = testimony.guarded + deeds.filter(({ step }) => step === 'done').length;
  return { violations, operations, acknowledged, lines };
}

function kindOf({ contested, weight }: GrantTold): string {
  return PARTITIONS.includes(contested) ? 'partitions' : `${contested} (${weight})`;
}

/** A number in the end. */
function counted({ nodes }: Dump, place: 'counter' | 'ids'): bigint {
  return BigInt(nodes.find(({ path }) => path === placeOf(place))?.data ?? 0);
}

/** What is in the queue in the end, and what was put aside. */
function itemsIn({ nodes }: Dump): string[] {
  const folders = ['entries', 'delayed', 'dead'].map((name) => `${placeOf('queue')}/${name}`);
  return nodes.filter(({ path }) => folders.includes(parentOf(path))).map(({ data }) => data);
}
