import { present } from '../base/assert.ts';
import { Fifo } from '../base/fifo.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Acl } from './acl.ts';
import { ABSENT } from './data-tree.ts';
import type { Progress } from './dedup.ts';
import type { QuotaChanges, Quotas } from './quota.ts';
import type { Owner } from './request.ts';
import type { Session } from './session.ts';
import type { StateMachine } from './state-machine.ts';
import type { NodeKind } from './txn.ts';

/** What the checks need to know of a node, as it will be (ZooKeeper's ChangeRecord). */
export interface NodeView {
  /** Of a node that a proposal creates which may not be applied yet; undefined: the tree knows it. */
  readonly czxid: Zxid | undefined;
  readonly version: number;
  readonly aversion: number;
  readonly acl: Acl;
  readonly kind: NodeKind;
  /** Session of an ephemeral node, else 0. */
  readonly owner: bigint;
  readonly creates: number;
  readonly numChildren: number;
  readonly dataLength: number;
}

/** A session as it will be. */
export interface SessionView {
  readonly session: Session;
  /** Its close is proposed: nothing more is accepted from it (ZOOKEEPER-1208, 1496). */
  readonly closing: boolean;
}

/** A node as one transaction will leave it. */
export interface NodeChange {
  readonly path: string;
  /** `undefined`: the node will be gone. */
  readonly node: NodeView | undefined;
}

/** All that one proposed transaction will change. */
export interface Effect {
  /** One for each path. */
  readonly nodes: readonly NodeChange[];
  readonly sessions: ReadonlyMap<bigint, SessionView>;
  /** Memory of the tree, estimated. */
  readonly bytes: number;
  readonly quotas: QuotaChanges;
}

/** A transaction without effect on nodes and sessions. */
export const NO_EFFECT: Effect = {
  nodes: [],
  sessions: new Map(),
  bytes: 0,
  quotas: new Map(),
};

/** Who numbers requests: a session, or one incarnation. */
type OriginKey = bigint | string;

interface Numbers extends Progress {
  last: number;
  resolved: number;
  /** Where each request was proposed that is not applied yet: `last` is the last of them. */
  readonly proposed: Fifo<Zxid>;
}

interface Proposal {
  readonly zxid: Zxid;
  readonly effect: Effect;
  readonly origin: OriginKey;
  readonly cxid: number;
}

/** The later proposal's word on a session. */
interface SessionRecord {
  readonly zxid: Zxid;
  readonly view: SessionView;
}

/** The origin of a request made through no session. */
function incarnationKey({ peer, store, boot }: Owner): string {
  return `${peer}:${store}:${boot}`;
}

/**
 * What was proposed and is not applied yet, laid over the state: the leader checks each request
 * against the state that it will meet (outstandingChanges of ZooKeeperServer).
 */
export class Outstanding {
  readonly #state: StateMachine;
  /**
   * The last proposal's word on each node. A new map whenever it is empty: one that has grown old
   * makes its tables in the old generation, and what dead tables point to outlives them.
   */
  #nodes = new Map<string, NodeChange>();
  /** Of each session the paths of its ephemeral nodes among these, and perhaps of former ones. No set is empty. */
  readonly #ephemerals = new Map<bigint, Set<string>>();
  readonly #sessions = new Map<bigint, SessionRecord>();
  readonly #numbers = new Map<OriginKey, Numbers>();
  /**
   * As they will be: what is applied makes no difference to them, for it was proposed here. Undefined:
   * nobody has asked since nothing was outstanding, so they are those of the tree.
   */
  #quotas: Quotas | undefined;
  /** The incarnation of each store whose predecessors have no sessions any more. */
  readonly #successors = new Map<string, number>();
  /** Oldest first, from `#first` on. */
  #proposals: Proposal[] = [];
  #first = 0;
  #bytes = 0;

  constructor(state: StateMachine) {
    this.#state = state;
  }

  /** A node as it will be; undefined if it will not be. */
  node(path: string): NodeView | undefined {
    const change = this.#nodes.get(path);
    if (change !== undefined) return change.node;
    const { tree } = this.#state;
    const row = tree.find(path);
    if (row === ABSENT) return undefined;
    const { table } = tree;
    return {
      czxid: undefined,
      version: table.version(row),
      aversion: table.aversion(row),
      acl: tree.acl(row),
      kind: table.kind(row),
      owner: table.owner(row),
      creates: table.creates(row),
      numChildren: table.numChildren(row),
      dataLength: table.dataLength(row),
    };
  }

  /** When the node of that path, as it will be, was created; undefined: it will not be. */
  czxid(path: string): bigint | undefined {
    const node = this.node(path);
    if (node?.czxid !== undefined) return node.czxid;
    const { tree } = this.#state;
    return node === undefined ? undefined : tree.table.czxid(tree.find(path));
  }

  /** Whether a node will be other than in the state, or not be. */
  changes(path: string): boolean {
    return this.#nodes.has(path);
  }

  /** All paths of which {@link changes} is true. */
  changedPaths(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** Ephemeral nodes that a session will have: in the state or proposed, and not proposed to go. */
  ephemerals(session: bigint): string[] {
    const paths = this.#state.tree.ephemerals(session).filter((path) => !this.#nodes.has(path));
    for (const path of this.#ephemerals.get(session) ?? [])
      if (this.#nodes.get(path)?.node?.owner === session) paths.push(path);
    return paths;
  }

  session(id: bigint): SessionView | undefined {
    const record = this.#sessions.get(id);
    if (record !== undefined) return record.view;
    const session = this.#state.sessions.get(id);
    return session === undefined ? undefined : { session, closing: false };
  }

  /** All sessions that there will be, closing ones too. */
  *sessions(): Generator<SessionView> {
    for (const { id } of this.#state.sessions.values()) yield present(this.session(id), 'session');
    for (const [id, { view }] of this.#sessions) {
      if (this.#state.sessions.get(id) === undefined) yield view;
    }
  }

  /** Memory that the tree will have. */
  get treeBytes(): number {
    return this.#state.treeBytes + this.#bytes;
  }

  /** The quotas, limits that are only proposed included. */
  get quotas(): Quotas {
    this.#quotas ??= this.#state.tree.quotas.copy();
    return this.#quotas;
  }

  /** Whether this incarnation has closed its predecessors' sessions already: there will be no more, for they are refused. */
  hasSucceeded({ peer, store, boot }: Owner): boolean {
    return this.#successors.get(`${peer}:${store}`) === boot;
  }

  succeeded({ peer, store, boot }: Owner): void {
    this.#successors.set(`${peer}:${store}`, boot);
  }

  /** The numbers of a session's requests, or of an owner's own. Undefined: no such session. */
  progress(session: bigint, owner: Owner): Progress | undefined {
    const numbers = this.#numbers.get(session === 0n ? incarnationKey(owner) : session);
    if (numbers !== undefined) return numbers;
    if (
      session !== 0n &&
      this.#sessions.has(session) &&
      this.#state.sessions.get(session) === undefined
    ) {
      return { last: 0, resolved: 0 };
    }
    return this.#state.dedup.progress({ session, owner });
  }

  /** Where a request was proposed that is not applied yet. */
  proposedAt(session: bigint, owner: Owner, cxid: number): Zxid | undefined {
    const numbers = this.#numbers.get(session === 0n ? incarnationKey(owner) : session);
    if (numbers === undefined) return undefined;
    const { last, proposed } = numbers;
    const applied = last - proposed.size;
    return cxid > applied ? proposed.at(cxid - applied - 1) : undefined;
  }

  /** A transaction was proposed. `cxid` 0: nobody asked for it. */
  add(
    zxid: Zxid,
    session: bigint,
    owner: Owner,
    cxid: number,
    resolved: number,
    effect: Effect,
  ): void {
    const origin = session === 0n ? incarnationKey(owner) : session;
    if (cxid > 0) {
      const numbers = this.#numbers.get(origin) ?? this.#begin(origin, session, owner);
      numbers.last = cxid;
      numbers.resolved = Math.max(numbers.resolved, resolved);
      numbers.proposed.push(zxid);
    }
    for (const change of effect.nodes) this.#addNode(change);
    for (const [id, view] of effect.sessions) this.#sessions.set(id, { zxid, view });
    this.#bytes += effect.bytes;
    if (effect.quotas.size > 0) this.quotas.take(effect.quotas);
    this.#proposals.push({ zxid, effect, origin, cxid });
  }

  /** The state has caught up to here. */
  applied(zxid: Zxid): void {
    for (let next = this.#proposals[this.#first]; next !== undefined && next.zxid <= zxid; ) {
      this.#drop(next);
      this.#first += 1;
      next = this.#proposals[this.#first];
    }
    if (this.#nodes.size === 0) this.#nodes = new Map();
    if (this.#first * 2 > this.#proposals.length) {
      this.#proposals = this.#proposals.slice(this.#first);
      this.#first = 0;
    }
  }

  reset(): void {
    this.#nodes.clear();
    this.#ephemerals.clear();
    this.#sessions.clear();
    this.#numbers.clear();
    this.#quotas = undefined;
    this.#successors.clear();
    this.#proposals = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  #begin(origin: OriginKey, session: bigint, owner: Owner): Numbers {
    const { last, resolved } = present(this.progress(session, owner), 'numbers of a request');
    const numbers = { last, resolved, proposed: new Fifo<Zxid>() };
    this.#numbers.set(origin, numbers);
    return numbers;
  }

  #drop({ zxid, effect, origin, cxid }: Proposal): void {
    for (const change of effect.nodes) this.#dropNode(change);
    for (const id of effect.sessions.keys()) {
      if (this.#sessions.get(id)?.zxid === zxid) this.#sessions.delete(id);
    }
    this.#bytes -= effect.bytes;
    const numbers = cxid > 0 ? this.#numbers.get(origin) : undefined;
    if (numbers === undefined) return;
    numbers.proposed.shift();
    if (numbers.proposed.size === 0) this.#numbers.delete(origin);
  }

  #addNode(change: NodeChange): void {
    const { path, node } = change;
    this.#nodes.set(path, change);
    const owner = node?.owner ?? 0n;
    if (owner === 0n) return;
    const paths = this.#ephemerals.get(owner);
    if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
    else paths.add(path);
  }

  /** A path stays its owner's while a later word on it is the owner's, too: that one takes it out. */
  #dropNode(change: NodeChange): void {
    const { path, node } = change;
    const last = this.#nodes.get(path);
    if (last === change) this.#nodes.delete(path);
    const owner = node?.owner ?? 0n;
    if (owner === 0n || (last !== change && last?.node?.owner === owner)) return;
    const paths = this.#ephemerals.get(owner);
    paths?.delete(path);
    if (paths?.size === 0) this.#ephemerals.delete(owner);
  }
}
