import { addHash, hashBytes, hashView, hashWords, subtractHash } from '../base/hash.ts';
import { textOf } from '../base/utf8.ts';
import { HIGH } from '../base/zxid.ts';
import { BytePool } from './byte-pool.ts';
import type { ChildList } from './child-list.ts';
import { KINDS, kindNumber } from './node-kinds.ts';
import { isSame, isZero, makeChildren, makePage, type Page } from './node-page.ts';
import {
  ACL,
  AVERSION,
  CHILDREN,
  CREATES,
  CTIME,
  CZXID,
  DATA_HASH,
  DIGEST,
  HALVES,
  KIND,
  LENGTH,
  MTIME,
  MZXID,
  type NodeValues,
  OFFSET,
  OWNER,
  PARENT,
  PATH_HASH,
  PZXID,
  REPLICATED,
  type RestoredNode,
  SLAB,
  TTL,
  VERSION,
  WORDS,
} from './node-row.ts';
import { RecentTexts } from './recent-texts.ts';
import type { ShownNode } from './shown-node.ts';
import { Slabs, type Tenant } from './slabs.ts';
import type { NodeKind } from './txn.ts';
import type { Stat } from './znode.ts';

const PAGE_BITS = 13;
const PAGE = 1 << PAGE_BITS;

const NO_SLAB = -1;
const NO_DATA = new Uint8Array(0);

/** The first page begins with so many rows and grows: a small tree is small. */
const FIRST_ROWS = 64;

/**
 * The znodes as numbered rows of plain memory: 120 bytes each and their data, where objects with
 * boxed times and zxids would need several times as much, and nothing for the collector to trace. The
 * order-free digest of all rows is kept up by {@link NodeTable.settle}.
 */
export class NodeTable implements Tenant {
  readonly #pages: Page[] = [];
  readonly #free: number[] = [];
  readonly #slabs: Slabs = new Slabs(this);
  /** What is read is copied into. */
  readonly #pool: BytePool = new BytePool();
  /** Of rows whose data has not changed since. */
  readonly #texts: RecentTexts = new RecentTexts();
  #rows = 0;
  #digest = 0;

  /** Rows ever used: every row number is below. */
  get rows(): number {
    return this.#rows;
  }

  /** Sum of the digests of all nodes. */
  get digest(): number {
    return this.#digest;
  }

  /** A new row, a used one if there is one. */
  add(values: NodeValues, parent: number, pathHash: number): number {
    const row = this.#newRow();
    const page = this.#page(row);
    const at = (row & (PAGE - 1)) * WORDS;
    page.zxids[at + CZXID] = values.czxid;
    page.zxids[at + MZXID] = values.mzxid;
    page.zxids[at + PZXID] = values.pzxid;
    page.zxids[at + OWNER] = values.owner;
    page.floats[at + CTIME] = values.ctime;
    page.floats[at + MTIME] = values.mtime;
    page.floats[at + TTL] = values.ttl;
    page.floats[at + PATH_HASH] = pathHash;
    page.floats[at + DATA_HASH] = 0;
    page.floats[at + DIGEST] = 0;
    const half = at * 2;
    page.ints[half + VERSION] = values.version;
    page.ints[half + AVERSION] = values.aversion;
    page.counters[half + CREATES] = values.creates;
    page.ints[half + CHILDREN] = 0;
    page.ints[half + KIND] = kindNumber(values.kind);
    page.ints[half + LENGTH] = 0;
    page.ints[half + SLAB] = NO_SLAB;
    page.ints[half + PARENT] = parent;
    return row;
  }

  /** A new row for a node of a checkpoint, which is settled as soon as its ACL is known; its children are not counted yet. */
  restore(node: RestoredNode, parent: number, pathHash: number, acl: number): number {
    const row = this.#newRow();
    const { ints, floats } = this.#page(row);
    const at = (row & (PAGE - 1)) * WORDS;
    const half = at * 2;
    const { fields, source, from, length } = node;
    for (let word = 0; word < REPLICATED; word += 1) {
      ints[half + word] = fields.ints[word] as number;
    }
    floats[at + PATH_HASH] = pathHash;
    floats[at + DATA_HASH] = length === 0 ? 0 : hashView(source, from, length);
    floats[at + DIGEST] = 0;
    ints[half + CHILDREN] = 0;
    ints[half + LENGTH] = length;
    ints[half + ACL] = acl;
    ints[half + SLAB] = NO_SLAB;
    ints[half + PARENT] = parent;
    if (length === 0) return row;
    const address = this.#slabs.take(row, source, from, length);
    ints[half + SLAB] = address.slab;
    ints[half + OFFSET] = address.offset;
    return row;
  }

  #newRow(): number {
    const row = this.#free.pop() ?? this.#rows;
    if (row === this.#rows) {
      this.#makeRoom(row);
      this.#rows += 1;
    }
    return row;
  }

  /** Gives a row back. */
  remove(row: number): void {
    this.#texts.forget(row);
    this.#release(row);
    this.#digest = subtractHash(this.#digest, this.#float(row, DIGEST));
    this.setChildren(row, undefined);
    this.#free.push(row);
  }

  /** Ends every change of a row: its share of the digest is another one. `aclHash`: of the ACL itself, for numbers differ between peers. */
  settle(row: number, aclHash: number): void {
    const { ints, floats } = this.#page(row);
    const at = (row & (PAGE - 1)) * WORDS;
    const digest = hashWords(aclHash, ints, at * 2, at * 2 + REPLICATED);
    this.#digest = addHash(subtractHash(this.#digest, floats[at + DIGEST] as number), digest);
    floats[at + DIGEST] = digest;
  }

  /** All of ZooKeeper's eleven fields. */
  stat(row: number): Stat {
    const page = this.#page(row);
    const at = (row & (PAGE - 1)) * WORDS;
    const half = at * 2;
    const numChildren = page.ints[half + CHILDREN] as number;
    const { ints, zxids } = page;
    const czxid = zxids[at + CZXID] as bigint;
    return {
      czxid,
      mzxid: isSame(ints, half + CZXID * 2, half + MZXID * 2)
        ? czxid
        : (zxids[at + MZXID] as bigint),
      pzxid: isSame(ints, half + CZXID * 2, half + PZXID * 2)
        ? czxid
        : (zxids[at + PZXID] as bigint),
      ctime: page.floats[at + CTIME] as number,
      mtime: page.floats[at + MTIME] as number,
      version: page.ints[half + VERSION] as number,
      cversion: (page.counters[half + CREATES] as number) * 2 - numChildren,
      aversion: page.ints[half + AVERSION] as number,
      ephemeralOwner: isZero(ints, half + OWNER * 2) ? 0n : (zxids[at + OWNER] as bigint),
      dataLength: page.ints[half + LENGTH] as number,
      numChildren,
    };
  }

  /** Shows the numbers of a node and its data as they lie here: lent until anything is written. */
  show(view: ShownNode, row: number): void {
    const page = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES;
    view.page = page;
    view.first = half >> 1;
    view.length = page.ints[half + LENGTH] as number;
    const slab = page.ints[half + SLAB] as number;
    if (slab !== NO_SLAB) this.#slabs.show(view, slab, page.ints[half + OFFSET] as number);
  }

  czxid(row: number): bigint {
    return this.#zxid(row, CZXID);
  }

  /** Whether a row's node was created by the transaction of that epoch and counter, or before: asked so often that it makes no bigints. */
  isCreatedBy(row: number, epoch: number, counter: number): boolean {
    const { counters } = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES + CZXID * 2;
    const created = counters[half + HIGH] as number;
    return (
      created < epoch || (created === epoch && (counters[half + 1 - HIGH] as number) <= counter)
    );
  }

  mzxid(row: number): bigint {
    return this.#zxid(row, MZXID);
  }

  owner(row: number): bigint {
    const { ints } = this.#page(row);
    return isZero(ints, (row & (PAGE - 1)) * HALVES + OWNER * 2) ? 0n : this.#zxid(row, OWNER);
  }

  mtime(row: number): number {
    return this.#float(row, MTIME);
  }

  ttl(row: number): number {
    return this.#float(row, TTL);
  }

  version(row: number): number {
    return this.#int(row, VERSION);
  }

  aversion(row: number): number {
    return this.#int(row, AVERSION);
  }

  numChildren(row: number): number {
    return this.#int(row, CHILDREN);
  }

  dataLength(row: number): number {
    return this.#int(row, LENGTH);
  }

  parent(row: number): number {
    return this.#int(row, PARENT);
  }

  setParent(row: number, parent: number): void {
    this.#page(row).ints[(row & (PAGE - 1)) * HALVES + PARENT] = parent;
  }

  /** Children ever created: the next sequential name's number. */
  creates(row: number): number {
    return this.#page(row).counters[(row & (PAGE - 1)) * HALVES + CREATES] as number;
  }

  kind(row: number): NodeKind {
    return KINDS[this.#int(row, KIND)] as NodeKind;
  }

  /** The number that the owner of the table knows the ACL by. */
  acl(row: number): number {
    return this.#int(row, ACL);
  }

  setAcl(row: number, acl: number): void {
    this.#page(row).ints[(row & (PAGE - 1)) * HALVES + ACL] = acl;
  }

  setAversion(row: number, aversion: number): void {
    this.#page(row).ints[(row & (PAGE - 1)) * HALVES + AVERSION] = aversion;
  }

  /** A change of the data: version, mzxid and mtime. */
  touch(row: number, version: number, zxid: bigint, time: number): void {
    const page = this.#page(row);
    const at = (row & (PAGE - 1)) * WORDS;
    page.ints[at * 2 + VERSION] = version;
    page.zxids[at + MZXID] = zxid;
    page.floats[at + MTIME] = time;
  }

  children(row: number): ChildList | undefined {
    return this.#page(row).children?.[row & (PAGE - 1)];
  }

  /** The list of children has changed; `undefined` if there are none. */
  setChildren(row: number, children: ChildList | undefined): void {
    const page = this.#page(row);
    if (children !== undefined) page.children ??= makeChildren(page);
    if (page.children !== undefined) page.children[row & (PAGE - 1)] = children;
    page.ints[(row & (PAGE - 1)) * HALVES + CHILDREN] = children?.size ?? 0;
  }

  /** A transaction changed the list of children, by `creates` new ones. */
  touchChildren(row: number, zxid: bigint, creates: number): void {
    const page = this.#page(row);
    const at = (row & (PAGE - 1)) * WORDS;
    page.zxids[at + PZXID] = zxid;
    page.counters[at * 2 + CREATES] = (page.counters[at * 2 + CREATES] as number) + creates;
  }

  /** A copy: writing into it writes nowhere else. `pool`: for who shares no memory with other readers. */
  data(row: number, pool: BytePool = this.#pool): Uint8Array {
    const page = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES;
    const slab = page.ints[half + SLAB] as number;
    if (slab === NO_SLAB) return NO_DATA;
    return this.#slabs.copy(slab, page.ints[half + OFFSET] as number, pool);
  }

  /** The data as text, undefined if it is none; decoded once while it is read again and again. */
  text(row: number): string | undefined {
    const known = this.#texts.get(row);
    if (known !== undefined) return known;
    const page = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES;
    const slab = page.ints[half + SLAB] as number;
    if (slab === NO_SLAB) return '';
    const text = textOf(this.#slabs.view(slab, page.ints[half + OFFSET] as number));
    if (text !== undefined) this.#texts.keep(row, text);
    return text;
  }

  setData(row: number, bytes: Uint8Array): void {
    this.#texts.forget(row);
    const page = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES;
    page.floats[(half >> 1) + DATA_HASH] = bytes.length === 0 ? 0 : hashBytes(0, 0, 0, bytes);
    page.ints[half + LENGTH] = bytes.length;
    const slab = page.ints[half + SLAB] as number;
    if (slab !== NO_SLAB && bytes.length > 0) {
      if (this.#slabs.overwrite(slab, page.ints[half + OFFSET] as number, bytes)) return;
    }
    this.#release(row);
    if (bytes.length === 0) return;
    const address = this.#slabs.put(row, bytes);
    page.ints[half + SLAB] = address.slab;
    page.ints[half + OFFSET] = address.offset;
  }

  /** An item of the slabs has a new place. */
  moved(row: number, slab: number, offset: number): void {
    const page = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES;
    page.ints[half + SLAB] = slab;
    page.ints[half + OFFSET] = offset;
  }

  #release(row: number): void {
    const page = this.#page(row);
    const half = (row & (PAGE - 1)) * HALVES;
    const slab = page.ints[half + SLAB] as number;
    if (slab === NO_SLAB) return;
    page.ints[half + SLAB] = NO_SLAB;
    this.#slabs.free(slab, page.ints[half + OFFSET] as number);
  }

  #makeRoom(row: number): void {
    if (row >> PAGE_BITS > 0) {
      if (row >> PAGE_BITS === this.#pages.length) this.#pages.push(makePage(PAGE));
      return;
    }
    const first = this.#pages[0];
    const room = (first?.zxids.length ?? 0) / WORDS;
    if (row >= room) this.#pages[0] = makePage(Math.max(FIRST_ROWS, room * 2), first);
  }

  #page(row: number): Page {
    return this.#pages[row >> PAGE_BITS] as Page;
  }

  #zxid(row: number, field: number): bigint {
    return this.#page(row).zxids[(row & (PAGE - 1)) * WORDS + field] as bigint;
  }

  #float(row: number, field: number): number {
    return this.#page(row).floats[(row & (PAGE - 1)) * WORDS + field] as number;
  }

  #int(row: number, field: number): number {
    return this.#page(row).ints[(row & (PAGE - 1)) * HALVES + field] as number;
  }
}
