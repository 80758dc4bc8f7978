/** First in, first out, without the cost of shifting an array. */
export class Fifo<T> {
  #items: T[];
  /** Items before this index are gone. */
  #head = 0;

  constructor(items: readonly T[] = []) {
    this.#items = items.slice();
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The index-th from the front, from 0. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  /** Of items in order, the first that is not before something; undefined: all are. */
  firstNot(isBefore: (item: T) => boolean): T | undefined {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#items[middle] as T)) low = middle + 1;
      else high = middle;
    }
    return this.#items[low];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Drops what is no longer wanted, from anywhere. */
  keep(wanted: (item: T) => boolean): void {
    this.#items = this.drain().filter(wanted);
  }

  /** All, from the front. */
  toArray(): T[] {
    return this.#items.slice(this.#head);
  }

  /** Takes all out. */
  drain(): T[] {
    const items = this.toArray();
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
