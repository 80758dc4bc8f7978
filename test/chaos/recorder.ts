/** Writes down what is asked and answered, in a file that outlives the process: one line each, before the next thing happens. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Outcome } from '../../lib/index.ts';
import type { Claim, Deed, GrantTold, Instant, Reply, Request, Told } from './history.ts';

/** One line of such a file. */
export type Line =
  | { readonly t: 'peer'; readonly peer: number }
  | {
      readonly t: 'invoke';
      readonly id: string;
      readonly session: bigint;
      readonly isKeeper: boolean;
      readonly at: Instant;
      readonly request: Request;
    }
  | { readonly t: 'reply'; readonly id: string; readonly at: Instant; readonly reply: Reply }
  | { readonly t: 'settled'; readonly id: string; readonly outcome: Outcome }
  | ({ readonly t: 'snapshot' | 'transaction' } & Told & { readonly at: Instant })
  | ({ readonly t: 'claim' } & Claim)
  | ({ readonly t: 'grant' } & GrantTold)
  | ({ readonly t: 'deed' } & Deed)
  | { readonly t: 'closed'; readonly session: bigint; readonly at: Instant }
  | { readonly t: 'complaint'; readonly text: string };

const BIG = /^-?\d+n$/;

/** A line as text; bigints as `12n`, which no id of an operation looks like. */
export function writeLine(line: Line): string {
  return JSON.stringify(line, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

export function readLine(text: string): Line {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'string' && BIG.test(value)) return BigInt(value.slice(0, -1));
    // JSON knows no other nothing in an array.
    return value === null ? undefined : value;
  });
}

/** Now, for all processes of this machine. */
export function instant(): Instant {
  return Number(process.hrtime.bigint() / 1_000n);
}

export class Recorder {
  readonly #path: string;
  #file: number;
  #files = 1;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'a');
  }

  /** Where no file may grow any further, what is left of the line is the beginning of the next one. */
  record(line: Line): void {
    let bytes = Buffer.from(`${writeLine(line)}\n`);
    bytes = bytes.subarray(this.#write(bytes));
    while (bytes.length > 0) {
      closeSync(this.#file);
      this.#files += 1;
      this.#file = openSync(`${this.#path}.${String(this.#files).padStart(6, '0')}`, 'a');
      const written = this.#write(bytes);
      if (written === 0) throw new Error('a history cannot be written');
      bytes = bytes.subarray(written);
    }
  }

  #write(bytes: Uint8Array): number {
    try {
      return writeSync(this.#file, bytes);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EFBIG') return 0;
      throw error;
    }
  }
}
