/** Peers in processes of their own, for examples and tests that kill them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Calls, Contents, Question } from './peer-program.ts';

const PROGRAM = fileURLToPath(new URL('./peer-program.ts', import.meta.url));

type Result<K extends keyof Calls> = Awaited<ReturnType<Calls[K]>>;

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** A peer in a process of its own, and what it can be asked for. */
export class PeerProcess {
  readonly id: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  constructor(id: number, peers: Readonly<Record<number, string>>, dataDir: string) {
    this.id = id;
    // 'advanced' carries bigints, such as zxids.
    const args = [String(id), JSON.stringify(peers), dataDir];
    this.#child = fork(PROGRAM, args, { serialization: 'advanced' });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (answer: Answer) => this.#answered(answer));
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`process ${id} has ended`));
    });
  }

  /** Resolves when the local part of the peer stands. */
  opened(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
  }

  /** What nobody waits for any more when the process ends is nobody's error. */
  ask<K extends keyof Calls>(name: K, ...args: Parameters<Calls[K]>): Promise<Result<K>> {
    this.#number += 1;
    const number = this.#number;
    const answer = new Promise<Result<K>>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ number, name, args } satisfies Question);
    });
    answer.catch(() => {});
    return answer;
  }

  /** No goodbye. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** As a machine that is suspended: it neither answers nor ends. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** And wakes up. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends its session, hands leadership over, and ends. */
  async close(): Promise<void> {
    await this.ask('close');
    await this.#exited;
  }

  #answered({ number, result, error }: Answer): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(error));
  }
}

/** Ports of the loopback interface that nobody uses. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(portOf));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/**
 * What the peers hold once they stand at the same transaction: with nobody writing, they get there by
 * themselves as soon as the sessions of the last restart are opened.
 */
export async function contentsOf(peers: readonly PeerProcess[]): Promise<readonly Contents[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const all = await Promise.all(peers.map((one) => one.ask('contents')));
    if (new Set(all.map(({ zxid }) => zxid)).size === 1) return all;
    if (performance.now() > deadline)
      throw new Error('the peers do not reach the same transaction');
  }
}
