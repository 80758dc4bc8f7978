/** A terminal that is drawn on and read key by key, and is left as it was found. */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Size } from './render.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_ALL = '\x1b[H\x1b[2J';
/** What a terminal without a size is taken for. */
const USUAL: Size = { columns: 80, rows: 24 };

/** Draws below what is on the screen already, in place. */
export class Terminal implements Disposable {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #restore = () => this[Symbol.dispose]();
  readonly #resized = () => this.#clear();
  readonly #keys: (data: Buffer) => void;
  /** Lines of the last picture. */
  #height = 0;
  #isOpen = true;

  constructor(input: ReadStream, output: WriteStream, pressed: (key: string) => void) {
    this.#input = input;
    this.#output = output;
    // What is typed fast, or pasted, comes together.
    this.#keys = (data) => {
      for (const key of data.toString('latin1')) pressed(key);
    };
    input.setRawMode(true);
    input.on('data', this.#keys);
    output.on('resize', this.#resized);
    output.write(HIDE_CURSOR);
    // Whatever ends this process.
    process.on('exit', this.#restore);
  }

  get size(): Size {
    const { columns, rows } = this.#output;
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  }

  draw(lines: readonly string[]): void {
    const up = this.#height === 0 ? '' : `\x1b[${this.#height}A`;
    this.#output.write(`${up}\r${CLEAR_BELOW}${lines.map((line) => `${line}\r\n`).join('')}`);
    this.#height = lines.length;
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    this.#output.off('resize', this.#resized);
    this.#input.off('data', this.#keys);
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(SHOW_CURSOR);
  }

  /** Lines that were wrapped anew cannot be counted. */
  #clear(): void {
    this.#height = 0;
    this.#output.write(CLEAR_ALL);
  }
}
