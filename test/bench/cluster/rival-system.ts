/** Servers of another kind, each a process of its own, and three Node processes that use them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../../examples/support/peer-process.ts';
import { eventually, type LoadProcess, Server, type System, startLoad } from './system.ts';

const IDS = [1, 2, 3] as const;

/** Where one server listens. */
export interface Place {
  readonly id: number;
  readonly directory: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly thirdPort: number;
}

/** What is particular to one rival. */
export interface Rival {
  readonly name: string;
  /** Whether it is one server, whoever uses it. @default three */
  readonly isAlone?: boolean;
  /** Why it cannot be measured here; undefined if it can. */
  missing(): Promise<string | undefined>;
  /** Of the server and of its client, for who reads the figures. */
  version(): Promise<string>;
  /** Writes its configuration; returns the command that starts the server. */
  command(place: Place, all: readonly Place[]): Promise<readonly [string, ...string[]]>;
  /** Whether this server leads; throws while it does not serve. */
  isLeader(place: Place): Promise<boolean>;
}

export class RivalSystem implements System {
  readonly name: string;
  readonly loads: Map<number, LoadProcess> = new Map();
  readonly #rival: Rival;
  readonly #directory: string;
  readonly #servers = new Map<number, Server>();
  #places: readonly Place[] = [];

  constructor(rival: Rival, directory: string) {
    this.name = rival.name;
    this.#rival = rival;
    this.#directory = join(directory, rival.name);
  }

  get #ids(): readonly number[] {
    return this.#rival.isAlone === true ? [1] : IDS;
  }

  pids(): readonly number[] {
    const servers = [...this.#servers.values()].map(({ pid }) => pid);
    return [...servers, ...[...this.loads.values()].map(({ pid }) => pid)];
  }

  serverPid(id: number): number {
    return this.#servers.get(id)?.pid ?? 0;
  }

  async start(): Promise<void> {
    const ports = await freePorts(3 * IDS.length);
    this.#places = this.#ids.map((id, at) => ({
      id,
      directory: join(this.#directory, String(id)),
      clientPort: ports[3 * at] ?? 0,
      peerPort: ports[3 * at + 1] ?? 0,
      thirdPort: ports[3 * at + 2] ?? 0,
    }));
    await Promise.all(this.#ids.map((id) => this.#open(id)));
    await this.leader();
    const addresses = this.#places.map(({ id, clientPort }) => [id, `127.0.0.1:${clientPort}`]);
    const servers = Object.fromEntries(addresses);
    for (const id of IDS) {
      const options = { id, servers, dataDir: '', observers: [], secret: undefined };
      this.loads.set(id, await startLoad(this.name, options));
    }
  }

  leader(): Promise<number> {
    return eventually(`a leader of ${this.name}`, async () => {
      for (const place of this.#places) {
        if (!this.#servers.has(place.id)) continue;
        if (await this.#rival.isLeader(place).catch(() => false)) return place.id;
      }
      return undefined;
    });
  }

  async kill(id: number): Promise<void> {
    const server = this.#servers.get(id);
    this.#servers.delete(id);
    await server?.kill();
  }

  async restart(id: number): Promise<void> {
    await this.#open(id);
    const place = this.#place(id);
    await eventually(`server ${id} of ${this.name}`, async () => {
      await this.#rival.isLeader(place);
      return true;
    });
  }

  pause(id: number): void {
    this.#servers.get(id)?.signal('SIGSTOP');
  }

  resume(id: number): void {
    this.#servers.get(id)?.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.loads.values()].map((load) => load.kill()));
    await Promise.all([...this.#servers.values()].map((server) => server.kill()));
  }

  async #open(id: number): Promise<void> {
    const place = this.#place(id);
    await mkdir(place.directory, { recursive: true });
    const [command, ...args] = await this.#rival.command(place, this.#places);
    this.#servers.set(id, new Server(command, args, join(place.directory, 'server.log')));
  }

  #place(id: number): Place {
    const place = this.#places.find((one) => one.id === id);
    if (place === undefined) throw new Error(`no server ${id}`);
    return place;
  }
}
