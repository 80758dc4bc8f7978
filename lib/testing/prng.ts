/**
 * The only source of chance in a simulation: Chris Doty-Humphrey's small fast counter generator
 * (sfc32). Every actor draws from a stream of its own, so that leaving one fault out of a schedule
 * does not change what the others draw.
 */
export class Prng {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** Equal labels give equal streams; a label is any sequence of numbers. */
  constructor(...label: readonly number[]) {
    for (const word of label) {
      this.#a ^= word >>> 0;
      this.#b ^= Math.floor(word / 0x1_0000_0000) >>> 0;
      for (let round = 0; round < 12; round += 1) this.uint32();
    }
  }

  /** 32 random bits. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.float() * count);
  }

  /** In [low, high), not rounded. */
  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  /** An integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** Positive, of the given mean, mostly smaller and now and then much greater. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.float());
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** One of the values, each as often as its weight says. */
  weighted<T>(items: readonly (readonly [T, number])[]): T {
    let left = this.float() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return (items[items.length - 1] as readonly [T, number])[0];
  }

  /** A new array in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let at = result.length - 1; at > 0; at -= 1) {
      const other = this.below(at + 1);
      [result[at], result[other]] = [result[other] as T, result[at] as T];
    }
    return result;
  }

  /** So many hexadecimal digits. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.uint32().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
}
