import { randomUUID } from 'node:crypto';
import { QuorateError } from '../base/errors.ts';
import { offAbort, onAbort } from '../client/abort.ts';
import type { Client } from '../client/client.ts';
import type { Feed, Watch } from '../client/feed.ts';
import { checkCall, type StopOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { planText, readAssignment } from './assignment.ts';
import { Contention } from './contention.ts';
import { Group, type Membership } from './group.ts';
import { LeaderElection } from './leader-election.ts';
import { MappedWatch } from './mapped-watch.ts';
import { OwnedPartitions, type PartitionWork } from './owned-partitions.ts';
import { ownerHere } from './owner.ts';
import {
  type Assign,
  checkPartitions,
  isFeed,
  PartitionPaths,
  type Planning,
  plan,
} from './partition-plan.ts';
import { QueueRules } from './queue-rules.ts';

/** What is shared out, and how. */
export interface PartitionerOptions {
  /**
   * The names of all partitions; or a feed of them, such as `client.watchChildren('/sources')`, where they come
   * and go. Those of the member that leads count.
   */
  readonly partitions: readonly string[] | Feed<readonly string[]>;
  /** Decides who is to own what. @default evenly, with as few moves as possible */
  readonly assign?: Assign;
  /** How others see this member: a part of its node's name. @default 'host:pid' */
  readonly owner?: string;
  /** Ms without a change of members or partitions before they are shared out anew; also after a member has died. @default 0 */
  readonly quiet?: number;
}

/**
 * Shares a set of partitions out among all who take part, one owner for each. See the guide `partitioner.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Partitioner } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const stop = new AbortController();
 * const topics = new Partitioner(peer, '/topics', { partitions: ['orders', 'payments'] });
 * await topics.run(
 *   async (topic) => {
 *     topic.assertHeld();                                           // before each side effect
 *     console.log('working on', topic.name, 'under fence', topic.fence);
 *     if (topic.name === 'payments') stop.abort();                  // such as on SIGTERM
 *     await topic.ended;
 *   },
 *   { signal: stop.signal },
 * );
 * await peer.close();
 * ```
 */
export class Partitioner {
  readonly #client: Client;
  readonly #paths: PartitionPaths;
  readonly #options: PartitionerOptions;

  /**
   * Free: nobody takes part before `run` is called.
   * @param client a session too: then it takes part until that has ended
   * @param path the node that all of it stands below; it is made where it is missing
   */
  constructor(client: AnyClient, path: string, options: PartitionerOptions) {
    checkPlace('Partitioner', client, path);
    checkCall('Partitioner', options, ['partitions', 'assign', 'owner', 'quiet']);
    const { partitions, assign, owner, quiet } = options ?? {};
    if (partitions === undefined) throw new TypeError('Partitioner: partitions is missing');
    if (!isFeed(partitions)) checkPartitions(partitions);
    if (assign !== undefined && typeof assign !== 'function') {
      throw new TypeError('Partitioner: assign is a function');
    }
    if (owner !== undefined && (typeof owner !== 'string' || owner.includes('/'))) {
      throw new TypeError('Partitioner: owner is a text without a slash');
    }
    if (quiet !== undefined && !(typeof quiet === 'number' && quiet >= 0)) {
      throw new TypeError('Partitioner: quiet is a number of milliseconds');
    }
    this.#client = client.as(planText);
    this.#paths = new PartitionPaths(path);
    this.#options = options;
  }

  /**
   * Takes part until it is stopped: `work` is called for each partition that this member owns, and is to go on
   * until the partition's signal aborts, because it moves, or is lost. A partition is given on only after its work
   * has settled, while the session lives. Work that returns before is not called again until the partition has been
   * somewhere else; a partition that was lost is taken again.
   *
   * Resolves when the signal has stopped it, or the client is closed, and all work has settled.
   *
   * @throws what `work` throws in a partition it still has, or `assign` on the member that leads, after all work has
   * settled and it has left; SESSION_EXPIRED of a `Session`
   */
  async run(work: PartitionWork, options?: StopOptions): Promise<void> {
    if (typeof work !== 'function') throw new TypeError('Partitioner: work is a function');
    checkCall('Partitioner.run', options, ['signal']);
    const stop = new AbortController();
    const end = () => stop.abort();
    let failure: { readonly error: unknown } | undefined;
    const fail = (error: unknown) => {
      const isEnd = stop.signal.aborted && QuorateError.is(error, 'ABORTED');
      if (!isEnd && !QuorateError.is(error, 'CLOSED')) failure ??= { error };
      end();
    };
    if (options?.signal?.aborted === true) return;
    if (options?.signal !== undefined) onAbort(options.signal, end);
    try {
      await this.#takePart(work, stop.signal, fail);
    } catch (error) {
      fail(error);
    } finally {
      if (options?.signal !== undefined) offAbort(options.signal, end);
    }
    if (failure !== undefined) throw failure.error;
  }

  /** What was decided last: the member that each partition is to have, now and after every change. As this peer knows it. */
  watch(options?: StopOptions): Watch<ReadonlyMap<string, string>> {
    const node = this.#client.watch(this.#paths.assignment, options);
    return new MappedWatch(node, (now) => {
      return new Map(Object.entries(readAssignment(now?.data) ?? {}));
    });
  }

  async #takePart(
    work: PartitionWork,
    signal: AbortSignal,
    fail: (error: unknown) => void,
  ): Promise<void> {
    const { owner = ownerHere(), partitions, assign, quiet = 0 } = this.#options;
    const client = this.#client;
    const paths = this.#paths;
    const planning: Planning = { client, paths, partitions, assign, quiet };
    const name = `${randomUUID().replaceAll('-', '')}-${owner}`;
    const member = await new Group(client, paths.party).join(owner, { name, signal });
    const lockOf = (partition: string) =>
      new Contention(client, new QueueRules([paths.lock(partition)], 'lock', owner));
    const owned = new OwnedPartitions(lockOf, work, fail);
    const election = new LeaderElection(client, paths.leader, { data: owner });
    const leading = election.run((term) => plan(planning, term), { signal }).catch(fail);
    await this.#follow(member, owned, signal).catch(fail);
    // Those who go on are told at once; they get each partition when its work has settled here.
    await Promise.all([member.leave(), owned.end(), leading]);
  }

  /** Until it is stopped, or its client has ended: then it rejects. */
  async #follow({ name }: Membership, owned: OwnedPartitions, signal: AbortSignal): Promise<never> {
    for await (const node of this.#client.watch(this.#paths.assignment, { signal })) {
      const shares = readAssignment(node?.data);
      // Where there is no plan, the last one stands until the leader has written another.
      if (shares === undefined) continue;
      const own = Object.entries(shares).filter(([, member]) => member === name);
      owned.assign(new Set(own.map(([partition]) => partition)));
    }
    throw QuorateError.make('CLOSED');
  }
}
