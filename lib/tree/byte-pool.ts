/** Copies of up to so many bytes are cut from a common buffer, as Node's own are: an ArrayBuffer for each costs ten times as much. */
const POOLED_MAX = 512;
const POOL_SIZE = 0x4000;

/** Makes copies of what lies at a word of some memory. Who is given one may write into it, and nowhere else. */
export class BytePool {
  #words = new Int32Array(0);
  #buffer: ArrayBuffer = this.#words.buffer;
  /** Words handed out. */
  #used = 0;

  /** `length` bytes from the word `from` on. */
  copy(source: Int32Array, from: number, length: number): Uint8Array {
    if (length > POOLED_MAX)
      return new Uint8Array(source.buffer.slice(from * 4, from * 4 + length));
    const count = (length + 3) >> 2;
    if (this.#used + count > this.#words.length) {
      this.#buffer = new ArrayBuffer(POOL_SIZE);
      this.#words = new Int32Array(this.#buffer);
      this.#used = 0;
    }
    const words = this.#words;
    const to = this.#used;
    // By hand: a call of set() costs as much as this whole loop, and needs a view of its own.
    for (let at = 0; at < count; at += 1) words[to + at] = source[from + at] as number;
    this.#used = to + count;
    return new Uint8Array(this.#buffer, to * 4, length);
  }
}
