/**
 * One store, one directory. LevelDB's lock belongs to a process, and on some shared volumes to nobody:
 * two copies of this package in one process would both get it, and so would two machines. Hence two
 * things more: a registry that all copies in a process share, and a record in the directory that names
 * the holder and is written anew every second while the directory is open.
 *
 * A record of this machine is judged by its process. One of another machine, or of another start of
 * this one, may be left over: containers change their names. It is watched for a while and holds as
 * long as it changes. A holder that finds another's record in place of its own writes no more.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
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

/** Of the record, in the directory. */
export const OWNER_FILE = 'owner';

/** Who holds, or held, a directory. */
interface Owner {
  readonly pid: number;
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

/** Directories open in this process, by device and number; shared by all copies of this package. */
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
  /** Never rejects. */
  #beating: Promise<void> = Promise.resolve();
  #lost: (error: QuorateError) => void = () => {};

  private constructor(path: string, owner: Owner, identity: string, timing: OwnerTiming) {
    this.#path = path;
    this.#owner = owner;
    this.#identity = identity;
    this.#timing = timing;
  }

  /**
   * Makes the directory if there is none, and this store its holder.
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
      await refuseHolder(directory, path, self, timing);
      await writeFile(path, encode(self, 0));
      return new DirectoryOwner(path, self, identity, timing);
    } catch (error) {
      open.delete(identity);
      throw error;
    }
  }

  /** Renews the record from now on; `lost` is called once if it is another's, or gone. */
  watch(lost: (error: QuorateError) => void): void {
    this.#lost = lost;
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat());
    }, this.#timing.beat);
    this.#timer.unref();
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

  async #beat(): Promise<void> {
    let holder: string | undefined;
    try {
      holder = await this.#holder();
      this.#beats += 1;
      // In place: whoever reads sees either record whole, and never none.
      const renewed = encode(this.#owner, this.#beats);
      if (holder === this.#owner.token) await writeFile(this.#path, renewed, { flag: 'r+' });
    } catch {
      // No handle left, or a disk that the store itself will hear of: a beat is missed.
      return;
    }
    if (holder === this.#owner.token) return;
    clearInterval(this.#timer);
    const text = `${this.#path}: another process has taken the directory over`;
    this.#lost(QuorateError.make('QUARANTINED', text));
    this.#lost = () => {};
  }

  /** The token of whoever holds the directory by its record. */
  async #holder(): Promise<string | undefined> {
    const text = await readText(this.#path);
    return text === undefined ? undefined : decode(text)?.token;
  }
}

async function refuseHolder(
  directory: string,
  path: string,
  self: Owner,
  { beat, watch }: OwnerTiming,
): Promise<void> {
  const text = await readText(path);
  if (text === undefined) return;
  const owner = decode(text);
  const life = owner === undefined ? 'unknown' : await lifeOf(owner, self);
  if (life === 'over') return;
  const who = owner === undefined ? 'somebody' : `process ${owner.pid} on ${owner.host}`;
  if (life === 'alive') throw locked(directory, who);
  for (let waited = 0; waited < watch; waited += beat / 2) {
    await pause(beat / 2);
    const now = await readText(path);
    // One that was removed was released.
    if (now !== undefined && now !== text) throw locked(directory, who);
  }
}

/** Whether the holder that a record names lives, as far as that can be told from here. */
async function lifeOf(owner: Owner, self: Owner): Promise<'alive' | 'over' | 'unknown'> {
  if (owner.host !== self.host || owner.boot !== self.boot) return 'unknown';
  if (owner.directory !== self.directory || !isProcess(owner.pid)) return 'over';
  const started = await startOfProcess(owner.pid);
  if (started === '' || owner.started === '') return 'unknown';
  return started === owner.started ? 'alive' : 'over';
}

async function describeSelf(directory: string): Promise<Owner> {
  const [boot, started] = await Promise.all([kernelBoot(), startOfProcess(process.pid)]);
  const token = randomBytes(8).toString('hex');
  return { pid: process.pid, host: hostname(), boot, started, directory, token };
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
  const [host, boot, started, directory, token] = TEXTS.map((name): unknown =>
    Reflect.get(value, name),
  );
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof host !== 'string' || typeof boot !== 'string') return undefined;
  if (typeof started !== 'string' || typeof directory !== 'string') return undefined;
  return typeof token === 'string' ? { pid, host, boot, started, directory, token } : undefined;
}

const TEXTS = ['host', 'boot', 'started', 'directory', 'token'] as const;

async function readText(path: string): Promise<string | undefined> {
  const bytes = await readIfAny(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

function locked(directory: string, who: string): QuorateError {
  return QuorateError.make('DIRECTORY_LOCKED', `${directory}: ${who} has it open`);
}
