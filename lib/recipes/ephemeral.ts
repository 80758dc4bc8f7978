import type { Client, Znode } from '../client/client.ts';
import type { Watch } from '../client/feed.ts';
import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { checkOwnNode } from './any-client.ts';
import { KeptNode } from './kept-node.ts';

/**
 * What is at the path of an {@link EphemeralNode}. `present`: the own node. `absent`: none, so it is about to
 * come back, or nobody can say yet. `taken`: a node that somebody else has made; it is waited for.
 */
export type EphemeralState = 'present' | 'absent' | 'taken';

/** How an ephemeral node is to be had. */
export interface EphemeralOptions<T = string> extends WaitOptions {
  /**
   * When somebody else has the node. `wait`: until it is gone, such as with the session of a predecessor that
   * was killed. `reject`: NODE_EXISTS. It is about the opening: later on it is always waited for.
   * @default 'wait'
   */
  readonly whenTaken?: 'wait' | 'reject';
  /**
   * Tells a node in the way as one's own of an earlier life, such as by an id in its data: it is replaced at
   * once, in one transaction. Asked while it is opened, never later: two who think so would throw out each
   * other without end. @default none is
   */
  readonly isOwn?: (node: Znode<T>) => boolean;
}

/** An ephemeral node that is kept there: with the next session, and when somebody has deleted it. */
export interface EphemeralNode<In = string> extends AsyncDisposable {
  /** Where it is. */
  readonly path: string;
  /** The czxid of the node that was made last: higher for each that is made. */
  readonly fence: bigint;
  /** What is at the path now, as this peer knows it; `closed`: it is kept no longer. */
  readonly state: EphemeralState | 'closed';
  /** The same now and after every change; ends with the client. */
  watch(): Watch<EphemeralState>;
  /**
   * Replaces the data. Resolves when it is in the own node, which may mean when that is back: waits without end
   * unless there is a `timeout`. The value itself is written again with a later session: do not change it.
   *
   * @throws {QuorateError} INVALID_DATA, TOO_LARGE, QUOTA_EXCEEDED: the data before stays. CLOSED. GRANT_LOST: the
   * client is guarded by a grant that is over. TIMED_OUT, ABORTED: the value is written all the same when the node
   * is made again, unless another one is set.
   */
  set(data: In, options?: WaitOptions): Promise<void>;
  /**
   * Removes the own node, and no other. Idempotent; never rejects: what cannot be removed now is tried again
   * until it is gone or its session has ended; then it resolves.
   */
  close(): Promise<void>;
}

/**
 * Makes an ephemeral node that comes back: by itself it would be gone for good after one expiry of the session.
 * Resolves when it is there; waits without end unless there is a `timeout`. Its parent is
 * made as a container, what is above that as nodes that stay. See the guide `ephemeral.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { openEphemeral } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const node = await openEphemeral(peer, '/workers/orders-0', 'idle');
 * await node.set('busy');
 * await node.close();
 * await peer.close();
 * ```
 *
 * @param client with a session instead it is there as long as that lives
 * @throws {QuorateError} NODE_EXISTS: somebody has it, and that is not to be waited for, or it is no ephemeral
 * one. TIMED_OUT: says in whose way it is. What `create` refuses. Then no node is left behind.
 */
export async function openEphemeral<T, In>(
  client: Client<T, In>,
  path: string,
  data: In,
  options?: EphemeralOptions<T>,
): Promise<EphemeralNode<In>> {
  checkOwnNode('openEphemeral', client, path);
  checkCall('openEphemeral', options, [...WAIT_OPTIONS, 'whenTaken', 'isOwn']);
  const { whenTaken = 'wait', isOwn } = options ?? {};
  if (whenTaken !== 'wait' && whenTaken !== 'reject') {
    throw new TypeError("openEphemeral: whenTaken is 'wait' or 'reject'");
  }
  if (isOwn !== undefined && typeof isOwn !== 'function') {
    throw new TypeError('openEphemeral: isOwn is a function');
  }
  const node = new KeptNode(client, path, data);
  await node.open(options, { whenTaken, ...(isOwn === undefined ? {} : { isOwn }) });
  return node;
}
