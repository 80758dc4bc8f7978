import { kindNumber } from '../tree/node-kinds.ts';
import {
  AVERSION,
  CTIME,
  CZXID,
  KIND,
  MTIME,
  MZXID,
  OWNER,
  PZXID,
  type RestoredNode,
  TTL,
  VERSION,
} from '../tree/node-row.ts';
import { NODE_KINDS } from './change.ts';
import { DecodeError } from './decode-error.ts';
import { MAX_DATA_BYTES, MAX_PATH_BYTES } from './limits.ts';
import { readNewText } from './text.ts';

const TWO_32 = 0x1_0000_0000;
/** Owner, czxid, mzxid, pzxid; ctime, mtime; version, aversion. */
const FIXED_BYTES = 4 * 8 + 2 * 6 + 2 * 4;
const KIND_NUMBERS: readonly number[] = NODE_KINDS.map(kindNumber);

/**
 * Reads the nodes of a checkpoint by the million: into one object, and without a bigint, a view or a boxed
 * number for each.
 */
export class NodeReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #acls: number;
  readonly #node: RestoredNode;
  #at = 0;
  #acl = 0;

  /**
   * @param acls how many there are
   * @param node to be filled again and again
   */
  constructor(bytes: Uint8Array, acls: number, node: RestoredNode) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#node = node;
    this.#node.source = this.#view;
    this.#acls = acls;
  }

  /** Which ACL the last node has. */
  get acl(): number {
    return this.#acl;
  }

  /** The next node: another one with the next call. @throws DecodeError */
  next(): RestoredNode {
    const node = this.#node;
    const path = this.#extent(MAX_PATH_BYTES);
    node.path =
      readNewText(this.#bytes, this.#at, path) ?? this.#refuse('a text that is not UTF-8');
    this.#at += path;
    node.length = this.#extent(MAX_DATA_BYTES);
    node.from = this.#at;
    this.#at += node.length;
    this.#acl = this.#count(this.#acls - 1);
    node.fields.ints[KIND] = KIND_NUMBERS[this.#byte()] ?? this.#refuse('an unknown word');
    node.fields.floats[TTL] = this.#count(Number.MAX_SAFE_INTEGER);
    this.#readFixed();
    node.fields.creates = this.#count(TWO_32 - 1);
    return node;
  }

  /** Nothing may follow. @throws DecodeError */
  end(): void {
    if (this.#at !== this.#bytes.length) this.#refuse('bytes after the end');
  }

  #readFixed(): void {
    const { fields } = this.#node;
    const view = this.#view;
    const at = this.#at;
    if (FIXED_BYTES > this.#bytes.length - at) this.#refuse('cut short');
    fields.setZxid(OWNER, view.getInt32(at), view.getInt32(at + 4));
    fields.setZxid(CZXID, view.getInt32(at + 8), view.getInt32(at + 12));
    fields.setZxid(MZXID, view.getInt32(at + 16), view.getInt32(at + 20));
    fields.setZxid(PZXID, view.getInt32(at + 24), view.getInt32(at + 28));
    fields.floats[CTIME] = view.getUint16(at + 32) * TWO_32 + view.getUint32(at + 34);
    fields.floats[MTIME] = view.getUint16(at + 38) * TWO_32 + view.getUint32(at + 40);
    fields.ints[VERSION] = view.getInt32(at + 44);
    fields.ints[AVERSION] = view.getInt32(at + 48);
    this.#at = at + FIXED_BYTES;
  }

  /** The length of bytes that are there. */
  #extent(max: number): number {
    const length = this.#count(max);
    if (length > this.#bytes.length - this.#at) this.#refuse('cut short');
    return length;
  }

  #count(max: number): number {
    let byte = this.#byte();
    let value = byte & 0x7f;
    for (let weight = 0x80; byte >= 0x80; weight *= 0x80) {
      byte = this.#byte();
      value += (byte & 0x7f) * weight;
      if (byte === 0) this.#refuse('a count not in its shortest form');
      if (value > max) break;
    }
    if (value > max) this.#refuse(`a count above ${max}`);
    return value;
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) this.#refuse('cut short');
    const byte = this.#bytes[this.#at] as number;
    this.#at += 1;
    return byte;
  }

  #refuse(reason: string): never {
    throw new DecodeError('checkpoint', `${reason}, before byte ${this.#at} of its nodes`);
  }
}
