/**
 * What counts as a quorum. Pure sets: majority, weights and hierarchical groups are one rule
 * (QuorumHierarchical): of the groups that have weight, more than half must each be held by more than
 * half of their weight. With one group and equal weights this is a plain majority (QuorumMaj).
 */
import { type Configuration, type Member, type VoterKey, voterKey } from './configuration.ts';

interface Tally {
  total: number;
  held: number;
}

function tallies(
  voters: readonly Member[],
  holds: (voter: Member) => boolean,
): ReadonlyMap<number, Tally> {
  const groups = new Map<number, Tally>();
  for (const voter of voters) {
    if (voter.weight === 0) continue;
    const tally = groups.get(voter.group) ?? { total: 0, held: 0 };
    tally.total += voter.weight;
    if (holds(voter)) tally.held += voter.weight;
    groups.set(voter.group, tally);
  }
  return groups;
}

function majorityOfGroups(groups: ReadonlyMap<number, Tally>): boolean {
  let won = 0;
  for (const { total, held } of groups.values()) if (held * 2 > total) won += 1;
  return won * 2 > groups.size;
}

/** The keys of voters, each made once: a quorum is asked for with every message. */
const KEYS = new WeakMap<Member, VoterKey>();

function keyOf(voter: Member): VoterKey {
  let key = KEYS.get(voter);
  if (key === undefined) {
    key = voterKey(voter.id, voter.store);
    KEYS.set(voter, key);
  }
  return key;
}

/** Whether those of the voters that `holds` is true of are a quorum. */
function isMajority(voters: readonly Member[], holds: (voter: Member) => boolean): boolean {
  const group = voters[0]?.group;
  let total = 0;
  let held = 0;
  for (const voter of voters) {
    if (voter.group !== group) return majorityOfGroups(tallies(voters, holds));
    total += voter.weight;
    if (voter.weight > 0 && holds(voter)) held += voter.weight;
  }
  return held * 2 > total;
}

/** Whether the voters named hold a quorum of the configuration. Keys of others are ignored. */
export function isQuorum(configuration: Configuration, keys: ReadonlySet<VoterKey>): boolean {
  return isMajority(configuration.voters, (voter) => keys.has(keyOf(voter)));
}

/** Whether they hold a quorum of the FULL size without the voter `id`, whichever its store (replaceStore). */
export function isQuorumWithout(
  configuration: Configuration,
  keys: ReadonlySet<VoterKey>,
  id: number,
): boolean {
  return isMajority(configuration.voters, (voter) => voter.id !== id && keys.has(keyOf(voter)));
}

/**
 * The configurations in force for one decision: the last in the log and, while that one is not known
 * to be committed, the one before it (step 37).
 */
export interface Active {
  readonly configuration: Configuration;
  /** False while its own entry is not known committed. */
  readonly committed: boolean;
}

/**
 * Whether the voters named are a quorum in every configuration in force. A pending replaceStore never
 * counts the voter it is about: q of the OTHERS must agree, because the lost store may have made a
 * promise that only a full-size quorum of the others is sure to meet (section 4 of the protocol).
 */
export function isActiveQuorum(actives: readonly Active[], keys: ReadonlySet<VoterKey>): boolean {
  return actives.every(({ configuration, committed }) => {
    const { origin } = configuration;
    if (committed || origin.type !== 'replace-store') return isQuorum(configuration, keys);
    return isQuorumWithout(configuration, keys, origin.id);
  });
}

/** Whether (id, store) has a vote in one of the configurations in force. */
export function hasVote(actives: readonly Active[], id: number, store: string): boolean {
  return actives.some(({ configuration, committed }) => {
    const { origin, voters } = configuration;
    if (!committed && origin.type === 'replace-store' && origin.id === id) return false;
    return voters.some((voter) => voter.id === id && voter.store === store && voter.weight > 0);
  });
}
