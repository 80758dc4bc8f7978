/** What the leader among the members of a partitioner does: it writes down who is to own what. */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import type { Client } from '../client/client.ts';
import { withOwnLane } from '../client/client-view.ts';
import type { Feed } from '../client/feed.ts';
import { checkShares, readAssignment, writeAssignment } from './assignment.ts';
import type { Grant } from './grant.ts';
import { BUSY_PAUSE, pause } from './patience.ts';
import { type Shares, shareOut } from './share-out.ts';
import { Wake } from './wake.ts';

/**
 * Decides who is to own what: a member for each partition; those that it leaves out nobody owns. It is asked on one
 * member at a time, and need not be the same function everywhere.
 *
 * @param partitions all there are
 * @param members by the names of their nodes, sorted: one at least
 * @param current what was decided last; it may name members and partitions that are gone
 */
export type Assign = (
  partitions: readonly string[],
  members: readonly string[],
  current: Shares,
) => Shares;

/** Where a partitioner keeps what. */
export class PartitionPaths {
  readonly assignment: string;
  readonly leader: string;
  readonly party: string;
  readonly #locks: string;

  constructor(path: string) {
    this.assignment = joinPath(path, 'assignment');
    this.leader = joinPath(path, 'leader');
    this.party = joinPath(path, 'party');
    this.#locks = joinPath(path, 'locks');
  }

  lock(partition: string): string {
    return joinPath(this.#locks, partition);
  }
}

/** How it is shared out. */
export interface Planning {
  readonly client: Client;
  readonly paths: PartitionPaths;
  readonly partitions: readonly string[] | Feed<readonly string[]>;
  readonly assign: Assign | undefined;
  /** Ms without a change before it is shared out. */
  readonly quiet: number;
}

/** The newest of what a plan is made of. */
interface Seen {
  members?: readonly string[];
  partitions?: readonly string[];
  /** The text of the last plan. */
  written?: string;
}

/** Keeps the plan up to date, as long as the term lasts. */
export async function plan(planning: Planning, term: Grant): Promise<void> {
  const { paths, partitions, quiet } = planning;
  const client = withOwnLane(planning.client);
  const { signal } = term;
  const wake = new Wake();
  const seen: Seen = {};
  const subscriptions = [
    client.watchChildren(paths.party, { signal }).subscribe((members) => {
      seen.members = members;
      wake.up();
    }),
    client.watch(paths.assignment, { signal }).subscribe((node) => {
      if (node?.data !== seen.written) wake.up();
    }),
  ];
  if (isFeed(partitions)) {
    subscriptions.push(
      partitions.subscribe((names) => {
        seen.partitions = names;
        wake.up();
      }),
    );
  } else {
    seen.partitions = partitions;
  }
  void term.ended.then(wake.up);
  try {
    for (;;) {
      await wake.next();
      if (quiet > 0) await pause(quiet, signal);
      if (signal.aborted) return;
      if (wake.isUp) continue;
      try {
        await share(planning, term, seen);
      } catch (error) {
        if (!QuorateError.is(error, 'OVERLOADED')) throw error;
        await pause(BUSY_PAUSE, signal);
        wake.up();
      }
    }
  } finally {
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
  }
}

async function share(
  { client, paths, assign = shareOut }: Planning,
  term: Grant,
  seen: Seen,
): Promise<void> {
  const { members = [], partitions } = seen;
  if (members.length === 0 || partitions === undefined) return;
  checkPartitions(partitions);
  const wait = { signal: term.signal, timeout: Number.POSITIVE_INFINITY };
  const now = await client.find(paths.assignment, wait);
  const current = readAssignment(now?.data) ?? {};
  const shares = checkShares(assign(partitions, members, current), partitions, members);
  const text = writeAssignment(shares);
  // Before it is written: it is not news when it comes back.
  seen.written = text;
  if (text === now?.data) return;
  await client.guardedBy(term).update(paths.assignment, () => text, wait);
}

export function isFeed(
  partitions: readonly string[] | Feed<readonly string[]>,
): partitions is Feed<readonly string[]> {
  return typeof partitions === 'object' && 'subscribe' in partitions;
}

/** @throws {TypeError} RangeError: what cannot be the names of nodes, or is there twice */
export function checkPartitions(partitions: readonly string[]): void {
  if (!Array.isArray(partitions)) throw new TypeError('Partitioner: partitions is an array');
  for (const name of partitions) {
    if (typeof name !== 'string' || name === '' || name.includes('/')) {
      throw new TypeError('Partitioner: the name of a partition is that of one node');
    }
  }
  if (new Set(partitions).size < partitions.length) {
    throw new RangeError('Partitioner: a partition is there twice');
  }
}
