const CHUNK_MAX = 256;
const CHUNK_MERGE = 96;

/** The first index of `list` whose text is greater than `text` (or also equal, if `inclusive`). */
function upperBound(list: readonly string[], text: string, inclusive: boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = list[middle] as string;
    if (at > text || (inclusive && at === text)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** As splice does, which makes an array of nothing each time. */
function insertAt(list: string[], index: number, text: string): void {
  for (let at = list.length; at > index; at -= 1) list[at] = list[at - 1] as string;
  list[index] = text;
}

/**
 * The children of one node, as full paths (they share the index's strings), always sorted: a list of
 * short sorted lists. Sorting a million names when they are asked for would stop the world; here a
 * page of any length costs what it holds. Names that rise, as sequential ones do, are only appended.
 */
export class ChildList {
  /** None is empty, and each begins after the end of the one before. */
  readonly #chunks: string[][] = [];
  #size = 0;
  /** The chunk that was asked for last: nearly always the next path belongs there too. */
  #last = 0;
  /** Where in it the last path was put. */
  #lastAt = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a path that is not there. */
  insert(path: string): void {
    this.#size += 1;
    if (this.#insertNext(path)) return;
    const index = this.#chunkOf(path);
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#chunks.push([path]);
      return;
    }
    const last = chunk[chunk.length - 1] as string;
    if (path > last) {
      this.#lastAt = chunk.length;
      if (chunk.length < CHUNK_MAX) chunk.push(path);
      else this.#chunks.splice(index + 1, 0, [path]);
      return;
    }
    this.#insertInto(index, chunk, upperBound(chunk, path, false), path);
  }

  /**
   * Puts a path behind the one that was put last, if it belongs there: numbers that rise, and do not have
   * leading zeros, nearly always do.
   */
  #insertNext(path: string): boolean {
    const chunk = this.#chunks[this.#last];
    const next = chunk?.[this.#lastAt + 1];
    if (chunk === undefined || next === undefined || path >= next) return false;
    if (path < (chunk[this.#lastAt] as string)) return false;
    this.#insertInto(this.#last, chunk, this.#lastAt + 1, path);
    return true;
  }

  #insertInto(index: number, chunk: string[], at: number, path: string): void {
    insertAt(chunk, at, path);
    this.#lastAt = at;
    if (chunk.length <= CHUNK_MAX) return;
    const second = chunk.splice(CHUNK_MAX >> 1);
    this.#chunks.splice(index + 1, 0, second);
    if (at < chunk.length) return;
    this.#last = index + 1;
    this.#lastAt = at - chunk.length;
  }

  /** Takes out a path that is there. */
  remove(path: string): void {
    this.#size -= 1;
    const index = this.#chunkOf(path);
    const chunk = this.#chunks[index] as string[];
    chunk.splice(upperBound(chunk, path, true), 1);
    if (chunk.length === 0) {
      this.#chunks.splice(index, 1);
      return;
    }
    const next = this.#chunks[index + 1];
    if (next !== undefined && chunk.length + next.length <= CHUNK_MERGE) {
      chunk.push(...next);
      this.#chunks.splice(index + 1, 1);
    }
  }

  /** In order, from the first that is greater than `after`. The list must not change meanwhile. */
  *paths(after = ''): Generator<string> {
    let index = this.#chunkOf(after);
    let at =
      index < this.#chunks.length ? upperBound(this.#chunks[index] as string[], after, false) : 0;
    for (; index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index] as string[];
      for (; at < chunk.length; at += 1) yield chunk[at] as string;
      at = 0;
    }
  }

  /** At most `limit` names after a name, without the first `prefix` characters of the paths. */
  names(prefix: number, after: string, limit: number): string[] {
    const names: string[] = [];
    const chunks = this.#chunks;
    let index = after === '' ? 0 : this.#chunkOf(after);
    const first = chunks[index];
    let at = after === '' || first === undefined ? 0 : upperBound(first, after, false);
    for (; index < chunks.length && names.length < limit; index += 1) {
      const chunk = chunks[index] as string[];
      const end = Math.min(chunk.length, at + limit - names.length);
      for (; at < end; at += 1) names.push((chunk[at] as string).slice(prefix));
      at = 0;
    }
    return names;
  }

  /** Where a path is or belongs: the last chunk that does not begin after it, or the first. */
  #chunkOf(path: string): number {
    if (!this.#isIn(this.#last, path)) this.#last = this.#search(path);
    return this.#last;
  }

  #isIn(index: number, path: string): boolean {
    const first = this.#chunks[index]?.[0];
    const next = this.#chunks[index + 1]?.[0];
    return first !== undefined && path >= first && (next === undefined || path < next);
  }

  #search(path: string): number {
    let low = 0;
    let high = this.#chunks.length;
    const last = this.#chunks[high - 1];
    if (last !== undefined && path >= (last[0] as string)) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.[0] as string) > path) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }
}
