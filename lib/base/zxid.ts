/**
 * ZooKeeper transaction ids: the epoch in the upper, the counter in the lower 32 bits. Comparison of
 * two zxids with `<` is the total order of the group. A real entry has a counter of at least 1;
 * {@link ZERO} stands for "nothing yet" and is never the id of an entry (protocol rule G1).
 */
declare const brand: unique symbol;

/** A zxid; prints with {@link formatZxid}. */
export type Zxid = bigint & { readonly [brand]: 'Zxid' };

/** The last counter of an epoch that may be proposed; the leader then steps down for a new epoch (ZOOKEEPER-1277). */
export const COUNTER_MAX = 0xffff_fffe;
/** The greatest epoch: 32 bits, as in ZooKeeper. */
export const EPOCH_MAX = 0xffff_ffff;

/** One zxid, and the same memory as its halves: a shift would make a bigint more, on the way of every write. */
const WIDE = new BigUint64Array(1);
const HALVES = new Uint32Array(WIDE.buffer);
/** Which of the halves is the lower one on this machine. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
/** And the higher one: so it is of every word of 64 bits. */
export const HIGH: number = 1 - LOW;

/** Before the first entry. */
export const ZERO: Zxid = 0n as Zxid;

/** The zxid of the counter-th entry of an epoch. */
export function makeZxid(epoch: number, counter: number): Zxid {
  HALVES[HIGH] = epoch;
  HALVES[LOW] = counter;
  return WIDE[0] as Zxid;
}

/** The upper half. */
export function epochOf(zxid: Zxid): number {
  WIDE[0] = zxid;
  return HALVES[HIGH] as number;
}

/** The lower half. */
export function counterOf(zxid: Zxid): number {
  WIDE[0] = zxid;
  return HALVES[LOW] as number;
}

/** The lower of two; Math.min is for numbers. */
export function lesser(a: Zxid, b: Zxid): Zxid {
  return b < a ? b : a;
}

/** The higher of two. */
export function greater(a: Zxid, b: Zxid): Zxid {
  return b > a ? b : a;
}

/** Whether a bigint from outside fits the 64 bits of a zxid. */
export function isZxid(value: bigint): value is Zxid {
  return value >= 0n && value <= 0xffff_ffff_ffff_ffffn;
}

/** As ZooKeeper logs it: `0x200000001`. */
export function formatZxid(zxid: bigint): string {
  return `0x${zxid.toString(16)}`;
}
