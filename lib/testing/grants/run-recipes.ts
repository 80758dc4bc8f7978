/** A schedule with the real client and the real recipes in every process, judged by all predicates and S33. */
import { COUNTER_MAX } from '../../base/zxid.ts';
import { REPLICA_PREDICATES } from '../predicates/all.ts';
import { virtualNode } from '../programs/virtual-node.ts';
import { replicaFactory } from '../replica-machine.ts';
import { clusterOf, type Outcome, outcomeOf, Schedule, type Wait } from '../schedule.ts';
import type { SimClock } from '../sim-clock.ts';
import { wireCodec } from '../sim-codec.ts';
import type { SeedOptions } from '../simulate.ts';
import { Contention, FOLDER } from './contention.ts';
import { GrantBook } from './grant-book.ts';

/** Virtual ms with faults. */
const DURATION = 30_000;
/**
 * Few beside those who contend; and no leader that runs out of counters all the time: each that follows listens
 * for the whole time-out of every session before it ends one, so whoever is gone would hold on for ever.
 */
const FIXED = { clients: 1, counterMax: COUNTER_MAX, pendingMax: 16 };

/**
 * Runs the schedule of a seed. Asynchronous, because clients and recipes are: after each event that reaches an
 * application all that it can do at this moment is done, before virtual time goes on. So the same seed is the same run.
 */
export async function runRecipes(seed: number, options: SeedOptions = {}): Promise<Outcome> {
  const { overrides = {} } = options;
  const book = new GrantBook(FOLDER);
  const cluster = clusterOf({
    seed,
    factory: replicaFactory,
    codec: wireCodec(),
    predicates: [...REPLICA_PREDICATES, book.predicate],
    ...options,
    overrides: { duration: DURATION, ...overrides, fixed: { ...FIXED, ...overrides.fixed } },
  });
  const contention = new Contention(cluster, book);
  const node = virtualNode();
  const unheard = (error: unknown): void => contention.failed(error);
  process.on('unhandledRejection', unheard);
  try {
    for (const wait of new Schedule(cluster, contention).run()) {
      await pass(cluster.clock, wait, contention);
    }
    return outcomeOf(cluster);
  } catch (error) {
    return outcomeOf(cluster, error);
  } finally {
    process.off('unhandledRejection', unheard);
    node[Symbol.dispose]();
  }
}

async function pass(clock: SimClock, { until, stop }: Wait, contention: Contention): Promise<void> {
  if (contention.isTouched) await contention.settle();
  while (stop?.() !== true && clock.step(until)) {
    if (contention.isTouched) await contention.settle();
  }
}
