import { assert } from '../base/assert.ts';
import { hashText } from '../base/hash.ts';
import { parentOf } from '../base/path.ts';
import type { Acl } from './acl.ts';
import type { AclTable } from './acl-table.ts';
import { ChildList } from './child-list.ts';
import type { RestoredNode } from './node-row.ts';
import type { NodeTable } from './node-table.ts';
import type { PathIndex } from './path-index.ts';

/** Parents whose count of children and digest may wait. */
const UNSETTLED_MAX = 256;
const NO_ROW = -1;
const NO_FAMILY: Family = { row: NO_ROW, above: '', children: new ChildList() };
const NO_ACL = { list: [] as Acl, number: 0, hash: 0 };

/** A parent that the last restored node had: the next one is nearly always its sibling. */
interface Family {
  readonly row: number;
  readonly above: string;
  readonly children: ChildList;
}

/** What of a tree is restored here; the rest follows from it. */
export interface RestoredTree {
  readonly table: NodeTable;
  readonly index: PathIndex;
  readonly acls: AclTable;
}

/**
 * Whether a path begins with a slash and has a name at its end, and so a parent: if all above it are such
 * paths, too, then no name in it is empty. `/` itself is none.
 */
function hasPlace(path: string): boolean {
  return path.startsWith('/') && !path.startsWith('//') && !path.endsWith('/');
}

/**
 * The nodes of a checkpoint on their way into an empty tree, in any order. What changes with every child of
 * a node waits until there are many. No row is given up meanwhile.
 */
export class Restoration {
  readonly #tree: RestoredTree;
  /** Children restored before their parents, by the parent's path. */
  readonly #orphans = new Map<string, number[]>();
  /** Rows whose list of children was restored since they were settled. Invariant: the family's is among them. */
  readonly #unsettled = new Map<number, ChildList>();
  #family = NO_FAMILY;
  /** The last node's: nearly all have one and the same. */
  #acl = NO_ACL;

  constructor(tree: RestoredTree) {
    this.#tree = tree;
  }

  /** The row of the next node. */
  add(node: RestoredNode, acl: Acl): number {
    const { path } = node;
    const { table, index } = this.#tree;
    const isRoot = path === '/';
    assert(isRoot || hasPlace(path), 'a node of a checkpoint has a place in the tree');
    const family = isRoot ? undefined : this.#familyOf(path);
    const hash = hashText(0, path);
    const { number, hash: aclHash } = this.#intern(acl);
    const row = table.restore(node, family?.row ?? NO_ROW, hash, number);
    table.settle(row, aclHash);
    index.insert(path, row, hash);
    if (family !== undefined) family.children.insert(path);
    else if (!isRoot) this.#abandon(row, parentOf(path));
    if (this.#orphans.size > 0) this.#takeIn(row, path);
    return row;
  }

  /** All nodes are there. */
  finish(): void {
    assert(this.#orphans.size === 0, 'every node of a checkpoint has its parent');
    this.#tree.index.settle();
    this.#settle();
  }

  /** The parent of a path; undefined if it is not there yet. */
  #familyOf(path: string): Family | undefined {
    const { above } = this.#family;
    const length = Math.max(1, path.lastIndexOf('/'));
    if (above.length === length && path.startsWith(above)) return this.#family;
    const row = this.#tree.index.findParent(path);
    return row === NO_ROW ? undefined : this.#enter(row);
  }

  #enter(row: number): Family {
    const { table, index } = this.#tree;
    let children = this.#unsettled.get(row);
    if (children === undefined) {
      if (this.#unsettled.size === UNSETTLED_MAX) this.#settle();
      children = table.children(row) ?? new ChildList();
      this.#unsettled.set(row, children);
    }
    this.#family = { row, above: index.pathOf(row), children };
    return this.#family;
  }

  /** A few parents at a time, so that not all of them are left for the end. */
  #settle(): void {
    const { table, acls } = this.#tree;
    for (const [row, children] of this.#unsettled) {
      table.setChildren(row, children);
      table.settle(row, acls.hash(table.acl(row)));
    }
    this.#unsettled.clear();
    this.#family = NO_FAMILY;
  }

  /** To wait for its parent. */
  #abandon(row: number, above: string): void {
    const waiting = this.#orphans.get(above);
    if (waiting === undefined) this.#orphans.set(above, [row]);
    else waiting.push(row);
  }

  /** Children that were restored before their parent. */
  #takeIn(row: number, path: string): void {
    const { table, index } = this.#tree;
    const waiting = this.#orphans.get(path);
    if (waiting === undefined) return;
    this.#orphans.delete(path);
    const { children } = this.#enter(row);
    for (const child of waiting) {
      table.setParent(child, row);
      children.insert(index.pathOf(child));
    }
  }

  #intern(list: Acl): { readonly number: number; readonly hash: number } {
    const { acls } = this.#tree;
    if (this.#acl.list === list) {
      acls.retain(this.#acl.number);
      return this.#acl;
    }
    const number = acls.intern(list);
    this.#acl = { list, number, hash: acls.hash(number) };
    return this.#acl;
  }
}
