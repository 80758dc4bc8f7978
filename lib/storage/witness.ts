/**
 * What the store has acknowledged, beside LevelDB. LevelDB takes a log that was cut short, or is gone,
 * for one that was never longer: the last groups, and the tail mark with them, would be missing without
 * a trace. The witness is a file of its own that counts batches: each is counted after it is synced, so
 * the count is a lower bound of what LevelDB must still hold, whatever a crash does.
 *
 * It is written some milliseconds later, for several batches at once: what a disk must lose at the very
 * moment of a crash to stay unnoticed is that little. It is not synced itself: a power cut may take the latest counts back, which only makes the bound lower.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DecodeError } from '../wire/decode-error.ts';
import { seal, unseal } from '../wire/sealed.ts';
import { readIfAny } from './read-if-any.ts';

/** Of the witness, in the directory. */
const WITNESS_FILE = 'witness';

const BYTES = 8;
/** From an acknowledgement to its count on disk, in ms. */
const PAUSE = 20;

/**
 * How many batches a store in this directory has acknowledged at least; undefined: there is no witness, or
 * an empty one, as a first start leaves that ended before it could write a byte.
 * @throws DecodeError if it is damaged
 */
export async function readWitness(directory: string): Promise<number | undefined> {
  const sealed = await readIfAny(join(directory, WITNESS_FILE));
  if (sealed === undefined || sealed.length === 0) return undefined;
  const plain = unseal(sealed, BYTES, 'witness');
  if (plain.length !== BYTES) throw new DecodeError('witness', `${plain.length} bytes long`);
  return Number(new DataView(plain.buffer, plain.byteOffset, BYTES).getBigUint64(0));
}

export class Witness {
  readonly #file: FileHandle;
  #written: number;
  #wanted: number;
  /** Never rejects. */
  #writing: Promise<void> = Promise.resolve();
  /** Set from an acknowledgement until it is written. */
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = false;
  #closed = false;
  #failed: (error: unknown) => void = () => {};

  private constructor(file: FileHandle, acknowledged: number) {
    this.#file = file;
    this.#written = acknowledged;
    this.#wanted = acknowledged;
  }

  /** Goes on with the witness that was read; without one, makes it, durably: nothing is acknowledged yet. */
  static async open(directory: string, acknowledged: number | undefined): Promise<Witness> {
    const isNew = acknowledged === undefined;
    const file = await open(join(directory, WITNESS_FILE), isNew ? 'w' : 'r+');
    const witness = new Witness(file, acknowledged ?? 0);
    if (!isNew) return witness;
    try {
      await witness.#write(0);
      await file.sync();
      return witness;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Whom to tell that it could not be written. */
  set onFailure(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Batch number `sequence` is synced. Written in the background, a little later, with all that came meanwhile. */
  acknowledge(sequence: number): void {
    this.#wanted = sequence;
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#writing = this.#catchUp();
    }, PAUSE);
    this.#timer.unref();
  }

  /** Writes what is acknowledged and not written yet. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    if (!this.#hasFailed) await this.#catchUp();
    await this.#file.close();
  }

  async #catchUp(): Promise<void> {
    try {
      if (this.#written < this.#wanted) await this.#write(this.#wanted);
      this.#timer = undefined;
    } catch (error) {
      // The timer stays: what failed once is not tried again (rule G6).
      this.#hasFailed = true;
      this.#failed(error);
      return;
    }
    if (this.#written < this.#wanted) this.acknowledge(this.#wanted);
  }

  async #write(sequence: number): Promise<void> {
    const view = new DataView(new ArrayBuffer(BYTES));
    view.setBigUint64(0, BigInt(sequence));
    const sealed = seal(new Uint8Array(view.buffer));
    await this.#file.write(sealed, 0, sealed.length, 0);
    this.#written = sequence;
  }
}
