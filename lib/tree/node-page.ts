import type { ChildList } from './child-list.ts';
import { WORDS } from './node-row.ts';

/** The memory of some nodes: one buffer, seen as zxids, as times and hashes, and as numbers. */
export interface Page {
  readonly zxids: BigUint64Array;
  readonly floats: Float64Array;
  readonly ints: Int32Array;
  readonly counters: Uint32Array;
  readonly children: (ChildList | undefined)[];
}

export function makePage(rows: number, grown?: Page): Page {
  const buffer = new ArrayBuffer(rows * WORDS * 8);
  const page = {
    zxids: new BigUint64Array(buffer),
    floats: new Float64Array(buffer),
    ints: new Int32Array(buffer),
    counters: new Uint32Array(buffer),
    children: grown?.children ?? [],
  };
  if (grown !== undefined) page.zxids.set(grown.zxids);
  return page;
}

/** Comparing halves makes no bigints: most zxids of a node are one and the same. */
export function isSame(ints: Int32Array, a: number, b: number): boolean {
  return ints[a] === ints[b] && ints[a + 1] === ints[b + 1];
}

export function isZero(ints: Int32Array, at: number): boolean {
  return ints[at] === 0 && ints[at + 1] === 0;
}
