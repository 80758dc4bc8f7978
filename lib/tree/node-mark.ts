import { counterOf, epochOf, type Zxid } from '../base/zxid.ts';
import type { Acl } from './acl.ts';
import { BytePool } from './byte-pool.ts';
import type { NodeRecord } from './checkpoint-record.ts';
import { ShownNode } from './shown-node.ts';
import { TakenNodes } from './taken-nodes.ts';

/** A node of which a change was about to leave nothing. */
export interface SavedNode {
  readonly node: NodeRecord;
  /** Interned: the same object wherever it is used. */
  readonly list: Acl;
  /** What it is reckoned to need in a part. */
  readonly size: number;
}

/** What a mark needs to see of the tree. */
export interface MarkedTree {
  /** Rows in use are below. */
  readonly rows: number;
  /** Whether a row has a node, and one that existed at the zxid of that epoch and counter. */
  existedAt(row: number, epoch: number, counter: number): boolean;
  /** Bytes that the node of a row is reckoned to need in a part. */
  sizeAt(row: number): number;
  /** Interned. */
  acl(row: number): Acl;
  /** A copy of the data of a row. */
  dataAt(row: number, pool: BytePool): Uint8Array;
  /** Shows the node of a row, with that number for its ACL; until the tree changes. */
  show(view: ShownNode, row: number, acl: number): void;
}

/** Rows looked at in one slice at most, for a table that has become nearly empty. */
const SCAN_MAX = 0x1_0000;

/**
 * The nodes as they were at one zxid, read row by row while the tree goes on (copy on write): a node
 * that is about to change, and was not read yet, is saved first. What costs memory is only what
 * changes meanwhile, and nothing is ever copied as a whole.
 */
export class NodeMark {
  readonly #epoch: number;
  readonly #counter: number;
  readonly #tree: MarkedTree;
  readonly #end: number;
  readonly #saved = new Map<number, SavedNode>();
  readonly #view = new ShownNode();
  /** Of its own: whoever is given what he has read may do with that memory what he likes. */
  readonly #pool = new BytePool();
  /** Rows below have been read. */
  #cursor = 0;

  constructor(tree: MarkedTree, zxid: Zxid) {
    this.#tree = tree;
    this.#epoch = epochOf(zxid);
    this.#counter = counterOf(zxid);
    this.#end = tree.rows;
  }

  /** A row is about to change or to be given up. */
  saving(row: number): void {
    if (row < this.#cursor || row >= this.#end || this.#saved.has(row)) return;
    const tree = this.#tree;
    if (!tree.existedAt(row, this.#epoch, this.#counter)) return;
    tree.show(this.#view, row, 0);
    const node = this.#view.toRecord(tree.dataAt(row, this.#pool));
    this.#saved.set(row, { node, list: tree.acl(row), size: tree.sizeAt(row) });
  }

  /**
   * At most `limit` further nodes, and none after the one that makes them more than `bytes`; undefined when all have
   * been read. Fewer do not mean the end. They are lent until the tree changes.
   */
  next(limit: number, bytes: number): TakenNodes | undefined {
    const nodes = new TakenNodes(this.#tree, this.#view);
    let taken = 0;
    const stop = Math.min(this.#end, this.#cursor + Math.max(SCAN_MAX, limit));
    while (this.#cursor < stop && nodes.length < limit && taken < bytes) {
      const row = this.#cursor;
      const saved = this.#saved.get(row);
      if (saved !== undefined) {
        nodes.addSaved(row, saved);
        taken += saved.size;
        this.#saved.delete(row);
      } else if (this.#tree.existedAt(row, this.#epoch, this.#counter)) {
        nodes.add(row);
        taken += this.#tree.sizeAt(row);
      }
      this.#cursor += 1;
    }
    return nodes.length === 0 && this.#cursor >= this.#end ? undefined : nodes;
  }
}
