import { join } from 'node:path';
import { freePorts } from '../../../examples/support/peer-process.ts';
import { eventually, type LoadProcess, type System, startLoad } from './system.ts';

/** What is different from three voters on loopback without a secret. */
export interface QuorateVariant {
  readonly name?: string;
  readonly voters?: number;
  readonly observers?: number;
  readonly secret?: string;
}

/** Peers that load themselves: the processes of the service are the servers. */
export class QuorateSystem implements System {
  readonly name: string;
  readonly loads: Map<number, LoadProcess> = new Map();
  readonly #directory: string;
  readonly #variant: Required<Omit<QuorateVariant, 'name' | 'secret'>>;
  readonly #secret: string | undefined;
  #servers: Readonly<Record<number, string>> = {};

  constructor(directory: string, variant: QuorateVariant = {}) {
    this.name = variant.name ?? 'quorate';
    this.#directory = join(directory, this.name.replaceAll(/\W/g, '-'));
    this.#variant = { voters: variant.voters ?? 3, observers: variant.observers ?? 0 };
    this.#secret = variant.secret;
  }

  get voters(): readonly number[] {
    return Array.from({ length: this.#variant.voters }, (_, at) => at + 1);
  }

  get observers(): readonly number[] {
    return Array.from(
      { length: this.#variant.observers },
      (_, at) => this.#variant.voters + at + 1,
    );
  }

  /** Where each of its peers listens. */
  get servers(): Readonly<Record<number, string>> {
    return this.#servers;
  }

  pids(): readonly number[] {
    return [...this.loads.values()].map(({ pid }) => pid);
  }

  serverPid(id: number): number {
    return this.#load(id).pid;
  }

  async start(): Promise<void> {
    const ids = [...this.voters, ...this.observers];
    const ports = await freePorts(ids.length);
    this.#servers = Object.fromEntries(ids.map((id, at) => [id, `ws://127.0.0.1:${ports[at]}`]));
    await Promise.all(ids.map((id) => this.#open(id)));
    await this.leader();
  }

  leader(): Promise<number> {
    return eventually('a leader of quorate', async () => {
      const all = await Promise.all([...this.loads.values()].map((load) => load.ask('status')));
      const [leader] = all.map((status) => status?.leader);
      const isAgreed = all.every((status) => status?.leader === leader);
      return isAgreed && leader !== undefined && this.loads.has(leader) ? leader : undefined;
    });
  }

  async kill(id: number): Promise<void> {
    const load = this.#load(id);
    this.loads.delete(id);
    await load.kill();
  }

  async restart(id: number): Promise<void> {
    await this.#open(id);
    await this.#load(id).ask('prepare', 0);
  }

  pause(id: number): void {
    this.#load(id).pause();
  }

  resume(id: number): void {
    this.#load(id).resume();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.loads.values()].map((load) => load.kill()));
  }

  async #open(id: number): Promise<void> {
    const dataDir = join(this.#directory, String(id));
    const { observers } = this;
    const options = { id, servers: this.#servers, dataDir, observers, secret: this.#secret };
    this.loads.set(id, await startLoad('quorate', options));
  }

  #load(id: number): LoadProcess {
    const load = this.loads.get(id);
    if (load === undefined) throw new Error(`peer ${id} is not there`);
    return load;
  }
}
