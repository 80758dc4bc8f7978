/** How the numbers of a node lie in memory. */
import { HIGH } from '../base/zxid.ts';
import { KINDS, kindNumber } from './node-kinds.ts';
import type { NodeKind } from './txn.ts';

/** A row is so many words of 64 bits; the field names below count words, and then half words. */
export const WORDS = 15;
export const CZXID = 0;
export const MZXID = 1;
export const PZXID = 2;
export const OWNER = 3;
export const CTIME = 4;
export const MTIME = 5;
export const TTL = 6;
export const PATH_HASH = 7;
export const DATA_HASH = 8;
export const HALVES: number = WORDS * 2;
export const VERSION = 18;
export const AVERSION = 19;
export const CREATES = 20;
export const CHILDREN = 21;
export const KIND = 22;
export const LENGTH = 23;
/** Half words before this one are replicated and digested; those after it are of this memory alone. */
export const REPLICATED = 24;
export const ACL = 24;
export const SLAB = 25;
export const OFFSET = 26;
export const PARENT = 27;
/** The node's share of the table's digest; a word again. */
export const DIGEST = 14;

/** What a node is, beside path, data and ACL: what a new row begins with. */
export interface NodeValues {
  readonly kind: NodeKind;
  readonly ttl: number;
  readonly owner: bigint;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly pzxid: bigint;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly aversion: number;
  /** Children ever created; the Stat's cversion is twice this less the children there are. */
  readonly creates: number;
}

const LOW = 1 - HIGH;

/**
 * The replicated half words of one row, to be filled again for each node that a checkpoint brings: no
 * bigint and no boxed number is made for any of them. Hashes, length and children are the table's to add.
 */
export class NodeFields {
  readonly ints: Int32Array = new Int32Array(REPLICATED);
  /** The same memory, as are the others. */
  readonly floats: Float64Array = new Float64Array(this.ints.buffer);
  readonly #zxids = new BigUint64Array(this.ints.buffer);
  readonly #counters = new Uint32Array(this.ints.buffer);

  take(values: NodeValues): void {
    this.#zxids[CZXID] = values.czxid;
    this.#zxids[MZXID] = values.mzxid;
    this.#zxids[PZXID] = values.pzxid;
    this.#zxids[OWNER] = values.owner;
    this.floats[CTIME] = values.ctime;
    this.floats[MTIME] = values.mtime;
    this.floats[TTL] = values.ttl;
    this.ints[VERSION] = values.version;
    this.ints[AVERSION] = values.aversion;
    this.#counters[CREATES] = values.creates;
    this.ints[KIND] = kindNumber(values.kind);
  }

  /** What {@link take} would take. */
  values(): NodeValues {
    const { kind, owner, creates } = this;
    return {
      ...{ kind, owner, creates },
      ttl: this.floats[TTL] as number,
      czxid: this.#zxids[CZXID] as bigint,
      mzxid: this.#zxids[MZXID] as bigint,
      pzxid: this.#zxids[PZXID] as bigint,
      ctime: this.floats[CTIME] as number,
      mtime: this.floats[MTIME] as number,
      version: this.ints[VERSION] as number,
      aversion: this.ints[AVERSION] as number,
    };
  }

  /** @param field CZXID, MZXID, PZXID or OWNER */
  setZxid(field: number, high: number, low: number): void {
    this.ints[field * 2 + HIGH] = high;
    this.ints[field * 2 + LOW] = low;
  }

  get kind(): NodeKind {
    return KINDS[this.ints[KIND] as number] as NodeKind;
  }

  get owner(): bigint {
    return this.#zxids[OWNER] as bigint;
  }

  get creates(): number {
    return this.#counters[CREATES] as number;
  }

  set creates(creates: number) {
    this.#counters[CREATES] = creates;
  }
}

/** A node on its way from a checkpoint into a tree; one object serves for all of them, one after the other. */
export class RestoredNode {
  path = '';
  readonly fields: NodeFields = new NodeFields();
  /** Its data: `length` bytes of it, from `from` on. */
  source: DataView = new DataView(new ArrayBuffer(0));
  from = 0;
  length = 0;

  /** A view of where it lies. */
  get data(): Uint8Array {
    const { buffer, byteOffset } = this.source;
    return new Uint8Array(buffer, byteOffset + this.from, this.length);
  }

  take(path: string, data: Uint8Array, values: NodeValues): this {
    this.path = path;
    this.fields.take(values);
    this.source = new DataView(data.buffer, data.byteOffset, data.length);
    this.from = 0;
    this.length = data.length;
    return this;
  }
}
