/** Processes whose disk fails on command; see disk-shim.c. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { directory } from '../directories.ts';

const SOURCE = fileURLToPath(new URL('disk-shim.c', import.meta.url));

/** What goes wrong from now on; `once`: with the next call only. */
export type Order = `${'write' | 'sync'} ${'EIO' | 'ENOSPC'}${'' | ' once'}`;

/** Why there is no shim here; false: there is one. */
export async function shimIsMissing(): Promise<string | false> {
  if (process.platform !== 'linux') return 'a preloaded library needs Linux';
  try {
    await promisify(execFile)('cc', ['--version']);
    return false;
  } catch {
    return 'there is no C compiler';
  }
}

/** Compiles the shim. */
export async function buildShim(library: string): Promise<void> {
  const flags = ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-lpthread'];
  await promisify(execFile)('cc', flags);
}

/** What a process has to be told to run on such a disk; with `loses` what it has not synced dies with it. */
export function shimEnvironment(
  library: string,
  { below, orders }: { readonly below: string; readonly orders: string },
  loses: boolean,
): Record<string, string> {
  return {
    LD_PRELOAD: library,
    DISK_SHIM_BELOW: below,
    DISK_SHIM_ORDERS: orders,
    ...(loses ? { DISK_SHIM_LOSES: '1' } : {}),
  };
}

/** A disk for the programs of one test. */
export class ShimmedDisk {
  /** Only what lies below it is concerned. */
  readonly path: string;
  readonly #library: string;
  readonly #orders: string;
  readonly #t: TestContext;

  private constructor(t: TestContext, path: string) {
    this.#t = t;
    this.path = join(path, 'disk');
    this.#library = join(path, 'disk-shim.so');
    this.#orders = join(path, 'orders');
  }

  static async make(t: TestContext): Promise<ShimmedDisk> {
    const disk = new ShimmedDisk(t, await directory(t));
    await buildShim(disk.#library);
    return disk;
  }

  async order(order: Order): Promise<void> {
    await writeFile(this.#orders, order);
  }

  async heal(): Promise<void> {
    await rm(this.#orders, { force: true });
  }

  /** Runs a program of this folder on the disk; with `loses` what it has not synced dies with it. */
  run(program: string, args: readonly string[], loses: boolean): ShimmedProcess {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const place = { below: this.path, orders: this.#orders };
    const env = { ...process.env, ...shimEnvironment(this.#library, place, loses) };
    const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#t.after(() => child.kill('SIGKILL'));
    return new ShimmedProcess(child);
  }
}

/** A program that tells line by line what it has done. */
export class ShimmedProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit');
    if (child.stdout === null) throw new TypeError('a program without an output');
    createInterface(child.stdout).on('line', (line) => this.#lines.push(line));
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Resolves once a line satisfies; rejects when the program ends without, or takes a minute. */
  async line(satisfies: (line: string) => boolean): Promise<string> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const found = this.#lines.find(satisfies);
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error(`ended after: ${this.#lines.at(-1)}`);
      if (performance.now() > deadline) throw new Error(`still at: ${this.#lines.at(-1)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Sends SIGKILL and waits for the last line. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Tells the program to end; answers its exit code. */
  async end(): Promise<number | null> {
    this.#child.stdin?.end();
    await this.#exited;
    return this.#child.exitCode;
  }
}
