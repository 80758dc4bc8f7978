import { assert } from '../base/assert.ts';
import { hashText } from '../base/hash.ts';
import { joinPath, parentOf } from '../base/path.ts';
import type { Zxid } from '../base/zxid.ts';
import { type Acl, PERMISSION } from './acl.ts';
import { AclTable, OPEN, OPEN_ACL } from './acl-table.ts';
import type { BytePool } from './byte-pool.ts';
import { bytesOfNode } from './checkpoint-size.ts';
import { ChildList } from './child-list.ts';
import { type MarkedTree, NodeMark } from './node-mark.ts';
import { type NodeValues, RestoredNode } from './node-row.ts';
import { NodeTable } from './node-table.ts';
import { PathIndex } from './path-index.ts';
import { limitedPath, parseLimits, Quotas, type Usage } from './quota.ts';
import { Restoration } from './restoration.ts';
import type { ShownNode } from './shown-node.ts';
import type { Effects } from './tree-event.ts';
import type { Change, NodeKind } from './txn.ts';

type Create = Extract<Change, { type: 'create' }>;

/** No such node. */
export const ABSENT = -1;
/** What a node is reckoned to need beside its path and data. */
export const NODE_OVERHEAD = 200;
const READ_ACL: Acl = [{ scheme: 'world', id: 'anyone', permissions: PERMISSION.read }];
const NOTHING = new Uint8Array(0);

/**
 * The znodes by path, and what is derived from them: ephemerals by session, nodes that may outlive
 * their use, quotas, a digest. It does what a transaction says; whether it may was decided in prep.
 */
export class DataTree implements MarkedTree {
  readonly table: NodeTable = new NodeTable();
  readonly quotas: Quotas = new Quotas();
  readonly #index = new PathIndex();
  readonly #acls = new AclTable();
  readonly #ephemerals = new Map<bigint, Set<string>>();
  /** Containers that had children and have none now. */
  readonly #emptied = new Set<string>();
  readonly #ttls = new Set<string>();
  #bytes = 0;
  #mark: NodeMark | undefined;
  /** While nodes of a checkpoint come in. */
  #restoration: Restoration | undefined;
  /** The restored nodes of which more can only be said when all are there. */
  #undecided: number[] = [];

  /** The tree of a fresh group. Its nodes count as never created, so `/` begins with cversion -1 as in ZooKeeper. */
  static fresh(): DataTree {
    const tree = new DataTree();
    const node = new RestoredNode();
    const kept = { kind: 'persistent', ttl: 0, owner: 0n, version: 0, creates: 0 } as const;
    const never = { ...kept, czxid: 0n, mzxid: 0n, pzxid: 0n, ctime: 0, mtime: 0 };
    for (const path of ['/', '/zookeeper', '/zookeeper/quota']) {
      tree.restore(node.take(path, NOTHING, { ...never, aversion: 0 }), OPEN_ACL);
    }
    const config = { ...never, aversion: -1 };
    tree.restore(node.take('/zookeeper/config', NOTHING, config), READ_ACL);
    tree.restored();
    return tree;
  }

  /** The row of a path, {@link ABSENT} if there is no such node. */
  find(path: string): number {
    return this.#index.find(path);
  }

  get size(): number {
    return this.#index.size;
  }

  /** Estimated memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Digest of all nodes: equal for equal trees. */
  get digest(): number {
    return this.table.digest;
  }

  get rows(): number {
    return this.table.rows;
  }

  /** Whether everybody may do everything, as nearly everywhere. */
  isOpen(row: number): boolean {
    return this.table.acl(row) === OPEN;
  }

  acl(row: number): Acl {
    return this.#acls.acl(this.table.acl(row));
  }

  create(zxid: Zxid, time: number, change: Create, effects: Effects): number {
    const { path } = change;
    const parent = this.#index.findParent(path);
    assert(parent !== ABSENT, 'a created node has a parent');
    this.#mark?.saving(parent);
    this.table.touchChildren(parent, zxid, 1);
    const { data, kind, ttl, owner } = change;
    const values = {
      kind,
      ttl,
      owner,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: time,
      mtime: time,
      version: 0,
      aversion: 0,
      creates: 0,
    };
    const row = this.#insert(path, data, change.acl, values, parent);
    this.#adopt(parent, path);
    this.#settle(parent);
    // The index has it already: it need not be cut out.
    const above = this.#index.pathOf(parent);
    this.#emptied.delete(above);
    this.#limitsSet(path, change.data);
    effects.add({ type: 'created', path, zxid, acl: this.acl(row) });
    effects.add({ type: 'children-changed', path: above, zxid, acl: this.acl(parent) });
    return row;
  }

  delete(zxid: Zxid, path: string, effects: Effects): void {
    const row = this.find(path);
    assert(row !== ABSENT, 'a deleted node is there');
    assert(this.table.numChildren(row) === 0, 'a deleted node has no children');
    const parent = this.table.parent(row);
    const acl = this.acl(row);
    this.#mark?.saving(parent);
    this.#mark?.saving(row);
    this.#forget(row, path);
    const siblings = this.table.children(parent);
    assert(siblings !== undefined, 'a parent lists its children');
    siblings.remove(path);
    this.table.setChildren(parent, siblings.size === 0 ? undefined : siblings);
    this.table.touchChildren(parent, zxid, 0);
    this.#settle(parent);
    const above = parentOf(path);
    if (siblings.size === 0 && this.table.kind(parent) === 'container') this.#emptied.add(above);
    effects.add({ type: 'deleted', path, zxid, acl });
    effects.add({ type: 'children-changed', path: above, zxid, acl: this.acl(parent) });
  }

  set(
    zxid: Zxid,
    time: number,
    path: string,
    data: Uint8Array,
    version: number,
    effects: Effects,
  ): number {
    const row = this.find(path);
    assert(row !== ABSENT, 'a node that is set is there');
    this.#mark?.saving(row);
    const growth = data.length - this.table.dataLength(row);
    this.table.setData(row, data);
    this.table.touch(row, version, zxid, time);
    this.#settle(row);
    this.#bytes += growth;
    this.quotas.charge(path, 0, growth);
    this.#limitsSet(path, data);
    effects.add({ type: 'data-changed', path, zxid, acl: this.acl(row) });
    return row;
  }

  setAcl(path: string, acl: Acl, aversion: number): number {
    const row = this.find(path);
    assert(row !== ABSENT, 'a node whose ACL is set is there');
    this.#mark?.saving(row);
    const before = this.table.acl(row);
    const number = this.#acls.intern(acl);
    this.table.setAcl(row, number);
    this.#acls.release(before);
    this.table.setAversion(row, aversion);
    this.#settle(row);
    return row;
  }

  /** The session's ephemeral nodes, sorted. */
  ephemerals(session: bigint): string[] {
    return [...(this.#ephemerals.get(session) ?? [])].sort();
  }

  /** Children's names after a name, sorted, at most `limit`. */
  childNames(row: number, path: string, after: string, limit: number): string[] {
    const prefix = path === '/' ? 1 : path.length + 1;
    const from = after === '' ? '' : joinPath(path, after);
    return this.table.children(row)?.names(prefix, from, limit) ?? [];
  }

  /** Children's paths, sorted. The tree must not change meanwhile. */
  childPaths(row: number): Iterable<string> {
    return this.table.children(row)?.paths() ?? [];
  }

  /** How many nodes are below one. */
  countBelow(row: number): number {
    let count = 0;
    const open = [row];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      count += this.table.numChildren(at);
      for (const child of this.childPaths(at)) open.push(this.find(child));
    }
    return count;
  }

  /**
   * What a subtree has, its root included. What a quota below has counted already is not counted again. It is
   * counted in one piece, some 0.3 µs a node: when limits are new, by every peer at once, and at a restore.
   */
  usage(path: string): Usage {
    const root = this.find(path);
    let count = 0;
    let bytes = 0;
    const open = root === ABSENT ? [] : [root];
    for (let row = open.pop(); row !== undefined; row = open.pop()) {
      count += 1;
      bytes += this.table.dataLength(row);
      for (const child of this.childPaths(row)) {
        const counted = this.quotas.get(child);
        if (counted === undefined) open.push(this.find(child));
        count += counted?.count ?? 0;
        bytes += counted?.bytes ?? 0;
      }
    }
    return { count, bytes };
  }

  /** Containers that are empty again. */
  get emptied(): ReadonlySet<string> {
    return this.#emptied;
  }

  /** Nodes with a time to live. */
  get ttls(): ReadonlySet<string> {
    return this.#ttls;
  }

  /** Begins to read the nodes as they are now; ends what was marked before. */
  mark(zxid: Zxid): NodeMark {
    this.#mark = new NodeMark(this, zxid);
    return this.#mark;
  }

  /** Nobody reads that mark any more. */
  unmark(mark: NodeMark): void {
    if (this.#mark === mark) this.#mark = undefined;
  }

  existedAt(row: number, epoch: number, counter: number): boolean {
    return this.#index.pathOf(row) !== '' && this.table.isCreatedBy(row, epoch, counter);
  }

  sizeAt(row: number): number {
    return bytesOfNode(this.#index.pathOf(row), this.table.dataLength(row), this.acl(row));
  }

  dataAt(row: number, pool: BytePool): Uint8Array {
    return this.table.data(row, pool);
  }

  show(view: ShownNode, row: number, acl: number): void {
    view.path = this.#index.pathOf(row);
    view.acl = acl;
    this.table.show(view, row);
  }

  /** Room for so many nodes that are to be restored. */
  reserve(nodes: number): void {
    this.#index.reserve(nodes);
  }

  /** A node of a checkpoint, in any order. */
  restore(node: RestoredNode, acl: Acl): void {
    const parts = { table: this.table, index: this.#index, acls: this.#acls };
    this.#restoration ??= new Restoration(parts);
    const row = this.#restoration.add(node, acl);
    const { path, fields, length } = node;
    const { kind } = fields;
    this.#account(path, length, kind);
    if (kind === 'ephemeral') this.#own(path, fields.owner);
    const isContainer = kind === 'container' && fields.creates > 0;
    if (isContainer || limitedPath(path) !== undefined) this.#undecided.push(row);
  }

  /** After the last restored node: what can only be known of the whole. */
  restored(): void {
    this.#restoration?.finish();
    this.#restoration = undefined;
    const limits: { path: string; row: number }[] = [];
    for (const row of this.#undecided) {
      const path = this.#index.pathOf(row);
      const isContainer = this.table.kind(row) === 'container' && this.table.creates(row) > 0;
      if (isContainer && this.table.numChildren(row) === 0) this.#emptied.add(path);
      if (limitedPath(path) !== undefined) limits.push({ path, row });
    }
    // The innermost first: then each node is counted once, however many quotas are above it.
    limits.sort((a, b) => b.path.length - a.path.length);
    for (const { path, row } of limits) this.#limitsSet(path, this.table.data(row));
    this.#undecided = [];
  }

  #insert(path: string, data: Uint8Array, acl: Acl, values: NodeValues, parent: number): number {
    const { kind, owner } = values;
    const hash = hashText(0, path);
    const row = this.table.add(values, parent, hash);
    this.#index.insert(path, row, hash);
    this.table.setAcl(row, this.#acls.intern(acl));
    this.table.setData(row, data);
    this.#settle(row);
    this.#account(path, data.length, kind);
    if (kind === 'ephemeral') this.#own(path, owner);
    return row;
  }

  #account(path: string, length: number, kind: NodeKind): void {
    this.#bytes += length + path.length + NODE_OVERHEAD;
    this.quotas.charge(path, 1, length);
    if (kind === 'ttl') this.#ttls.add(path);
  }

  #own(path: string, owner: bigint): void {
    const owned = this.#ephemerals.get(owner);
    if (owned === undefined) this.#ephemerals.set(owner, new Set([path]));
    else owned.add(path);
  }

  #settle(row: number): void {
    this.table.settle(row, this.#acls.hash(this.table.acl(row)));
  }

  #adopt(parent: number, path: string): void {
    const children = this.table.children(parent) ?? new ChildList();
    children.insert(path);
    this.table.setChildren(parent, children);
  }

  /** Everything of a node but its place in its parent. */
  #forget(row: number, path: string): void {
    const length = this.table.dataLength(row);
    const owner = this.table.owner(row);
    this.#acls.release(this.table.acl(row));
    this.#bytes -= length + path.length + NODE_OVERHEAD;
    this.quotas.charge(path, -1, -length);
    const limited = limitedPath(path);
    if (limited !== undefined) this.quotas.delete(limited);
    this.#emptied.delete(path);
    this.#ttls.delete(path);
    const owned = this.#ephemerals.get(owner);
    if (owned !== undefined) {
      owned.delete(path);
      if (owned.size === 0) this.#ephemerals.delete(owner);
    }
    this.#index.remove(row);
    this.table.remove(row);
  }

  #limitsSet(path: string, data: Uint8Array): void {
    const limited = limitedPath(path);
    if (limited === undefined) return;
    const limits = parseLimits(data);
    if (limits !== undefined) this.quotas.set(limited, limits, () => this.usage(limited));
  }
}
