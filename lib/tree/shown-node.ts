import type { NodeRecord } from './checkpoint-record.ts';
import { KINDS } from './node-kinds.ts';
import { makePage, type Page } from './node-page.ts';
import {
  AVERSION,
  CREATES,
  CTIME,
  CZXID,
  KIND,
  MTIME,
  MZXID,
  OWNER,
  PZXID,
  TTL,
  VERSION,
} from './node-row.ts';
import type { NodeKind } from './txn.ts';

const NO_PAGE = makePage(1);
const NO_DATA = new DataView(new ArrayBuffer(0));

/**
 * A node where it lies, for who writes it down: of the million nodes of a checkpoint none becomes an object
 * of its own, and none of its numbers a boxed one, for the collector to find dead. It is lent: another node is
 * shown by the same object.
 */
export class ShownNode {
  path = '';
  /** The number of its ACL in the part. */
  acl = 0;
  /** What holds its data, among others'. */
  slab: DataView = NO_DATA;
  /** Where in the slab its data begins, and how long it is. */
  from = 0;
  length = 0;
  /** What holds its numbers. */
  page: Page = NO_PAGE;
  /** Its first word in the page. */
  first = 0;

  get kind(): NodeKind {
    return KINDS[this.page.ints[this.first * 2 + KIND] as number] as NodeKind;
  }

  /** A copy, to be kept. @param data a copy of its data */
  toRecord(data: Uint8Array): NodeRecord {
    const { path, acl, kind, first } = this;
    const { zxids, floats, ints, counters } = this.page;
    const half = first * 2;
    return {
      path,
      data,
      acl,
      kind,
      ttl: floats[first + TTL] as number,
      owner: zxids[first + OWNER] as bigint,
      czxid: zxids[first + CZXID] as bigint,
      mzxid: zxids[first + MZXID] as bigint,
      pzxid: zxids[first + PZXID] as bigint,
      ctime: floats[first + CTIME] as number,
      mtime: floats[first + MTIME] as number,
      version: ints[half + VERSION] as number,
      aversion: ints[half + AVERSION] as number,
      creates: counters[half + CREATES] as number,
    };
  }
}
