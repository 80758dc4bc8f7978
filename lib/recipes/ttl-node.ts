import { QuorateError } from '../base/errors.ts';
import { joinPath, parentOf } from '../base/path.ts';
import type { Client } from '../client/client.ts';
import { unguarded } from '../client/client-view.ts';
import { bytes } from '../client/codec.ts';
import type { Op } from '../client/operation.ts';
import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { checkOwnNode } from './any-client.ts';
import { makeFolder } from './folder.ts';
import { keepTrying, WITHOUT_END } from './keep-trying.ts';
import { Patience, pause } from './patience.ts';
import { isRefusal, Wishes } from './wishes.ts';

/** How long a {@link TtlNode} outlives its owner. */
export interface TtlOptions extends WaitOptions {
  /**
   * Ms without a sign of life after which the group deletes it: 1_000 to 2^40 - 1. By the clock of the leader,
   * which looks every ten seconds. A sign is given every third of it.
   */
  readonly ttl: number;
}

/** A node that is there while its owner lives, and for a time afterwards. */
export interface TtlNode<In = string> extends AsyncDisposable {
  /** Where it is. */
  readonly path: string;
  /**
   * Replaces the data, and makes the node again where it is gone. What cannot be written now is in the node the
   * next time that it is made.
   *
   * @throws {QuorateError} INVALID_DATA, TOO_LARGE, QUOTA_EXCEEDED: the data before stays. CLOSED. TIMED_OUT,
   * ABORTED: `outcome` says what became of it
   */
  set(data: In, options?: WaitOptions): Promise<void>;
  /**
   * Gives no more signs of life, and removes the node; with `keep` it stays for the rest of its time, such as for
   * a process that is about to be restarted. Idempotent; never rejects: what cannot be removed lives out its time.
   */
  close(options?: { readonly keep?: boolean }): Promise<void>;
}

const LEAST_TTL = 1_000;
/** Signs of life in each time to live: two may fail. */
const SIGNS = 3;
/** Curator's name for what is touched. */
const TOUCH = 'touch';

/**
 * Makes a node that outlives the session and the process by so much: an expiry or a restart is no gap, as it is
 * to an ephemeral node. Resolves when it is there. Its parent is made as a container, what is
 * above that as nodes that stay. See the guide `ttl-node.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { openTtlNode } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const node = await openTtlNode(peer, '/carts/4711', 'two shirts', { ttl: 60_000 });
 * await node.set('three shirts');
 * await node.close({ keep: true });                        // gone in a minute, unless somebody opens it again
 * await peer.close();
 * ```
 *
 * @param client with a session instead it is kept alive as long as that lives
 * @throws {QuorateError} NO_CHILDREN_FOR_EPHEMERALS: somebody has an ephemeral node there. What `create` refuses
 */
export async function openTtlNode<In>(
  client: Client<unknown, In>,
  path: string,
  data: In,
  options: TtlOptions,
): Promise<TtlNode<In>> {
  checkOwnNode('openTtlNode', client, path);
  checkCall('openTtlNode', options, [...WAIT_OPTIONS, 'ttl']);
  const ttl = options?.ttl;
  if (typeof ttl !== 'number') throw new TypeError('openTtlNode: ttl is a number of milliseconds');
  if (!Number.isInteger(ttl) || ttl < LEAST_TTL || ttl > 2 ** 40 - 1) {
    throw new RangeError(`openTtlNode: ttl is ${LEAST_TTL} to 2^40 - 1 ms, not ${ttl}`);
  }
  const node = new TouchedNode(client, path, data, ttl);
  await node.open(new Patience(options));
  return node;
}

/**
 * A container with one child, which has the time to live and is touched: whoever watches the node is woken by
 * what is written there, not by signs of life. With the child the group deletes the container.
 */
class TouchedNode<In> implements TtlNode<In> {
  readonly path: string;
  readonly #client: Client<unknown, In>;
  readonly #touch: string;
  readonly #ttl: number;
  readonly #wishes: Wishes<In>;
  readonly #closing = new AbortController();
  #keeping: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(client: Client<unknown, In>, path: string, data: In, ttl: number) {
    this.path = path;
    this.#client = client;
    this.#touch = joinPath(path, TOUCH);
    this.#ttl = ttl;
    this.#wishes = new Wishes(data);
  }

  /** Once. */
  async open(wait: Patience): Promise<void> {
    await this.#make(wait);
    this.#keeping = this.#keep();
  }

  async set(data: In, options?: WaitOptions): Promise<void> {
    checkCall('TtlNode.set', options, WAIT_OPTIONS);
    const { path } = this;
    this.#assertKept();
    const wait = new Patience(options);
    const wish = this.#wishes.add(data);
    try {
      await this.#client.set(path, data, wait.left);
      this.#wishes.accept(wish);
    } catch (error) {
      if (QuorateError.is(error, 'NO_NODE')) return await this.#make(wait);
      if (isRefusal(error)) this.#wishes.refuse(wish);
      throw error;
    }
  }

  close(options?: { readonly keep?: boolean }): Promise<void> {
    this.#closing.abort();
    this.#closed ??= this.#close(options?.keep === true);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Until it is closed, or its client is. Never rejects. */
  async #keep(): Promise<void> {
    const { signal } = this.#closing;
    const interval = Math.floor(this.#ttl / SIGNS);
    const client = this.#client.as(bytes);
    for (let began = performance.now(); ; ) {
      // One that took its time is followed by the next at once.
      await pause(began + interval - performance.now(), signal);
      if (signal.aborted || client.session.signal.aborted) return;
      began = performance.now();
      const wait = new Patience({ timeout: interval, signal });
      try {
        await client.set(this.#touch, new Uint8Array(0), wait.left);
      } catch (error) {
        // What has failed for now is done by the next one, or the one after that.
        if (QuorateError.is(error, 'NO_NODE')) await this.#make(wait).catch(() => {});
      }
    }
  }

  /** The node and its child in one transaction: none is ever there alone. */
  async #make(wait: Patience): Promise<void> {
    const { path } = this;
    const [client, touch] = [this.#client, this.#touch];
    for (;;) {
      const [node, old] = await Promise.all([
        client.exists(path, wait.left),
        client.exists(touch, wait.left),
      ]);
      // What is asked from here on is before whatever its end deletes.
      this.#assertKept();
      const wish = this.#wishes.newest;
      const { data } = wish;
      const ops: Op<In>[] = [
        node === undefined ? { create: path, data, container: true } : { set: path, data },
      ];
      if (old !== undefined) ops.push({ delete: touch });
      ops.push({ create: touch, ttl: this.#ttl });
      try {
        await client.multi(ops, wait.left);
        this.#wishes.accept(wish);
        return;
      } catch (error) {
        if (isRefusal(error)) this.#wishes.refuse(wish);
        // Somebody was faster, or there is no parent.
        if (!QuorateError.is(error, 'NO_NODE', 'NODE_EXISTS')) throw error;
        await makeFolder(client.session.as(bytes), parentOf(path), wait.left);
      }
    }
  }

  #assertKept(): void {
    const { path } = this;
    if (!this.#closing.signal.aborted) return;
    const details = { path, outcome: 'not-applied' } as const;
    throw QuorateError.make('CLOSED', `the node ${path} is no longer kept`, details);
  }

  async #close(isKept: boolean): Promise<void> {
    await this.#keeping;
    if (isKept) return;
    const session = unguarded(this.#client.session);
    await keepTrying(session, async () => {
      const both = [this.#touch, this.path].map(async (path) => {
        const stat = await session.exists(path, WITHOUT_END);
        return stat === undefined ? [] : [{ delete: path }];
      });
      const deletes = (await Promise.all(both)).flat();
      if (deletes.length === 0) return;
      try {
        await session.multi(deletes, WITHOUT_END);
      } catch (error) {
        if (!QuorateError.is(error, 'NOT_EMPTY')) throw error;
        // The group deletes it with the last of its children.
        await session.delete(this.#touch, WITHOUT_END);
      }
    });
  }
}
