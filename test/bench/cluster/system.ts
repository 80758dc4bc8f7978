/** A group of three servers and three processes that put load on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AskedProcess } from '../../../examples/support/asked-process.ts';
import type { LoadCalls } from './load-program.ts';
import type { TargetOptions } from './target.ts';

// Compiled beside this file: with its own ending.
const PROGRAM = fileURLToPath(
  new URL(
    `./load-program${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
    import.meta.url,
  ),
);

export type LoadProcess = AskedProcess<LoadCalls>;

export interface System {
  readonly name: string;
  /** By id; without those that are dead. */
  readonly loads: ReadonlyMap<number, LoadProcess>;
  /** All processes that count for processor time and memory: servers, and who puts load on them. */
  pids(): readonly number[];
  serverPid(id: number): number;
  start(): Promise<void>;
  /** Id of the server that leads now. */
  leader(): Promise<number>;
  kill(id: number): Promise<void>;
  /** After `kill`: resolves when the server serves again. */
  restart(id: number): Promise<void>;
  pause(id: number): void;
  resume(id: number): void;
  stop(): Promise<void>;
}

export async function startLoad(system: string, options: TargetOptions): Promise<LoadProcess> {
  const load: LoadProcess = new AskedProcess(
    PROGRAM,
    [system, JSON.stringify(options)],
    `${system} load ${options.id}`,
  );
  await load.opened();
  return load;
}

/** A server that is a program of its own. */
export class Server {
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], log: string) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stream = createWriteStream(log, { flags: 'a' });
    this.#child.stdout?.pipe(stream, { end: false });
    this.#child.stderr?.pipe(stream, { end: false });
    this.#child.once('exit', () => stream.end());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Processor seconds so far, all threads included; the clock of these ticks 100 times a second. */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
  const ticks = texts.map((text) => {
    // The name, in brackets, may contain anything; user and system time are the 14th and 15th field.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}

/** Resident memory in MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}

/** Asks until the answer is not undefined. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within two minutes`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
