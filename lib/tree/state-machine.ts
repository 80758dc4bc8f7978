import { assert, unreachable } from '../base/assert.ts';
import { addHash, hashText } from '../base/hash.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import { applyChanges } from './apply-changes.ts';
import { type Checkpoint, StateCheckpoint } from './checkpoint.ts';
import { DataTree } from './data-tree.ts';
import { type Answer, Dedup, type Origin } from './dedup.ts';
import type {
  ChildrenResult,
  CountResult,
  ExistsResult,
  Failure,
  GetAclResult,
  GetResult,
  GetTextResult,
  Page,
  Reader,
  SubtreeResult,
} from './reader.ts';
import { isStill, type Reapable, Reaper } from './reaper.ts';
import type { OperationResult, Owner, Request } from './request.ts';
import { SessionTable, withIdentity } from './session-table.ts';
import { Effects, type TreeEvent } from './tree-event.ts';
import * as reads from './tree-reads.ts';
import type { Txn, TxnBody } from './txn.ts';

export type { Checkpoint } from './checkpoint.ts';
export type { Answer } from './dedup.ts';
export type { Reapable } from './reaper.ts';

/** What applying one transaction did. */
export interface Applied {
  readonly zxid: Zxid;
  /** Who asked: 0 for requests made through no session. */
  readonly session: bigint;
  /** 0: nobody asked (EPOCH_START, expiry, clean-up). */
  readonly cxid: number;
  readonly owner: Owner;
  readonly result: OperationResult;
  /** For the watches, in the order in which ZooKeeper fires them. */
  readonly events: readonly TreeEvent[];
  /** Sessions that ended here. */
  readonly ended: readonly bigint[];
  /**
   * Set if the transaction should not have been proposed: it had no effect on any peer. A bug of the
   * leader, to be reported; the state is sound.
   */
  readonly alarm?: string;
}

/** Everything replicated, as a restored checkpoint or a fresh group has it. */
export interface ReplicatedState {
  readonly tree: DataTree;
  readonly sessions: SessionTable;
  readonly dedup: Dedup;
  readonly zxid: Zxid;
  readonly time: number;
  readonly version: number;
  readonly maxTreeBytes: number;
}

/** The limit of a tree of which no leader has said anything yet, in bytes. */
export const MAX_TREE_BYTES: number = 256 * 2 ** 20;

function freshState(): ReplicatedState {
  const tree = DataTree.fresh();
  return {
    tree,
    sessions: new SessionTable(),
    dedup: new Dedup(),
    zxid: ZERO,
    time: 0,
    version: 0,
    maxTreeBytes: MAX_TREE_BYTES,
  };
}

/**
 * All that is replicated (ZooKeeper's ZKDatabase): tree, sessions, exactly-once table. The same
 * transactions in, the same state out, on every peer. Synchronous and pure.
 */
export class StateMachine {
  /** @internal */
  readonly tree: DataTree;
  /** @internal */
  readonly dedup: Dedup;
  readonly sessions: SessionTable;
  readonly #reaper: Reaper;
  #zxid: Zxid;
  #time: number;
  #version: number;
  #maxTreeBytes: number;

  /** A fresh group: `/`, `/zookeeper`, `/zookeeper/quota`, `/zookeeper/config`; or what was restored. */
  constructor(state: ReplicatedState = freshState()) {
    this.tree = state.tree;
    this.sessions = state.sessions;
    this.dedup = state.dedup;
    this.#zxid = state.zxid;
    this.#time = state.time;
    this.#version = state.version;
    this.#maxTreeBytes = state.maxTreeBytes;
    this.#reaper = new Reaper(state.tree);
  }

  /** The last entry applied or skipped. */
  get zxid(): Zxid {
    return this.#zxid;
  }

  /** The leader's time in it, ms since 1970; never decreases (S30). */
  get time(): number {
    return this.#time;
  }

  /** The group's version, of the last EPOCH_START. */
  get version(): number {
    return this.#version;
  }

  /** Nodes, `/` included. */
  get nodeCount(): number {
    return this.tree.size;
  }

  /** Estimated memory of the nodes, what {@link StateMachine.maxTreeBytes} bounds. */
  get treeBytes(): number {
    return this.tree.bytes;
  }

  /** What the last EPOCH_START allows the tree: growth beyond is QUOTA_EXCEEDED, deletes go on. */
  get maxTreeBytes(): number {
    return this.#maxTreeBytes;
  }

  /** Applies the next entry. */
  apply(zxid: Zxid, txn: Txn): Applied {
    this.skip(zxid);
    // A leader stamps EPOCH_START before it has applied all that came before.
    this.#time = Math.max(this.#time, txn.time);
    const effects = new Effects();
    const alarm = this.#alarm(txn);
    const result = alarm === undefined ? this.#perform(zxid, txn, effects) : this.#failure(txn);
    if (alarm === undefined) this.#record(zxid, txn, result);
    const { session, cxid, owner } = txn;
    const { events, ended } = effects;
    const applied = { zxid, session, cxid, owner, result, events, ended };
    return alarm === undefined ? applied : { ...applied, alarm };
  }

  /** An entry that is not for the tree (configuration). */
  skip(zxid: Zxid): void {
    assert(zxid > this.#zxid, 'entries are applied in order, once');
    this.#zxid = zxid;
  }

  /** The result of a request that was applied, while its window remembers it; else undefined, also if its session is gone. */
  answer(request: Pick<Request, 'session' | 'cxid' | 'owner'>): Answer | undefined {
    return this.dedup.answer(request, request.cxid);
  }

  /** The number of the last request applied of a session (or of an owner, with session 0); undefined if there is no such session. */
  lastCxid(origin: Origin): number | undefined {
    return this.dedup.progress(origin)?.last;
  }

  get(path: string, reader: Reader): GetResult | Failure {
    return reads.get(this.tree, path, reader);
  }

  /** The same, for who takes the data as text: no copy is made of it. */
  getText(path: string, reader: Reader): GetTextResult | Failure {
    return reads.getText(this.tree, path, reader);
  }

  exists(path: string, reader: Reader): ExistsResult | Failure {
    return reads.exists(this.tree, path, reader);
  }

  /** Children's names, sorted. */
  children(path: string, reader: Reader, page: Page = {}): ChildrenResult | Failure {
    return reads.children(this.tree, path, reader, page);
  }

  getAcl(path: string, reader: Reader): GetAclResult | Failure {
    return reads.getAcl(this.tree, path, reader);
  }

  /** ZooKeeper's getAllChildrenNumber: all that is below. */
  countDescendants(path: string, reader: Reader): CountResult | Failure {
    return reads.countDescendants(this.tree, path, reader);
  }

  /** A node and all below it. */
  subtree(path: string, reader: Reader): SubtreeResult | Failure {
    return reads.subtree(this.tree, path, reader);
  }

  /** Paths of the session's ephemeral nodes that begin with the text `prefix`, sorted. */
  ephemerals(session: bigint, prefix = ''): string[] {
    return this.tree.ephemerals(session).filter((path) => path.startsWith(prefix));
  }

  /** Digest of everything replicated: equal states have equal hashes, whatever their history (S16). */
  hash(): number {
    const marks = hashText(0, `${this.#zxid}|${this.#time}|${this.#version}|${this.#maxTreeBytes}`);
    return [this.tree.digest, this.sessions.digest, this.dedup.digest].reduce(addHash, marks);
  }

  /** Begins a copy of the state as it is now. */
  checkpoint(): Checkpoint {
    const header = {
      type: 'header',
      zxid: this.#zxid,
      time: this.#time,
      version: this.#version,
      maxTreeBytes: this.#maxTreeBytes,
      hash: this.hash(),
      nodes: this.tree.size,
      sessions: this.sessions.size,
    } as const;
    const sessions = [...this.sessions.values()];
    return new StateCheckpoint(this.#zxid, {
      header,
      tree: this.tree,
      sessions,
      windows: this.dedup.capture(),
    });
  }

  /** Empty containers and outlived TTL nodes at a leader's time, at most `limit`. */
  reapable(time: number, limit: number): Reapable[] {
    return this.#reaper.find(time, limit);
  }

  /** Why a transaction must not have been proposed; undefined if it is sound. */
  #alarm(txn: Txn): string | undefined {
    if (txn.cxid > 0) {
      const progress = this.dedup.progress(txn);
      if (progress === undefined) return 'a request of a session that does not exist';
      if (txn.session === 0n && txn.owner.boot < this.dedup.incarnation(txn.owner)) {
        return 'a request of an incarnation that has a successor';
      }
      if (txn.cxid !== progress.last + 1) return `request ${txn.cxid} after ${progress.last}`;
    }
    const { body } = txn;
    if (body.type === 'close-session' || body.type === 'move-session') {
      if (this.sessions.get(body.session) === undefined)
        return `${body.type} of a session that does not exist`;
    }
    if (body.type === 'change' && this.#hasDeadOwner(body))
      return 'an ephemeral node for a session that does not exist';
    return undefined;
  }

  #hasDeadOwner(body: Extract<TxnBody, { type: 'change' }>): boolean {
    return body.changes.some(
      (change) =>
        change.type === 'create' &&
        change.owner !== 0n &&
        this.sessions.get(change.owner) === undefined,
    );
  }

  #failure(txn: Txn): OperationResult {
    return {
      type: 'error',
      code: txn.body.type === 'move-session' ? 'SESSION_MOVED' : 'SESSION_EXPIRED',
    };
  }

  #record(zxid: Zxid, txn: Txn, result: OperationResult): void {
    if (txn.cxid === 0) return;
    // A session that closed itself takes its window with it: closed is final.
    if (txn.session !== 0n && this.sessions.get(txn.session) === undefined) return;
    this.dedup.record(txn, txn.cxid, txn.resolved, zxid, result);
  }

  #perform(zxid: Zxid, txn: Txn, effects: Effects): OperationResult {
    const { body } = txn;
    switch (body.type) {
      case 'change':
        return applyChanges(this.tree, zxid, this.#time, body, effects);
      case 'error':
        return body;
      case 'create-session':
        return this.#createSession(zxid, txn, body, effects);
      case 'close-session':
        this.#closeSession(zxid, body.session, effects);
        return { type: 'close-session' };
      case 'move-session':
        return this.#moveSession(body.session, txn.owner);
      case 'add-auth':
        return this.#addAuth(txn.session, body);
      case 'reap':
        if (isStill(this.tree, body)) this.tree.delete(zxid, body.path, effects);
        return { type: 'delete' };
      case 'epoch-start':
        this.#version = body.version;
        this.#maxTreeBytes = body.maxTreeBytes;
        return { type: 'sync' };
      case 'sync':
        return { type: 'sync' };
      default:
        return unreachable(body);
    }
  }

  #createSession(
    zxid: Zxid,
    txn: Txn,
    body: Extract<TxnBody, { type: 'create-session' }>,
    effects: Effects,
  ): OperationResult {
    const { kind, timeout, password, address } = body;
    for (const earlier of body.closes) {
      if (this.sessions.get(earlier) !== undefined) this.#closeSession(zxid, earlier, effects);
    }
    const owner = txn.owner;
    const session = {
      id: zxid,
      kind,
      owner,
      creator: owner,
      number: txn.cxid,
      timeout,
      address,
      identities: [],
    };
    this.sessions.add({ ...session, password: password.slice() });
    this.dedup.open(zxid);
    return { type: 'create-session', session: zxid, timeout };
  }

  /** Its ephemeral nodes go at this point, in this transaction (step 29). */
  #closeSession(zxid: Zxid, session: bigint, effects: Effects): void {
    for (const path of this.tree.ephemerals(session)) this.tree.delete(zxid, path, effects);
    this.sessions.remove(session);
    this.dedup.close(session);
    effects.end(session);
  }

  #moveSession(id: bigint, owner: Owner): OperationResult {
    const session = this.sessions.get(id);
    assert(session !== undefined, 'a session that moves lives');
    this.sessions.replace({ ...session, owner });
    return { type: 'move-session', session: id, timeout: session.timeout };
  }

  #addAuth(id: bigint, body: Extract<TxnBody, { type: 'add-auth' }>): OperationResult {
    const session = this.sessions.get(id);
    assert(session !== undefined, 'a session that authenticates lives');
    this.sessions.replace(withIdentity(session, body.identity));
    return { type: 'add-auth' };
  }
}
