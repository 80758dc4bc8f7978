import type { Zxid } from '../base/zxid.ts';

/** One voter or observer of the group, as the log knows it. */
export interface Member {
  /** ZooKeeper's myid, 1 to 255; never used again after its removal. */
  readonly id: number;
  /** The store that holds this voter's promises: 32 hexadecimal digits. A voter is (id, store), not an id (rule G11). */
  readonly store: string;
  /** The last start of that store that a leader has recorded; 0 while none is. What it means: record-starts.ts. */
  readonly start: number;
  /** Weight in its group; 0 never counts and never leads. */
  readonly weight: number;
  /** Hierarchical group; a quorum is a majority of the groups that have weight, each by a majority of its weight. */
  readonly group: number;
}

/** What made a configuration, for the rules that depend on it. */
export type Origin =
  | { readonly type: 'genesis' }
  /** Another store for a voter whose promises are lost: committed by a full-size quorum of the OTHER voters. */
  | { readonly type: 'replace-store'; readonly id: number; readonly lost: string }
  /** The same voters: only what is known of the starts of their stores has changed. */
  | { readonly type: 'record-starts' };

/**
 * The voters of the group: data in the log from its first entry on. Observers are not listed: they
 * have no say, so nobody needs to agree on them.
 */
export interface Configuration {
  /** The zxid of its entry, set by whoever reads the entry (its bytes do not hold it); 0 for the one the group was born with. */
  readonly version: Zxid;
  /** Ascending by id. */
  readonly voters: readonly Member[];
  readonly origin: Origin;
}

/** The key of a voter in every set that counts: promises belong to a store, so the store counts. */
export type VoterKey = `${number}:${string}`;

/** The key of (id, store). */
export function voterKey(id: number, store: string): VoterKey {
  return `${id}:${store}`;
}

/** The voter of that id, whichever store it has. */
export function voterOf(configuration: Configuration, id: number): Member | undefined {
  return configuration.voters.find((voter) => voter.id === id);
}

/** Whether (id, store) is a voter of the configuration. */
export function isVoter(configuration: Configuration, id: number, store: string): boolean {
  return voterOf(configuration, id)?.store === store;
}

/** The configuration with another store for one voter, and the start in which it was admitted. */
export function withStore(
  configuration: Configuration,
  version: Zxid,
  id: number,
  store: string,
  start: number,
): Configuration {
  const lost = voterOf(configuration, id)?.store ?? '';
  const voters = configuration.voters.map((voter) =>
    voter.id === id ? { ...voter, store, start } : voter,
  );
  return { version, voters, origin: { type: 'replace-store', id, lost } };
}

/** The configuration with these starts for those of its voters that are named. */
export function withStarts(
  configuration: Configuration,
  version: Zxid,
  starts: ReadonlyMap<VoterKey, number>,
): Configuration {
  const voters = configuration.voters.map((voter) => {
    const start = starts.get(voterKey(voter.id, voter.store));
    return start === undefined ? voter : { ...voter, start };
  });
  return { version, voters, origin: { type: 'record-starts' } };
}
