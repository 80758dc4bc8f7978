import type { Acl } from './acl.ts';
import type { NodeRecord } from './checkpoint-record.ts';
import { bytesOfNode } from './checkpoint-size.ts';

/** A node as a checkpoint takes it. */
export interface SavedNode extends NodeRecord {
  /** To be set when it is known which part the node is in: its list's place among the ACLs of that part. */
  acl: number;
  /** Interned: the same object wherever it is used. */
  readonly list: Acl;
}

/** What a mark needs to see of the tree. */
export interface MarkedTree {
  /** Rows in use are below. */
  readonly rows: number;
  /** The node of a row, if it is one that existed at `zxid`. */
  recordAt(row: number, zxid: bigint): SavedNode | undefined;
}

/** Rows looked at in one slice at most, for a table that has become nearly empty. */
const SCAN_MAX = 0x1_0000;

/**
 * The nodes as they were at one zxid, read row by row while the tree goes on (copy on write): a node
 * that is about to change, and was not read yet, is saved first. What costs memory is only what
 * changes meanwhile, and nothing is ever copied as a whole.
 */
export class NodeMark {
  readonly zxid: bigint;
  readonly #tree: MarkedTree;
  readonly #end: number;
  readonly #saved = new Map<number, SavedNode>();
  /** Rows below have been read. */
  #cursor = 0;

  constructor(tree: MarkedTree, zxid: bigint) {
    this.#tree = tree;
    this.zxid = zxid;
    this.#end = tree.rows;
  }

  /** A row is about to change or to be given up. */
  saving(row: number): void {
    if (row < this.#cursor || row >= this.#end || this.#saved.has(row)) return;
    const record = this.#tree.recordAt(row, this.zxid);
    if (record !== undefined) this.#saved.set(row, record);
  }

  /** At most `limit` further nodes, and none after the one that makes them more than `bytes`; undefined when all have been read. Fewer do not mean the end. */
  next(limit: number, bytes: number): SavedNode[] | undefined {
    const nodes: SavedNode[] = [];
    let taken = 0;
    const stop = Math.min(this.#end, this.#cursor + Math.max(SCAN_MAX, limit));
    while (this.#cursor < stop && nodes.length < limit && taken < bytes) {
      const row = this.#cursor;
      const node = this.#saved.get(row) ?? this.#tree.recordAt(row, this.zxid);
      if (node !== undefined) {
        nodes.push(node);
        taken += bytesOfNode(node);
      }
      this.#saved.delete(row);
      this.#cursor += 1;
    }
    return nodes.length === 0 && this.#cursor >= this.#end ? undefined : nodes;
  }
}
