import { randomUUID } from 'node:crypto';
import { joinPath } from '../base/path.ts';
import type { Client } from '../client/client.ts';
import type { Feed, Watch } from '../client/feed.ts';
import { checkCall, type StopOptions, WAIT_OPTIONS } from '../client/wait.ts';
import { checkPlace } from './any-client.ts';
import { type EphemeralNode, type EphemeralOptions, openEphemeral } from './ephemeral.ts';
import { FoldedWatch } from './folded-watch.ts';
import { type GroupChange, type Member, Members } from './members.ts';

/** How to become a member. */
export interface JoinOptions<T = string> extends EphemeralOptions<T> {
  /**
   * The name of the member's node, one of its kind in the group. A predecessor that has it is waited for, until
   * its session has ended. @default one that nobody else has, as kazoo's Party makes them
   */
  readonly name?: string;
}

/** One's own place in a {@link Group}: an ephemeral node that comes back by itself. */
export interface Membership<In = string> extends EphemeralNode<In> {
  /** The name of the member's node. */
  readonly name: string;
  /** As `close`: removes the own node, is idempotent and never rejects. */
  leave(): Promise<void>;
}

/**
 * Who is there, with what each says of itself. See the guide `group.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Group } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const workers = new Group(peer, '/workers');
 * const me = await workers.join('idle', { name: 'orders-0' });
 * await me.set('busy');
 * const now = await workers.watch().live();
 * console.log(now.value.get('orders-0')?.data);
 * await me.leave();
 * await peer.close();
 * ```
 */
export class Group<T = string, In = T> {
  readonly #client: Client<T, In>;
  readonly #path: string;

  /**
   * Free: nobody joins before `join` is called.
   * @param client its codec is that of the members' data. A session too: then whoever joins leaves when that ends
   * @param path the node that the members stand below; it is made where it is missing, as a container
   */
  constructor(client: Client<T, In>, path: string) {
    checkPlace('Group', client, path);
    this.#client = client;
    this.#path = path;
  }

  /**
   * Becomes a member. Resolves when that is so; waits without end unless there is a `timeout`. It stays a member
   * until it leaves or its client is closed: after an expiry of the session, or when somebody has deleted its
   * node, the node is made again, with the data that was set last.
   *
   * @param data what others see of it
   * @throws {QuorateError} as `openEphemeral`: then no node is left behind
   */
  async join(data: In, options?: JoinOptions<T>): Promise<Membership<In>> {
    checkCall('Group.join', options, [...WAIT_OPTIONS, 'name', 'whenTaken', 'isOwn']);
    const { name = newName(), ...ephemeral } = options ?? {};
    if (typeof name !== 'string' || name === '' || name.includes('/')) {
      throw new TypeError('Group.join: name is that of one node');
    }
    const node = await openEphemeral(this.#client, joinPath(this.#path, name), data, ephemeral);
    return Object.assign(node, { name, leave: () => node.close() });
  }

  /** All members by name, in the order of the names, now and after every change. As this peer knows them. */
  watch(options?: StopOptions): Watch<ReadonlyMap<string, Member<T>>> {
    checkCall('Group.watch', options, ['signal']);
    return this.#folded(options, (members, update) => members.take(update).members);
  }

  /**
   * Who has come, gone, or set its data: one item for each transaction, the first with all who are there as
   * `joined`. One whose session expired has gone, and joins when it is back.
   */
  changes(options?: StopOptions): Feed<GroupChange<T>> {
    checkCall('Group.changes', options, ['signal']);
    return this.#folded(options, (members, update) => members.take(update));
  }

  #folded<S>(
    options: StopOptions | undefined,
    fold: (members: Members<T>, update: Parameters<Members<T>['take']>[0]) => S,
  ): Watch<S> {
    return new FoldedWatch<T, S>(
      (stop) => this.#client.watchTree(this.#path, stop),
      () => {
        const members = new Members<T>(this.#path);
        return { take: (update) => fold(members, update) };
      },
      options,
    );
  }
}

function newName(): string {
  return `${randomUUID().replaceAll('-', '')}__party__`;
}
