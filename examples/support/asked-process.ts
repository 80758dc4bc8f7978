/** A program in a process of its own that answers questions over IPC. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a program can be asked for: functions by name. */
export type Answers<C> = { readonly [K in keyof C]: (...args: never[]) => Promise<unknown> };

/** One question. */
export interface Question {
  readonly number: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** And its answer. Number 0 is the program's word that it is ready for questions. */
export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** The process, seen by who started it. */
export class AskedProcess<C extends Answers<C>> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  /** @param environment variables that the program has besides those of this process */
  constructor(
    program: string,
    args: readonly string[],
    name: string,
    environment: Readonly<Record<string, string>> = {},
  ) {
    // 'advanced' carries bigints, such as zxids.
    const env = { ...process.env, ...environment };
    this.#child = fork(program, args, { serialization: 'advanced', env });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (answer: Answer) => this.#answered(answer));
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} has ended`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the program is ready for questions. */
  opened(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
  }

  /** What nobody waits for any more when the process ends is nobody's error. */
  ask<K extends keyof C & string>(
    name: K,
    ...args: Parameters<C[K]>
  ): Promise<Awaited<ReturnType<C[K]>>> {
    this.#number += 1;
    const number = this.#number;
    const answer = new Promise<Awaited<ReturnType<C[K]>>>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      // To a process that is gone nothing can be sent.
      this.#child.send(
        { number, name, args } satisfies Question,
        (error) => error && reject(error),
      );
    });
    answer.catch(() => {});
    return answer;
  }

  /** No goodbye. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks it to end in good order, as who deploys a new version does. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** As a machine that is suspended: it neither answers nor ends. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** And wakes up. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Resolves when the process has ended, whatever ended it. */
  async ended(): Promise<void> {
    await this.#exited;
  }

  #answered({ number, result, error }: Answer): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(error));
  }
}

/** The program's side: answers until whoever started it is gone. */
export function answer<C extends Answers<C>>(calls: C, gone: () => void): void {
  process.on('message', async ({ number, name, args }: Question) => {
    const call: ((...args: never[]) => Promise<unknown>) | undefined = calls[name as keyof C];
    const asked = call?.(...(args as never[])) ?? Promise.reject(new Error(`no answer to ${name}`));
    const reply: Answer = await asked.then(
      (result) => ({ number, result }),
      (error: unknown) => ({ number, error: String(error) }),
    );
    process.send?.(reply);
  });
  process.on('disconnect', gone);
  process.send?.({ number: 0 } satisfies Answer);
}
