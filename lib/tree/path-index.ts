import { hashText } from '../base/hash.ts';

const PAGE_BITS = 9;
const PAGE = 1 << PAGE_BITS;
const NONE = -1;

interface RowPage {
  /** Two words for each row: the lower hash bits, and the next row in the same bucket. */
  readonly links: Int32Array;
  /** Empty: no such row. */
  readonly paths: string[];
}

/**
 * From path to row number, by linear hashing (Litwin 1980): it grows one bucket at a time, so that no
 * insertion ever stops the world to rehash a million paths as a Map does, and costs a fifth of a Map's memory.
 */
export class PathIndex {
  readonly #heads: Int32Array[] = [new Int32Array(PAGE).fill(NONE)];
  readonly #pages: RowPage[] = [];
  /** Buckets in use: a power of two plus those of it that are split already. */
  #buckets = 1;
  /** The smallest power of two above `#buckets` - 1, less 1. */
  #mask = 0;
  #size = 0;

  /** Paths held. */
  get size(): number {
    return this.#size;
  }

  /** The row of a path, -1 if there is none. */
  find(path: string): number {
    const hash = hashText(0, path) | 0;
    let row = this.#head(this.#bucketOf(hash));
    while (row !== NONE) {
      const page = this.#page(row);
      const at = row & (PAGE - 1);
      if (page.links[at * 2] === hash && page.paths[at] === path) return row;
      row = page.links[at * 2 + 1] as number;
    }
    return NONE;
  }

  /** The path of a row, empty if there is none. */
  pathOf(row: number): string {
    return this.#page(row).paths[row & (PAGE - 1)] as string;
  }

  /** Adds a path that is not there yet. Rows are dense: a new one is at most one greater than any before. Returns the path's full hash. */
  insert(path: string, row: number): number {
    if (row >> PAGE_BITS === this.#pages.length) {
      this.#pages.push({
        links: new Int32Array(PAGE * 2),
        paths: new Array<string>(PAGE).fill(''),
      });
    }
    const full = hashText(0, path);
    const page = this.#page(row);
    const at = row & (PAGE - 1);
    page.paths[at] = path;
    page.links[at * 2] = full | 0;
    this.#link(row, this.#bucketOf(full | 0));
    this.#size += 1;
    if (this.#size > this.#buckets) this.#grow();
    return full;
  }

  /** Takes a row out. The index does not shrink. */
  remove(row: number): void {
    const page = this.#page(row);
    const at = row & (PAGE - 1);
    const bucket = this.#bucketOf(page.links[at * 2] as number);
    const next = page.links[at * 2 + 1] as number;
    let before = this.#head(bucket);
    if (before === row) this.#setHead(bucket, next);
    else {
      while (this.#next(before) !== row) before = this.#next(before);
      this.#setNext(before, next);
    }
    page.paths[at] = '';
    this.#size -= 1;
  }

  #bucketOf(hash: number): number {
    const bucket = hash & this.#mask;
    return bucket < this.#buckets ? bucket : bucket & (this.#mask >>> 1);
  }

  /** One more bucket: splits the one that shared its paths. */
  #grow(): void {
    const added = this.#buckets;
    if (added >> PAGE_BITS === this.#heads.length)
      this.#heads.push(new Int32Array(PAGE).fill(NONE));
    this.#buckets += 1;
    if (added > this.#mask) this.#mask = this.#mask * 2 + 1;
    const old = added & (this.#mask >>> 1);
    let row = this.#head(old);
    this.#setHead(old, NONE);
    while (row !== NONE) {
      const next = this.#next(row);
      this.#link(row, this.#bucketOf(this.#page(row).links[(row & (PAGE - 1)) * 2] as number));
      row = next;
    }
  }

  #link(row: number, bucket: number): void {
    this.#setNext(row, this.#head(bucket));
    this.#setHead(bucket, row);
  }

  #page(row: number): RowPage {
    return this.#pages[row >> PAGE_BITS] as RowPage;
  }

  #head(bucket: number): number {
    return (this.#heads[bucket >> PAGE_BITS] as Int32Array)[bucket & (PAGE - 1)] as number;
  }

  #setHead(bucket: number, row: number): void {
    (this.#heads[bucket >> PAGE_BITS] as Int32Array)[bucket & (PAGE - 1)] = row;
  }

  #next(row: number): number {
    return this.#page(row).links[(row & (PAGE - 1)) * 2 + 1] as number;
  }

  #setNext(row: number, next: number): void {
    this.#page(row).links[(row & (PAGE - 1)) * 2 + 1] = next;
  }
}
