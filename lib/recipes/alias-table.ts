/** Draws by weight in the same time however many there are (Walker's alias method, as Vose builds it). */
export class AliasTable {
  /** For each place, how likely it is that it is drawn when it is hit; else its alias is. */
  readonly #chances: Float64Array;
  readonly #aliases: Uint32Array;

  /** @param weights 0 or more, not all of them 0 */
  constructor(weights: readonly number[]) {
    const count = weights.length;
    // Relative to the greatest one first: a sum of what others may write is perhaps beyond all numbers.
    const most = weights.reduce((greatest, weight) => Math.max(greatest, weight), 0);
    const mean = weights.reduce((sum, weight) => sum + weight / most, 0) / count;
    this.#chances = new Float64Array(count).fill(1);
    this.#aliases = Uint32Array.from(weights, (_, at) => at);
    const shares = weights.map((weight) => weight / most / mean);
    const poor: number[] = [];
    const rich: number[] = [];
    for (const [at, share] of shares.entries()) (share < 1 ? poor : rich).push(at);
    for (;;) {
      const from = poor.pop();
      const to = rich.at(-1);
      // What is left over differs from 1 by rounding alone.
      if (from === undefined || to === undefined) return;
      const share = shares[from] ?? 1;
      this.#chances[from] = share;
      this.#aliases[from] = to;
      const left = (shares[to] ?? 1) - (1 - share);
      shares[to] = left;
      if (left < 1) {
        rich.pop();
        poor.push(to);
      }
    }
  }

  /** The place that was drawn. */
  draw(): number {
    const hit = Math.random() * this.#chances.length;
    const at = Math.floor(hit);
    return hit - at < (this.#chances[at] ?? 1) ? at : (this.#aliases[at] ?? at);
  }
}
