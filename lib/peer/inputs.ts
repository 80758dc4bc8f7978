import { Fifo } from '../base/fifo.ts';

/** Bytes of frames that one turn takes in: a copy of the tree is restored as fast as it comes in. */
const TURN_BYTES = 256 * 1024;
/** With more than this in memory all is taken at once: memory is dearer than time then. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

interface Input {
  readonly act: () => void;
  readonly bytes: number;
}

/** What came in since the last turn, in its order. */
export class Inputs {
  #waiting: Fifo<Input> = new Fifo();
  #bytes = 0;

  /** @param bytes of the frame that it is about. */
  push(act: () => void, bytes = 0): void {
    this.#waiting.push({ act, bytes });
    this.#bytes += bytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Does what came in, as much as is a turn's share. What comes in meanwhile is for another turn. */
  take(): void {
    let left = this.#bytes > WAITING_BYTES_MAX ? this.#bytes : TURN_BYTES;
    for (let count = this.#waiting.size; count > 0 && left > 0; count -= 1) {
      const input = this.#waiting.shift();
      if (input === undefined) return;
      this.#bytes -= input.bytes;
      left -= input.bytes;
      input.act();
    }
  }

  clear(): void {
    this.#waiting = new Fifo();
    this.#bytes = 0;
  }
}
