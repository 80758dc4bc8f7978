/** The group under test: processes on directories of their own, and a proxy for each directed link between them. */
import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AskedProcess } from '../../examples/support/asked-process.ts';
import { freePorts } from '../../examples/support/peer-process.ts';
import type { PeerAddress, PeerStatus } from '../../lib/index.ts';
import { shimEnvironment } from '../storage/shim/disk-shim.ts';
import { damageFile } from './damage.ts';
import type { ProgramCalls, ProgramOptions } from './host.ts';
import type { DiskFailure } from './plan.ts';
import { Link } from './proxy.ts';

/** How long the group may take for what it must do, in ms, on a machine that is busy with other things. */
export const PATIENCE = 120_000;

type Running = AskedProcess<ProgramCalls>;

/** One peer's place: its directory stays, its processes come and go. */
interface Place {
  readonly id: number;
  readonly port: number;
  readonly role: 'participant' | 'observer';
  life: number;
  process: Running | undefined;
}

/** What a group needs to be. */
export interface GroupOptions {
  /** The file of the program that the processes run. */
  readonly program: string;
  /** Ms without contact after which sessions end. */
  readonly sessionTimeout: number;
  /** The port of the resource that it writes to; 0: there is none. */
  readonly resource: number;
  /** Voters, with the ids from 1 on. */
  readonly peers: number;
  /** With the ids behind those of the voters. */
  readonly observers: number;
  readonly directory: string;
  /** The preloaded library that makes disks fail, where there is one. */
  readonly shim: string | undefined;
  readonly idle: number;
  /** Something that nobody asked for has happened. */
  readonly failed: (text: string) => void;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export class Group {
  readonly links: readonly Link[];
  readonly #places: readonly Place[];
  readonly #options: GroupOptions;
  #isClosed = false;

  private constructor(options: GroupOptions, places: readonly Place[], links: readonly Link[]) {
    this.#options = options;
    this.#places = places;
    this.links = links;
  }

  static async open(options: GroupOptions): Promise<Group> {
    const ports = await freePorts(options.peers + options.observers);
    const places = ports.map((port, at): Place => {
      const role = at < options.peers ? 'participant' : 'observer';
      return { id: at + 1, port, role, life: 0, process: undefined };
    });
    const pairs = places.flatMap((from) =>
      places.filter((to) => to !== from).map((to) => Link.open(from.id, to.id, to.port)),
    );
    for (const name of ['disk', 'old', 'orders', 'history']) {
      await mkdir(join(options.directory, name), { recursive: true });
    }
    return new Group(options, places, await Promise.all(pairs));
  }

  get ids(): readonly number[] {
    return this.#places.map(({ id }) => id);
  }

  isVoter(id: number): boolean {
    return this.#place(id).role === 'participant';
  }

  get historyDirectory(): string {
    return join(this.#options.directory, 'history');
  }

  get stores(): readonly { readonly id: number; readonly directory: string }[] {
    return this.ids.map((id) => ({ id, directory: this.#disk(id) }));
  }

  isRunning(id: number): boolean {
    return this.#place(id).process !== undefined;
  }

  /** Starts a process on the peer's directory; it works as soon as it can. */
  async start(id: number): Promise<void> {
    if (this.#isClosed) throw new Error('the group is closed');
    const place = this.#place(id);
    const { shim, idle, failed, resource, sessionTimeout } = this.#options;
    place.life += 1;
    const name = `${id}.${place.life}`;
    const peers = this.#addressesFor(place);
    const program: ProgramOptions = {
      options: { id, peers, dataDir: this.#disk(id), snapCount: 1_000, sessionTimeout },
      history: join(this.historyDirectory, `${name}.jsonl`),
      ...{ name, idle, resource },
    };
    const disk = { below: this.#disk(id), orders: this.#orders(id) };
    // Half of the processes lose what they have not synced when they are killed, as machines do.
    const loses = place.life % 2 === 0;
    const environment = shim === undefined ? {} : shimEnvironment(shim, disk, loses);
    const process = new AskedProcess<ProgramCalls>(
      this.#options.program,
      [JSON.stringify(program)],
      `process ${name}`,
      environment,
    );
    place.process = process;
    void process.ended().then(() => {
      if (place.process !== process) return;
      place.process = undefined;
      failed(`process ${name} ended by itself`);
    });
    await Promise.race([process.opened(), process.ended()]);
    process.ask('load').catch(() => {});
  }

  async kill(id: number): Promise<void> {
    const place = this.#place(id);
    const { process } = place;
    place.process = undefined;
    await process?.kill();
  }

  /** SIGTERM: it closes its peer and ends. */
  async terminate(id: number): Promise<void> {
    const place = this.#place(id);
    const { process } = place;
    place.process = undefined;
    process?.terminate();
    await within(`the close of peer ${id}`, process?.ended() ?? Promise.resolve());
  }

  pause(id: number): void {
    this.#place(id).process?.pause();
  }

  resume(id: number): void {
    this.#place(id).process?.resume();
  }

  /** Asks a process that may die before it answers. */
  async ask<K extends keyof ProgramCalls>(
    id: number,
    name: K,
    ...args: Parameters<ProgramCalls[K]>
  ): Promise<Awaited<ReturnType<ProgramCalls[K]>>> {
    const { process } = this.#place(id);
    if (process === undefined) throw new Error(`peer ${id} is down`);
    return process.ask(name, ...args);
  }

  /** Undefined: it is down, frozen or busy. */
  async status(id: number): Promise<PeerStatus | undefined> {
    const status = this.ask(id, 'status').catch(() => undefined);
    return Promise.race([status, pause(500).then(() => undefined)]);
  }

  /** The leader as far as anybody says; else the first peer. */
  async leader(): Promise<number> {
    const all = await Promise.all(this.ids.map((id) => this.status(id)));
    const leader = this.ids.find((_, at) => all[at]?.state === 'leading' && all[at]?.serving);
    return leader ?? 1;
  }

  async wipe(id: number): Promise<void> {
    await rm(this.#disk(id), { recursive: true, force: true });
  }

  async keepCopy(id: number): Promise<void> {
    await rm(this.#old(id), { recursive: true, force: true });
    await cp(this.#disk(id), this.#old(id), { recursive: true });
  }

  async restoreCopy(id: number): Promise<void> {
    await this.wipe(id);
    await cp(this.#old(id), this.#disk(id), { recursive: true });
  }

  async breakDisk(id: number, failure: DiskFailure): Promise<void> {
    await writeFile(this.#orders(id), failure);
  }

  async mendDisk(id: number): Promise<void> {
    await rm(this.#orders(id), { force: true });
  }

  /** Damages a file of a peer that is down: the largest that LevelDB has written. Resolves with its name. */
  async damage(id: number, place: number, cutsShort: boolean): Promise<string> {
    return damageFile(this.#disk(id), place, cutsShort);
  }

  /** From now on no file of the process grows beyond so many bytes (RLIMIT_FSIZE). */
  async limitFiles(id: number, bytes: number): Promise<void> {
    const pid = this.#place(id).process?.pid;
    if (pid === undefined) throw new Error(`peer ${id} is down`);
    await promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${bytes}`]);
  }

  /** Kills what is alive and lets go of all ports. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.ids.map((id) => this.kill(id)));
    await Promise.all(this.links.map((link) => link.close()));
  }

  #addressesFor(place: Place): Record<number, PeerAddress> {
    const own = [place.id, `ws://127.0.0.1:${place.port}`] as const;
    const others = this.links
      .filter(({ from }) => from === place.id)
      .map(({ to, url }) => [to, url] as const);
    const entries = [own, ...others].map(([id, url]) => [id, { url, role: this.#place(id).role }]);
    return Object.fromEntries(entries);
  }

  #place(id: number): Place {
    const place = this.#places.find((one) => one.id === id);
    if (place === undefined) throw new Error(`there is no peer ${id}`);
    return place;
  }

  #disk(id: number): string {
    return join(this.#options.directory, 'disk', String(id));
  }

  #old(id: number): string {
    return join(this.#options.directory, 'old', String(id));
  }

  #orders(id: number): string {
    return join(this.#options.directory, 'orders', String(id));
  }
}

/** Waits for what must come. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until something holds. */
export async function eventually(
  what: string | (() => string),
  holds: () => Promise<boolean>,
): Promise<void> {
  for (const end = performance.now() + PATIENCE; !(await holds()); await pause(50)) {
    if (performance.now() < end) continue;
    throw new Error(`${typeof what === 'string' ? what : what()}: not within ${PATIENCE} ms`);
  }
}
