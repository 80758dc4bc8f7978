/** Every predicate, in the order of its number. */
import { completeness, discarded, neverLost, prefixes } from './committed.ts';
import { epochs } from './epochs.ts';
import { fates } from './fates.ts';
import { leadership } from './leadership.ts';
import { marks } from './marks.ts';
import { linearizableRounds, membership } from './membership.ts';
import {
  globalPrimaryOrder,
  integrity,
  localPrimaryOrder,
  primaryIntegrity,
  totalOrder,
} from './order.ts';
import type { Predicate } from './predicate.ts';
import { durablePromises } from './promises.ts';
import { uniqueProposals } from './proposals.ts';
import {
  atomicity,
  exactlyOnce,
  fifo,
  linearizable,
  reaping,
  sequences,
  sessionOrder,
  times,
} from './requests.ts';
import { conservatism, ephemerals, noEarlyExpiry, ownership } from './sessions.ts';
import { stalledLeaders } from './stalls.ts';
import { containment, hashes, processConsistency, snapshots } from './state.ts';
import { watchedNodes } from './watched-nodes.ts';
import { watchOrder } from './watches.ts';

/** S1 to S17, S28 (of rounds), S31, S34 and S37: what can be judged below sessions. */
export const ZAB_PREDICATES: readonly Predicate[] = [
  leadership,
  epochs,
  uniqueProposals,
  prefixes,
  neverLost,
  completeness,
  discarded,
  totalOrder,
  localPrimaryOrder,
  globalPrimaryOrder,
  primaryIntegrity,
  integrity,
  durablePromises,
  marks,
  processConsistency,
  hashes,
  linearizableRounds,
  membership,
  containment,
  stalledLeaders,
];

/** All of them: S17 to S30 and S32 besides. S23 is judged with S22, too. */
export const REPLICA_PREDICATES: readonly Predicate[] = [
  ...ZAB_PREDICATES,
  snapshots,
  ephemerals,
  ownership,
  noEarlyExpiry,
  conservatism,
  watchOrder,
  watchedNodes,
  sessionOrder,
  fifo,
  exactlyOnce,
  sequences,
  linearizable,
  atomicity,
  times,
  reaping,
  fates,
];

/** What a simulated run is judged by: each name with what must hold. */
export const PREDICATES: ReadonlyMap<string, string> = new Map(
  [
    ...REPLICA_PREDICATES.map(({ name, title }) => [name, title] as const),
    ['S35', 'after the faults everything converges'] as const,
    ['S36', 'a minority does not unseat a leader that has a quorum'] as const,
  ].sort(([one], [two]) => Number(one.slice(1)) - Number(two.slice(1))),
);
