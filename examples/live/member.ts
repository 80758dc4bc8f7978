/** One process of the group, as its keeper sees it: alive, frozen or gone, and what it said last. */
import type { PeerProcess } from '../support/peer-process.ts';
import type { Condition, Look, SeenMember } from './scene.ts';

/** How the process of one peer is begun. */
export type Launch = (id: number) => PeerProcess;

export class Member {
  readonly id: number;
  readonly #launch: Launch;
  #process: PeerProcess;
  #condition: Condition = 'running';
  #since = performance.now();
  #look: Look | undefined;
  /** One question at a time: who is frozen does not answer. */
  #isAsked = false;

  constructor(process: PeerProcess, launch: Launch) {
    this.id = process.id;
    this.#process = process;
    this.#launch = launch;
  }

  get condition(): Condition {
    return this.#condition;
  }

  get seen(): SeenMember {
    const pid = this.#is('gone') ? 0 : this.#process.pid;
    const { id } = this;
    return { id, pid, condition: this.#condition, since: this.#since, look: this.#look };
  }

  /** Whether it leads, as far as is known. */
  get isLeader(): boolean {
    return this.#look?.state === 'leading';
  }

  /** Asks again, unless it still owes an answer. */
  async look(): Promise<void> {
    if (this.#isAsked || !this.#is('running')) return;
    const asked = this.#process;
    this.#isAsked = true;
    const look = await asked.ask('look').catch(() => undefined);
    if (asked !== this.#process) return;
    this.#isAsked = false;
    this.#look = look ?? this.#look;
  }

  /** @returns whether it was acknowledged */
  write(path: string): Promise<boolean> {
    return this.#process.ask('touch', path).then(
      () => true,
      () => false,
    );
  }

  kill(): void {
    if (this.#is('gone')) return;
    const killed = this.#process;
    this.#become('gone');
    killed.kill().catch(() => {});
  }

  freezeOrWake(): void {
    if (this.#is('running')) {
      this.#process.pause();
      this.#become('frozen');
    } else if (this.#is('frozen')) {
      this.#process.resume();
      this.#become('running');
    }
  }

  /** From nothing; or a clean stop first, as in a deployment. */
  async restart(): Promise<void> {
    if (this.#is('frozen')) return this.freezeOrWake();
    if (this.#is('running')) {
      this.#become('closing');
      await this.#process.close().catch(() => {});
      // It was killed meanwhile.
      if (!this.#is('closing')) return;
      this.#become('gone');
    }
    if (!this.#is('gone')) return;
    await this.#process.ended();
    // Whoever pressed the key twice.
    if (!this.#is('gone')) return;
    const launched = this.#launch(this.id);
    this.#process = launched;
    this.#isAsked = false;
    this.#look = undefined;
    this.#become('starting');
    await launched.opened().catch(() => {});
    if (this.#process !== launched || !this.#is('starting')) return;
    this.#become('running');
    await launched.ask('join').catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#is('running')) await this.#process.close().catch(() => {});
    else await this.#process.kill();
  }

  #is(condition: Condition): boolean {
    return this.#condition === condition;
  }

  #become(condition: Condition): void {
    this.#condition = condition;
    this.#since = performance.now();
  }
}
