/** The tree as it must be: transactions applied one after the other, with every field of every Stat. */
import type { Stat } from '../../lib/index.ts';
import type { Change, Seen, Told } from './history.ts';

/** One state of one path, from its zxid on until the next. */
export interface Version {
  readonly zxid: bigint;
  /** Undefined: there is no such node. */
  readonly node: ModelNode | undefined;
}

/** A node, with the names of its children. Never changed: a change makes another. */
export interface ModelNode extends Required<Seen> {
  readonly names: ReadonlySet<string>;
}

const ABSENT: readonly Version[] = [{ zxid: 0n, node: undefined }];

/** The path above; '' above a node at the top, which is outside of what is watched. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What differs between two Stats, in words; undefined if nothing does. */
export function statDifference(found: Stat, expected: Stat): string | undefined {
  const fields = Object.keys(expected) as (keyof Stat)[];
  const differing = fields.filter((field) => found[field] !== expected[field]);
  if (differing.length === 0) return undefined;
  return differing
    .map((field) => `${field} is ${found[field]} instead of ${expected[field]}`)
    .join(', ');
}

/** Whether a client saw that node. */
export function isSame(seen: Seen, node: ModelNode): boolean {
  if (seen.data !== undefined && seen.data !== node.data) return false;
  return statDifference(seen.stat, node.stat) === undefined;
}

export class TreeModel {
  readonly #nodes = new Map<string, ModelNode>();
  readonly #versions = new Map<string, Version[]>();
  readonly #isUncounted: (path: string) => boolean;

  /** @param isUncounted whose children may come and go in one transaction: no watch tells of that, and nobody knows its cversion */
  constructor(isUncounted: (path: string) => boolean = () => false) {
    this.#isUncounted = isUncounted;
  }

  node(path: string): ModelNode | undefined {
    return this.#nodes.get(path);
  }

  get nodes(): Iterable<ModelNode> {
    return this.#nodes.values();
  }

  /** All states that a path was ever in, the oldest first; before the first it was absent. */
  versions(path: string): readonly Version[] {
    return this.#versions.get(path) ?? ABSENT;
  }

  /** Makes the changes of one transaction; answers what about them cannot be. */
  apply({ zxid, changes }: Told): string[] {
    const faults: string[] = [];
    const touched = new Set(changes.map((change) => parentOf(pathOf(change))));
    for (const change of changes) {
      const fault = this.#change(zxid, change);
      if (fault !== undefined) faults.push(`${pathOf(change)} ${fault}`);
    }
    for (const change of changes) {
      if (change.type === 'deleted' || touched.has(change.node.path)) continue;
      const node = this.node(change.node.path);
      const difference = node && statDifference(change.node.stat, node.stat);
      if (difference !== undefined) faults.push(`${change.node.path}: ${difference}`);
    }
    return faults;
  }

  /** How a whole tree differs from this one, in words. */
  differences(nodes: readonly Required<Seen>[]): string[] {
    const faults: string[] = [];
    const paths = new Set(nodes.map(({ path }) => path));
    for (const seen of nodes) {
      const node = this.node(seen.path);
      if (node === undefined) faults.push(`${seen.path} should not be there`);
      else if (seen.data !== node.data) faults.push(`${seen.path} holds '${seen.data}'`);
      else {
        const { cversion } = this.#isUncounted(seen.path) ? seen.stat : node.stat;
        const difference = statDifference(seen.stat, { ...node.stat, cversion });
        if (difference !== undefined) faults.push(`${seen.path}: ${difference}`);
      }
    }
    for (const path of this.#nodes.keys()) if (!paths.has(path)) faults.push(`${path} is missing`);
    return faults;
  }

  /** Takes the tree as it was told, where nobody told of what came before. */
  jump({ zxid, changes }: Told): void {
    const names = new Map<string, Set<string>>();
    const nodes = changes.flatMap((change) => (change.type === 'deleted' ? [] : [change.node]));
    for (const { path } of nodes) {
      names.set(path, new Set());
      names.get(parentOf(path))?.add(nameOf(path));
    }
    for (const path of [...this.#nodes.keys()]) {
      if (!names.has(path)) this.#put(zxid, path, undefined);
    }
    for (const node of nodes) {
      this.#put(zxid, node.path, { ...node, names: names.get(node.path) ?? new Set() });
    }
  }

  #change(zxid: bigint, change: Change): string | undefined {
    const path = pathOf(change);
    const before = this.node(path);
    const parent = this.node(parentOf(path));
    switch (change.type) {
      case 'created':
        if (before !== undefined) return 'was created although it was there';
        if (parent === undefined && parentOf(path) !== '') return 'was created without a parent';
        if (parent !== undefined && parent.stat.ephemeralOwner !== 0n)
          return 'is below an ephemeral';
        this.#put(zxid, path, fresh(zxid, change.node));
        this.#list(zxid, parent, path, true);
        return undefined;
      case 'changed': {
        if (before === undefined) return 'was changed although it was not there';
        const { data, stat } = change.node;
        const version = before.stat.version + 1;
        const { mtime, dataLength } = stat;
        const next = { ...before.stat, mzxid: zxid, mtime, version, dataLength };
        this.#put(zxid, path, { ...before, data, stat: next });
        return undefined;
      }
      case 'deleted':
        if (before === undefined) return 'was deleted although it was not there';
        if (before.names.size > 0) return 'was deleted although it had children';
        this.#put(zxid, path, undefined);
        this.#list(zxid, this.node(parentOf(path)), path, false);
        return undefined;
    }
  }

  #list(zxid: bigint, parent: ModelNode | undefined, path: string, there: boolean): void {
    if (parent === undefined) return;
    const names = new Set(parent.names);
    if (there) names.add(nameOf(path));
    else names.delete(nameOf(path));
    const cversion = parent.stat.cversion + 1;
    const stat = { ...parent.stat, pzxid: zxid, cversion, numChildren: names.size };
    this.#put(zxid, parent.path, { ...parent, stat, names });
  }

  #put(zxid: bigint, path: string, node: ModelNode | undefined): void {
    if (node === undefined) this.#nodes.delete(path);
    else this.#nodes.set(path, node);
    const versions = this.#versions.get(path) ?? [...ABSENT];
    // Within one transaction only what it leaves behind was ever to be seen.
    if (versions.at(-1)?.zxid === zxid) versions.pop();
    versions.push({ zxid, node });
    this.#versions.set(path, versions);
  }
}

function pathOf(change: Change): string {
  return change.type === 'deleted' ? change.path : change.node.path;
}

function fresh(zxid: bigint, { path, data, stat }: Required<Seen>): ModelNode {
  const { ctime, ephemeralOwner } = stat;
  const dataLength = new TextEncoder().encode(data).length;
  const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime, mtime: ctime };
  const versions = { version: 0, cversion: 0, aversion: 0 };
  const whole = { ...zxids, ...versions, ephemeralOwner, dataLength, numChildren: 0 };
  return { path, data, stat: whole, names: new Set() };
}
