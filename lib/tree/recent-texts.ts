/** Places for texts; a power of two. */
const PLACES = 4096;
/** Longer texts are not kept: all of them are a few megabytes at most. */
const UNITS_MAX = 1024;
const NOBODY = -1;

/**
 * The data of the nodes that were read lately, as text: most of what is read is read again before it is
 * changed, and to copy it and to decode it costs as much as all else of a read. Each row has one place,
 * which it shares with others; who comes last has it. Whoever changes the data of a row says so here.
 */
export class RecentTexts {
  /** By place. */
  readonly #rows: Int32Array = new Int32Array(PLACES).fill(NOBODY);
  readonly #texts: string[] = new Array<string>(PLACES).fill('');

  /** What the row says, if that is remembered. */
  get(row: number): string | undefined {
    const place = row & (PLACES - 1);
    return this.#rows[place] === row ? this.#texts[place] : undefined;
  }

  keep(row: number, text: string): void {
    if (text.length > UNITS_MAX) return;
    const place = row & (PLACES - 1);
    this.#rows[place] = row;
    this.#texts[place] = text;
  }

  /** The row says something else now, or is no more. */
  forget(row: number): void {
    const place = row & (PLACES - 1);
    if (this.#rows[place] !== row) return;
    this.#rows[place] = NOBODY;
    this.#texts[place] = '';
  }
}
