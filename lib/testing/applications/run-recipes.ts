/** A schedule with the real client and the real recipes in every process, judged by all predicates and those of recipes. */
import { COUNTER_MAX } from '../../base/zxid.ts';
import { REPLICA_PREDICATES } from '../predicates/all.ts';
import { virtualNode } from '../programs/virtual-node.ts';
import { replicaFactory } from '../replica-machine.ts';
import { clusterOf, type Outcome, outcomeOf, Schedule, type Wait } from '../schedule.ts';
import type { SimClock } from '../sim-clock.ts';
import { wireCodec } from '../sim-codec.ts';
import type { SeedOptions } from '../simulate.ts';
import { drawSwarm } from '../swarm.ts';
import { applicationsOf } from './all.ts';
import { Ensemble } from './ensemble.ts';

/** Virtual ms with faults. */
const DURATION = 30_000;
/**
 * Few beside the applications; and no leader that runs out of counters all the time: each that follows listens
 * for the whole time-out of every session before it ends one, so whoever is gone would hold on for ever.
 */
const FIXED = { clients: 1, counterMax: COUNTER_MAX, pendingMax: 16 };

/**
 * Runs the schedule of a seed. Asynchronous, because clients and recipes are: after each event that reaches an
 * application all that it can do at this moment is done, before virtual time goes on. So the same seed is the same run.
 */
export async function runRecipes(seed: number, options: SeedOptions = {}): Promise<Outcome> {
  const { overrides: given = {} } = options;
  const overrides = { duration: DURATION, ...given, fixed: { ...FIXED, ...given.fixed } };
  const applications = applicationsOf(drawSwarm(seed, overrides), given.applications);
  const cluster = clusterOf({
    seed,
    factory: replicaFactory,
    codec: wireCodec(),
    predicates: [...REPLICA_PREDICATES, ...applications.map(({ predicate }) => predicate)],
    ...options,
    overrides,
  });
  const ensemble = new Ensemble(cluster, applications);
  const node = virtualNode();
  const unheard = (error: unknown): void => ensemble.failed(error);
  process.on('unhandledRejection', unheard);
  try {
    for (const wait of new Schedule(cluster, ensemble).run()) {
      await pass(cluster.clock, wait, ensemble);
    }
    return outcomeOf(cluster);
  } catch (error) {
    return outcomeOf(cluster, error);
  } finally {
    process.off('unhandledRejection', unheard);
    node[Symbol.dispose]();
  }
}

async function pass(clock: SimClock, { until, stop }: Wait, ensemble: Ensemble): Promise<void> {
  if (ensemble.isTouched) await ensemble.settle();
  while (stop?.() !== true && clock.step(until)) {
    if (ensemble.isTouched) await ensemble.settle();
  }
}
