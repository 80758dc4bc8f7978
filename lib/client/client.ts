/** The nouns an application holds: a Client, a Session that ends once, a Peer with a life. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { QuorateError } from '../base/errors.ts';
import type { PeerStatus } from '../peer/status.ts';
import type { SessionState } from '../replica/session-handle.ts';
import type { Stat } from '../tree/znode.ts';
import type { Codec } from './codec.ts';
import type { Feed, TreeUpdate, Watch } from './feed.ts';
import type { HeldGrant } from './guard.ts';
import type { EphemeralOp, Op, Results } from './operation.ts';
import type { StopOptions, WaitOptions } from './wait.ts';

/** How fresh a read must be, and how long it may wait for that. */
export interface ReadOptions extends WaitOptions {
  /** Wait until this peer has applied that transaction: causal reads across processes. */
  readonly after?: bigint;
  /**
   * `local`: what this peer has applied, while it serves, behind the writes that the session has under way.
   * `unordered`: the same without waiting for them; what was acknowledged is seen. `linearizable`: at least as
   * fresh as the moment of the call, by a quorum round. `stale`: also without a quorum; how old is
   * `status.contactAge`.
   * @default 'local'
   */
  readonly consistency?: 'local' | 'unordered' | 'linearizable' | 'stale';
}

/** Which children to list: for a node that has many, a page at a time. */
export interface ChildrenOptions extends ReadOptions {
  /** No more names than this. @default all */
  readonly limit?: number;
  /** Only names that sort behind this one, such as the last of the page before. */
  readonly startAfter?: string;
}

/** Which children to watch. */
export type WatchChildrenOptions = StopOptions & Pick<ChildrenOptions, 'limit' | 'startAfter'>;

/** What kind of node to create. */
export interface CreateOptions extends WaitOptions {
  /** Appends ten digits that rise with every node so made under the parent. */
  readonly sequential?: boolean;
  /** Is deleted by the group once its last child is. */
  readonly container?: boolean;
  /** Ms after its last change at which the group deletes it, if it has no children; up to 2^40 - 1. */
  readonly ttl?: number;
  /** Makes the missing ancestors too, in the same transaction. @default false */
  readonly parents?: boolean;
  /** In zkCli's notation. @default ['world:anyone:cdrwa'] */
  readonly acl?: readonly string[];
  /** Only on `client.session`: a raw ephemeral is gone for good after one expiry. */
  readonly ephemeral?: never;
}

/** As {@link CreateOptions}, and ephemeral: gone with the session. */
export interface SessionCreateOptions extends Omit<CreateOptions, 'ephemeral'> {
  /** The group deletes it when the session ends, however it ends. It has no children. @default false */
  readonly ephemeral?: boolean;
}

/** One node: its path, what the codec made of its data, and its Stat. */
export interface Znode<T> {
  /** As the view names it: below a namespace, from there. */
  readonly path: string;
  /** The caller's own: nothing done to it reaches the tree. */
  readonly data: T;
  /** Versions, times and sizes, of the same moment as the data. */
  readonly stat: Stat;
}

/** Where a new node ended up. */
export interface Created {
  /** With the digits of a sequential node. */
  readonly path: string;
  /** Of the node as it was made. */
  readonly stat: Stat;
}

/** The conditions of a delete: one version, or all that is below. */
export type DeleteOptions = WaitOptions &
  (
    | {
        /** Only if that is its version, else BAD_VERSION. @default any */
        readonly version?: number;
        /** A node with children is NOT_EMPTY. @default false */
        readonly recursive?: false;
      }
    | {
        /** All that is below goes too, in the same transaction. */
        readonly recursive: true;
        /** Of which of them would it be? */
        readonly version?: never;
      }
  );

/**
 * The tree. A client outlives sessions: after an expiry it opens the next; requests under way reject
 * and are never moved to it; watches go on.
 *
 * Calls of one client keep their order without `await`. Data is encoded before a call returns, and
 * what is handed out is the caller's own. `timeout` bounds the wait, not the effect: a write that was
 * cut short says what became of it (`error.outcome`, `error.settled`).
 */
export interface Client<T = string, In = T> {
  /** This client pinned to the present session; after its end all that was asked through it rejects. */
  readonly session: Session<T, In>;
  /** A node. Rejects NO_NODE if it is absent. */
  get(path: string, options?: ReadOptions): Promise<Znode<T>>;
  /** A node, or `undefined` if it is absent. */
  find(path: string, options?: ReadOptions): Promise<Znode<T> | undefined>;
  /** A node's Stat, or `undefined` if it is absent. */
  exists(path: string, options?: ReadOptions): Promise<Stat | undefined>;
  /** The names of a node's children, sorted. Rejects NO_NODE. */
  children(path: string, options?: ChildrenOptions): Promise<string[]>;
  /**
   * Creates a node, with empty data if there is none; at most 1 MiB, else TOO_LARGE. Resolves with the
   * path that it was given. Rejects NODE_EXISTS, NO_NODE for a missing parent, NO_CHILDREN_FOR_EPHEMERALS.
   */
  create(path: string, data?: In, options?: CreateOptions): Promise<Created>;
  /** Replaces a node's data, at most 1 MiB; with `version` only if that is its version, else BAD_VERSION. Rejects NO_NODE. */
  set(path: string, data: In, options?: WaitOptions & { readonly version?: number }): Promise<Stat>;
  /**
   * Compare-and-set until it succeeds; creates the node, with its parents, if it is absent.
   * `change` is synchronous, is given the present data, and may run again.
   */
  update(
    path: string,
    change: (data: T | undefined) => In,
    options?: WaitOptions,
  ): Promise<Znode<T>>;
  /** Deletes a node; with `recursive` all below it too, in one transaction. Rejects NO_NODE, NOT_EMPTY, BAD_VERSION. */
  delete(path: string, options?: DeleteOptions): Promise<void>;
  /** Sees to it that the node and its ancestors exist. */
  ensurePath(path: string, options?: WaitOptions): Promise<void>;
  /** All or nothing, in one transaction; a result for each operation. `error.index` says which one failed. */
  multi<const O extends readonly Op<In>[]>(
    operations: O,
    options?: WaitOptions,
  ): Promise<Results<O>>;
  /** A quorum round: later local reads are at least as fresh as this call. */
  sync(options?: WaitOptions): Promise<void>;
  /** A node's states, the present one first; `undefined` while it does not exist. */
  watch(path: string, options?: StopOptions): Watch<Znode<T> | undefined>;
  /**
   * The sorted names of a node's children, now and after every change; empty while it does not exist. With
   * `limit` or `startAfter` one page of them, told anew whatever child has come or gone: `limit: 0` tells of
   * the changes alone, which costs nothing where there are many.
   */
  watchChildren(path: string, options?: WatchChildrenOptions): Watch<string[]>;
  /**
   * A node and all below it: as it is, then every transaction. Five writes of the same value are five.
   * Nodes that the session may not read are left out; an absent node is an empty subtree. Costs memory
   * for the paths of the subtree, for each consumer; a listing of the tree, where there is a gap.
   */
  watchTree(path: string, options?: StopOptions): Feed<TreeUpdate<T>>;
  /** A node's ACL in zkCli's notation. */
  getAcl(
    path: string,
    options?: ReadOptions,
  ): Promise<{
    /** Such as `world:anyone:cdrwa`. */
    acl: string[];
    /** Its `aversion` is what `setAcl` compares. */
    stat: Stat;
  }>;
  /** Replaces a node's ACL; `version` is compared with `stat.aversion`. */
  setAcl(
    path: string,
    acl: readonly string[],
    options?: WaitOptions & { readonly version?: number },
  ): Promise<Stat>;
  /** Adds an identity to the session, and to those that follow it: `addAuth('digest', 'user:password')`. */
  addAuth(scheme: string, credentials: string): Promise<void>;
  /** A view in which `path` is the root (ZooKeeper's chroot). Its own node is made by the first write. */
  namespace(path: string): Client<T, In>;
  /** A view with other data. */
  as<U, V = U>(codec: Codec<U, V>): Client<U, V>;
  /**
   * A view whose every write is applied only if the grant's node is still there: both are one
   * transaction. Else it rejects GRANT_LOST, and was not applied. Reads and watches are as ever.
   * `grant.path` is a path of the view it is called on, so call it on the one the grant was taken through.
   */
  guardedBy(grant: HeldGrant): Client<T, In>;
}

/** One session, like a ZooKeeper handle: it ends once, and its ephemeral nodes with it. */
export interface Session<T = string, In = T> extends Client<T, In> {
  /** 0n while connecting. */
  readonly id: bigint;
  /** Ms without contact after which the group closes it. */
  readonly timeout: number;
  /** Aborts when the session has ended; the reason is the error. */
  readonly signal: AbortSignal;
  /**
   * Aborts when it is to be closed, before the group is asked to: the last moment in which what stands on its
   * ephemeral nodes is nobody else's. At the latest when it has ended; the reason is the error.
   */
  readonly closing: AbortSignal;
  /** What it is now, by the clock at the moment of the call. */
  readonly state: SessionState;
  /**
   * Ms from now for which nobody else can have got what this session holds, if nothing more is heard of
   * the group: two thirds of the time-out, counted from the last contact. Reads the clock at each call,
   * so that a process that was blocked or frozen knows at once, as `state` does; `signal` tells later.
   * 0: it is not connected, so do not rely on its ephemeral nodes; that may pass.
   */
  readonly trustedFor: number;
  create(path: string, data?: In, options?: SessionCreateOptions): Promise<Created>;
  multi<const O extends readonly (Op<In> | EphemeralOp<In>)[]>(
    operations: O,
    options?: WaitOptions,
  ): Promise<Results<O>>;
  namespace(path: string): Session<T, In>;
  as<U, V = U>(codec: Codec<U, V>): Session<U, V>;
  guardedBy(grant: HeldGrant): Session<T, In>;
}

/** A session that was opened on its own, and is to be closed. */
export interface OwnedSession extends Session, AsyncDisposable {
  /**
   * Ends it, after what was asked through it before. Idempotent; never rejects. Without a quorum
   * nobody can be told of the end: then it resolves after `timeout` ms (default 10_000), and the group
   * ends the session as soon as it hears of it, or at its time-out.
   */
  close(options?: { readonly timeout?: number }): Promise<void>;
}

/** What a peer tells of itself. */
export interface PeerEvents {
  /** Something of it has changed. */
  status: [now: PeerStatus, before: PeerStatus];
  /** A session of the peer itself is connected: the first, or the next after one has ended. */
  session: [session: Session];
  /** All goes on, but an operator should know: STALL, SLOW_DISK, POOL_BUSY, REFUSED, EVEN_VOTERS, QUOTA_EXCEEDED, GRANT_LEAKED and others. */
  warning: [warning: QuorateError];
  /** What was thrown into quorate by a listener, or went wrong where no caller waits. */
  error: [error: unknown];
}

/** One member of the group, in this process: a client with a life. */
export interface Peer extends Client, AsyncDisposable {
  /** ZooKeeper's myid, of the options. */
  readonly id: number;
  /** A frozen value; a new one after each change. */
  readonly status: PeerStatus;
  /** Resolves when this peer serves. Without a `timeout` it waits for `requestTimeout`; then it rejects TIMED_OUT, with the reason. */
  ready(options?: WaitOptions): Promise<void>;
  /**
   * A further session, with its own ephemeral nodes and time-out: `sessionTimeout` in ms, within
   * `minSessionTimeout` and `maxSessionTimeout`. @default that of the peer. Resolves when it is connected.
   */
  openSession(options?: WaitOptions & { readonly sessionTimeout?: number }): Promise<OwnedSession>;
  /**
   * Ends the sessions, hands leadership over, closes links and store. Idempotent, never rejects, and
   * takes no longer than `timeout` ms (default 10_000).
   */
  close(options?: { readonly timeout?: number }): Promise<void>;
  /** Resolves when the peer is closed, by whatever cause. */
  readonly closed: Promise<void>;
  /**
   * For `listen: 'manual'`: takes a request for a link out of the `upgrade` event of the application's
   * server, so that peers and other WebSockets share it. Never throws.
   *
   * ```ts
   * server.on('upgrade', (request, socket, head) => {
   *   if (!peer.handleUpgrade(request, socket, head)) chat.handleUpgrade(request, socket, head, join);
   * });
   * ```
   *
   * @returns false: it is not for this peer (another path, not `'manual'`, or the peer is closed), and nothing was touched.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Listens. What a listener throws goes to `error`; an `error` nobody listens to goes to the logger. */
  on<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this;
  /** Listens to the next one. */
  once<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this;
  /** Listens no longer. */
  off<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this;
}
