import type { ChildList } from './child-list.ts';
import { WORDS } from './node-row.ts';

/** The memory of some nodes: one buffer, seen as zxids, as times and hashes, and as numbers. */
export interface Page {
  readonly zxids: BigUint64Array;
  readonly floats: Float64Array;
  readonly ints: Int32Array;
  readonly counters: Uint32Array;
  /** By place, from the first child on that one of these nodes gets: most nodes never have any. */
  children: (ChildList | undefined)[] | undefined;
}

export function makePage(rows: number, grown?: Page): Page {
  const buffer = new ArrayBuffer(rows * WORDS * 8);
  const page: Page = {
    zxids: new BigUint64Array(buffer),
    floats: new Float64Array(buffer),
    ints: new Int32Array(buffer),
    counters: new Uint32Array(buffer),
    children: grown?.children,
  };
  if (grown === undefined) return page;
  page.zxids.set(grown.zxids);
  // Without a hole: what has one is slow to read.
  while (page.children !== undefined && page.children.length < rows) page.children.push(undefined);
  return page;
}

/** A place for each node of a page, for whoever of them has children. */
export function makeChildren({ zxids }: Page): (ChildList | undefined)[] {
  return new Array<ChildList | undefined>(zxids.length / WORDS).fill(undefined);
}

/** Comparing halves makes no bigints: most zxids of a node are one and the same. */
export function isSame(ints: Int32Array, a: number, b: number): boolean {
  return ints[a] === ints[b] && ints[a + 1] === ints[b + 1];
}

export function isZero(ints: Int32Array, at: number): boolean {
  return ints[at] === 0 && ints[at + 1] === 0;
}
