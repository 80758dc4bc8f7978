import { isBelow, parentOf } from '../base/path.ts';
import { ABSENT, type DataTree, NODE_OVERHEAD } from './data-tree.ts';
import type { Effect, NodeChange, NodeView, Outstanding, SessionView } from './outstanding.ts';
import { limitedPath, parseLimits, type QuotaChanges, QuotaDraft, type Usage } from './quota.ts';

/** So many changes are looked through one by one: nearly every request makes one or two. */
const FEW = 8;

interface Drafted extends NodeChange {
  node: NodeView | undefined;
}

const UNCHANGED: QuotaChanges = new Map();

/**
 * One request's changes, laid over what is outstanding: the operations of a multi see those before
 * them, and a failure leaves nothing to roll back (ZOOKEEPER-1624).
 */
export class Draft {
  readonly #outstanding: Outstanding;
  readonly #tree: DataTree;
  readonly #maxTreeBytes: number;
  readonly #nodes: Drafted[] = [];
  /** The same by path, if they are more than {@link FEW}. */
  #index: Map<string, Drafted> | undefined;
  /** Where there are no quotas, as nearly everywhere, there is no draft of them. */
  #quotas: QuotaDraft | undefined;
  #bytes = 0;

  constructor(outstanding: Outstanding, tree: DataTree, maxTreeBytes: number) {
    this.#outstanding = outstanding;
    this.#tree = tree;
    this.#maxTreeBytes = maxTreeBytes;
    if (outstanding.quotas.size > 0) this.#quotas = new QuotaDraft(outstanding.quotas);
  }

  /** A node as it will be; undefined if it will not be. */
  node(path: string): NodeView | undefined {
    const drafted = this.#find(path);
    return drafted === undefined ? this.#outstanding.node(path) : drafted.node;
  }

  /** When that node was created; undefined: it will not be. */
  czxid(path: string): bigint | undefined {
    const drafted = this.#find(path);
    if (drafted === undefined) return this.#outstanding.czxid(path);
    return drafted.node === undefined
      ? undefined
      : (drafted.node.czxid ?? this.#outstanding.czxid(path));
  }

  /** A new node; `parent` is its parent as it is now. */
  create(path: string, node: NodeView, parent: NodeView): void {
    this.#put(parentOf(path), {
      ...parent,
      creates: parent.creates + 1,
      numChildren: parent.numChildren + 1,
    });
    this.#put(path, node);
    this.#grow(path, 1, node.dataLength);
  }

  replace(path: string, node: NodeView, before: NodeView): void {
    this.#put(path, node);
    this.#grow(path, 0, node.dataLength - before.dataLength);
  }

  /** Field by field: it is on the way of nearly every write, and a spread costs several times as much. */
  setData(path: string, before: NodeView, version: number, dataLength: number): void {
    const { czxid, aversion, acl, kind, owner, creates, numChildren } = before;
    const node = { czxid, version, aversion, acl, kind, owner, creates, numChildren, dataLength };
    this.replace(path, node, before);
  }

  delete(path: string, node: NodeView): void {
    const above = parentOf(path);
    const parent = this.node(above);
    if (parent !== undefined) this.#put(above, { ...parent, numChildren: parent.numChildren - 1 });
    this.#put(path, undefined);
    this.#grow(path, -1, -node.dataLength);
    const limited = limitedPath(path);
    if (limited !== undefined) this.#quotas?.delete(limited);
  }

  /** Whether so many nodes and bytes more at a path break a quota or the limit of the whole tree. Shrinking never does. */
  exceeds(path: string, count: number, bytes: number): boolean {
    const growth = memoryOf(path, count, bytes);
    if (growth > 0 && this.#outstanding.treeBytes + this.#bytes + growth > this.#maxTreeBytes)
      return true;
    return this.#quotas?.exceeds(path, count, bytes) ?? false;
  }

  /** The data of a node that was just created or set: of a quota's node they are limits, which hold for what comes next. */
  limitsSet(path: string, data: Uint8Array): void {
    const limited = limitedPath(path);
    const limits = limited === undefined ? undefined : parseLimits(data);
    if (limited === undefined || limits === undefined) return;
    this.#quotas ??= new QuotaDraft(this.#outstanding.quotas);
    this.#quotas.set(limited, limits, () => this.#usage(limited));
  }

  /** All paths below one that will be, in no order. Undefined: more than `limit`. */
  below(path: string, limit: number): string[] | undefined {
    const found = new Set<string>();
    const open = this.#tree.find(path) === ABSENT ? [] : [path];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const child of this.#tree.childPaths(this.#tree.find(at))) {
        open.push(child);
        if (this.node(child) !== undefined) found.add(child);
        if (found.size > limit || open.length > limit * 2) return undefined;
      }
    }
    for (const changed of this.#changedPaths()) {
      if (isBelow(changed, path) && this.node(changed) !== undefined) found.add(changed);
    }
    return found.size > limit ? undefined : [...found];
  }

  /** What the request will change. */
  effect(sessions: ReadonlyMap<bigint, SessionView>): Effect {
    return {
      nodes: this.#nodes,
      sessions,
      bytes: this.#bytes,
      quotas: this.#quotas?.changed ?? UNCHANGED,
    };
  }

  #find(path: string): Drafted | undefined {
    if (this.#index !== undefined) return this.#index.get(path);
    for (const drafted of this.#nodes) if (drafted.path === path) return drafted;
    return undefined;
  }

  #put(path: string, node: NodeView | undefined): void {
    const before = this.#find(path);
    if (before !== undefined) {
      before.node = node;
      return;
    }
    const drafted = { path, node };
    this.#nodes.push(drafted);
    if (this.#index !== undefined) this.#index.set(path, drafted);
    else if (this.#nodes.length > FEW) {
      this.#index = new Map(this.#nodes.map((one) => [one.path, one]));
    }
  }

  #grow(path: string, count: number, bytes: number): void {
    this.#bytes += memoryOf(path, count, bytes);
    this.#quotas?.charge(path, count, bytes);
  }

  /** Each path that is outstanding or drafted. */
  #changedPaths(): Iterable<string> {
    return new Set([...this.#outstanding.changedPaths(), ...this.#nodes.map(({ path }) => path)]);
  }

  /** What a subtree will have: what it has, and what is drafted or outstanding beyond. */
  #usage(root: string): Usage {
    let { count, bytes } = this.#tree.usage(root);
    for (const path of this.#changedPaths()) {
      if (path !== root && !isBelow(path, root)) continue;
      const row = this.#tree.find(path);
      const node = this.node(path);
      count += (node === undefined ? 0 : 1) - (row === ABSENT ? 0 : 1);
      bytes += (node?.dataLength ?? 0) - (row === ABSENT ? 0 : this.#tree.table.dataLength(row));
    }
    return { count, bytes };
  }
}

function memoryOf(path: string, count: number, bytes: number): number {
  return count * (path.length + NODE_OVERHEAD) + bytes;
}
