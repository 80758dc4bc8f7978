/**
 * One store, one directory. LevelDB's lock belongs to a process, and on some shared volumes to nobody:
 * two copies of this package in one process would both get it, and so would two machines. Hence two
 * things more: a registry that all copies in a thread share, and a record in the directory that names
 * the holder and is written anew every second while the directory is open.
 *
 * A record of this machine is judged by its process. One of another machine, or of another start of
 * this one, may be left over: containers change their names; and so may one of a thread of this process. It is watched for a while and holds as
 * long as it changes. A holder that finds another's record in place of its own writes no more; one that
 * has not looked for a while, because its process was frozen or the record could not be read, writes only
 * when it has looked.
 *
 * A record is replaced by who may be wrong about it only: one that is judged by its process is left as it
 * is until LevelDB's lock is got. From a container the processes of another one cannot be seen, and a start
 * that fails must not cost the holder its directory.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { QuorateError } from '../base/errors.ts';
import { isProcess, kernelBoot, startOfProcess } from './process-life.ts';
import { readIfAny } from './read-if-any.ts';

/** How often a record is written anew, and how long a stranger's is watched, in ms. */
export interface OwnerTiming {
  readonly beat: number;
  readonly watch: number;
}

/** Four beats: a holder whose event loop is blocked for less is not taken for dead. */
const TIMING: OwnerTiming = { beat: 1_000, watch: 4_000 };

/** A record that cannot be read is asked for so often in the time that a stranger's is watched, ... */
const LOOKS = 16;
/** ... and for so many times that: whoever has no handle left for a while, or a disk that is away, goes on. */
const PATIENCE = 4;

/** Of the record, in the directory. */
export const OWNER_FILE = 'owner';

/** By both clocks, in ms. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

function now(): Moment {
  return { monotonic: performance.now(), wall: Date.now() };
}

/** Who holds, or held, a directory. */
interface Owner {
  readonly pid: number;
  /** Of the process: 0 is the main one, and no number is given twice. */
  readonly thread: number;
  readonly host: string;
  /** Of the machine's kernel; empty where there is no such thing. */
  readonly boot: string;
  /** When the process began, as its kernel counts; empty where that is not to be had. */
  readonly started: string;
  /** The directory's own number: a copy of the directory is nobody's. */
  readonly directory: string;
  /** Another one each time the directory is opened. */
  readonly token: string;
}

/** Directories open in this thread, by device and number; shared by all copies of this package. */
function openDirectories(): Set<unknown> {
  const name = Symbol.for('quorate.open-directories');
  const found: unknown = Reflect.get(globalThis, name);
  if (found instanceof Set) return found;
  const directories = new Set<unknown>();
  Object.defineProperty(globalThis, name, { value: directories });
  return directories;
}

export class DirectoryOwner {
  readonly #path: string;
  readonly #owner: Owner;
  readonly #identity: string;
  readonly #timing: OwnerTiming;
  #beats = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Under way; never rejects. */
  #beating: Promise<void> | undefined;
  /** When the record was read last and found to be ours, by both clocks: one of them may stand still while the machine sleeps. */
  #seen: Moment = now();
  /** The record is written. */
  #isTaken = false;
  #loss: QuorateError | undefined;
  /** Why the record could not be read or renewed when that was last tried; undefined: it could. */
  #trouble: unknown;
  #lost: (error: QuorateError) => void = () => {};

  private constructor(path: string, owner: Owner, identity: string, timing: OwnerTiming) {
    this.#path = path;
    this.#owner = owner;
    this.#identity = identity;
    this.#timing = timing;
  }

  /**
   * Makes the directory if there is none, and finds that nobody else holds it. To be followed by {@link take}
   * once LevelDB is open.
   * @throws `DIRECTORY_LOCKED` if another one holds it
   */
  static async claim(directory: string, timing: OwnerTiming = TIMING): Promise<DirectoryOwner> {
    await mkdir(directory, { recursive: true });
    const { dev, ino } = await stat(directory, { bigint: true });
    const identity = `${dev}:${ino}`;
    const open = openDirectories();
    if (open.has(identity)) throw locked(directory, 'another store of this process');
    open.add(identity);
    try {
      const path = join(directory, OWNER_FILE);
      const self = await describeSelf(String(ino));
      const left = await refuseHolder(directory, path, self, timing);
      const owner = new DirectoryOwner(path, self, identity, timing);
      if (left === 'nothing') await owner.#begin(directory);
      if (left === 'stranger') await owner.#replace(directory);
      if (owner.#isTaken) owner.#keep();
      return owner;
    } catch (error) {
      open.delete(identity);
      throw error;
    }
  }

  /** Makes this store the holder by its record, unless it is already. */
  async take(): Promise<void> {
    if (this.#isTaken) return;
    await this.#write('w');
    this.#keep();
  }

  /** Renews the record from now on: to open a long log may take longer than others watch it. */
  #keep(): void {
    this.#timer = setInterval(() => void this.#beat(), this.#timing.beat);
    this.#timer.unref();
  }

  /** `lost` is called once if the record is another's, or gone: now, or as soon as that is found. */
  watch(lost: (error: QuorateError) => void): void {
    if (this.#loss === undefined) this.#lost = lost;
    else lost(this.#loss);
  }

  /** Whether so little time has passed since the record was seen that nobody can have taken the directory over. */
  get isSure(): boolean {
    if (this.#loss !== undefined) return false;
    const { monotonic, wall } = now();
    const passed = Math.max(monotonic - this.#seen.monotonic, wall - this.#seen.wall);
    return passed < this.#timing.watch / 2;
  }

  /** Looks again. @throws `QUARANTINED`: another process has taken the directory over, or that cannot be told. */
  async confirm(): Promise<void> {
    const { watch } = this.#timing;
    const deadline = performance.now() + PATIENCE * watch;
    // One that is under way may have looked before the process was frozen.
    await this.#beating;
    await this.#beat();
    while (this.#trouble !== undefined) {
      const cause = this.#trouble;
      const text = `${this.#path}: cannot be read, so another process may have taken the directory over`;
      if (performance.now() > deadline) throw QuorateError.make('QUARANTINED', text, { cause });
      await pause(watch / LOOKS);
      await this.#beat();
    }
    if (this.#loss !== undefined) throw this.#loss;
  }

  /** Gives the directory up. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#lost = () => {};
    await this.#beating;
    try {
      if ((await this.#holder()) === this.#owner.token) await rm(this.#path, { force: true });
    } catch {
      // A record that stays is that of a process that is gone.
    }
    openDirectories().delete(this.#identity);
  }

  /** Of two that begin at once in a directory without a record, one gets it. */
  async #begin(directory: string): Promise<void> {
    try {
      await this.#write('wx');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      throw locked(directory, 'another process that begins at this moment');
    }
  }

  /** Of two that have watched a stranger's record to its end, the later one gets it. */
  async #replace(directory: string): Promise<void> {
    await this.#write('w');
    await pause(this.#timing.beat / 4);
    if ((await this.#holder()) === this.#owner.token) return;
    throw locked(directory, 'another process that begins at this moment');
  }

  async #write(flag: 'w' | 'wx'): Promise<void> {
    this.#seen = now();
    await writeFile(this.#path, encode(this.#owner, 0), { flag });
    this.#isTaken = true;
  }

  #beat(): Promise<void> {
    this.#beating ??= this.#renew().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #renew(): Promise<void> {
    const began = now();
    let holder: string | undefined;
    try {
      holder = await this.#holder();
      this.#beats += 1;
      // In place: whoever reads sees either record whole, and never none.
      const renewed = encode(this.#owner, this.#beats);
      if (holder === this.#owner.token) await writeFile(this.#path, renewed, { flag: 'r+' });
    } catch (error) {
      // No handle left, or a disk that the store itself will hear of: a beat is missed.
      this.#trouble = error;
      return;
    }
    this.#trouble = undefined;
    if (holder === this.#owner.token) {
      this.#seen = began;
      return;
    }
    clearInterval(this.#timer);
    const text = `${this.#path}: another process has taken the directory over`;
    this.#loss ??= QuorateError.make('QUARANTINED', text);
    this.#lost(this.#loss);
    this.#lost = () => {};
  }

  /** The token of whoever holds the directory by its record. */
  async #holder(): Promise<string | undefined> {
    const text = await readText(this.#path);
    return text === undefined ? undefined : decode(text)?.token;
  }
}

/** What there is of a record: none; one of a process that is known to be gone; one that stands still. */
type Left = 'nothing' | 'process' | 'stranger';

async function refuseHolder(
  directory: string,
  path: string,
  self: Owner,
  { beat, watch }: OwnerTiming,
): Promise<Left> {
  const text = await readText(path);
  if (text === undefined) return 'nothing';
  const owner = decode(text);
  const life = owner === undefined ? 'unknown' : await lifeOf(owner, self);
  if (life === 'over') return 'process';
  // A thread that was terminated has left its record behind, and its process lives on.
  const isOwn = life === 'alive' && owner?.pid === self.pid && owner.thread !== self.thread;
  const who = owner === undefined ? 'somebody' : `process ${owner.pid} on ${owner.host}`;
  if (life === 'alive' && !isOwn) throw locked(directory, who);
  for (let waited = 0; waited < watch; waited += beat / 2) {
    await pause(beat / 2);
    const later = await readText(path);
    // It was released.
    if (later === undefined) return 'nothing';
    if (later !== text) throw locked(directory, who);
  }
  return isOwn ? 'process' : 'stranger';
}

/** Whether the holder that a record names lives, as far as that can be told from here. */
async function lifeOf(owner: Owner, self: Owner): Promise<'alive' | 'over' | 'unknown'> {
  if (owner.host !== self.host || owner.boot !== self.boot) return 'unknown';
  if (owner.directory !== self.directory || !(await isProcess(owner.pid))) return 'over';
  const started = await startOfProcess(owner.pid);
  if (started === '' || owner.started === '') return 'unknown';
  return started === owner.started ? 'alive' : 'over';
}

async function describeSelf(directory: string): Promise<Owner> {
  const [boot, started] = await Promise.all([kernelBoot(), startOfProcess(process.pid)]);
  const token = randomBytes(8).toString('hex');
  return { pid: process.pid, thread: threadId, host: hostname(), boot, started, directory, token };
}

/** Never shorter than with fewer beats. */
function encode(owner: Owner, beat: number): string {
  return `${JSON.stringify({ ...owner, beat })}\n`;
}

/** Undefined: written by somebody else, or half. */
function decode(text: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
  const { pid } = value;
  const thread = 'thread' in value && typeof value.thread === 'number' ? value.thread : 0;
  const [host, boot, started, directory, token] = TEXTS.map((name): unknown =>
    Reflect.get(value, name),
  );
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof host !== 'string' || typeof boot !== 'string') return undefined;
  if (typeof started !== 'string' || typeof directory !== 'string') return undefined;
  if (typeof token !== 'string') return undefined;
  return { pid, thread, host, boot, started, directory, token };
}

const TEXTS = ['host', 'boot', 'started', 'directory', 'token'] as const;

async function readText(path: string): Promise<string | undefined> {
  const bytes = await readIfAny(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

function locked(directory: string, who: string): QuorateError {
  return QuorateError.make('DIRECTORY_LOCKED', `${directory}: ${who} has it open`);
}
