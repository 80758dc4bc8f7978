import type { Acl } from './acl.ts';
import type { LentNodes, NodeRecord } from './checkpoint-record.ts';
import type { MarkedTree, SavedNode } from './node-mark.ts';
import type { ShownNode } from './shown-node.ts';

/** The nodes of one part of a checkpoint, each shown when it is asked for, and lent until the next is. */
export class TakenNodes implements LentNodes {
  /** Interned: the same ACL is the same object. */
  readonly acls: Acl[] = [];
  readonly #tree: MarkedTree;
  readonly #view: ShownNode;
  readonly #numbers = new Map<Acl, number>();
  readonly #rows: number[] = [];
  /** By place: the number of its ACL. */
  readonly #aclOf: number[] = [];
  readonly #saved = new Map<number, NodeRecord>();

  constructor(tree: MarkedTree, view: ShownNode) {
    this.#tree = tree;
    this.#view = view;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** The node of a row, as it is. */
  add(row: number): void {
    this.#rows.push(row);
    this.#aclOf.push(this.#number(this.#tree.acl(row)));
  }

  /** The node that a row had. */
  addSaved(row: number, { node, list }: SavedNode): void {
    const acl = this.#number(list);
    this.#saved.set(row, { ...node, acl });
    this.#rows.push(row);
    this.#aclOf.push(acl);
  }

  at(index: number): NodeRecord | ShownNode | undefined {
    const row = this.#rows[index];
    if (row === undefined) return undefined;
    const saved = this.#saved.get(row);
    if (saved !== undefined) return saved;
    this.#tree.show(this.#view, row, this.#aclOf[index] as number);
    return this.#view;
  }

  #number(list: Acl): number {
    const known = this.#numbers.get(list);
    if (known !== undefined) return known;
    const number = this.acls.length;
    this.#numbers.set(list, number);
    this.acls.push(list);
    return number;
  }
}
