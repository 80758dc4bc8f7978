/**
 * Where a queue keeps what. `entries` has the items, first come first, as kazoo's LockingQueue names them.
 * `taken` has those who take, one ephemeral node for each session, and their claims: a claim names the items
 * that one of them has. `delayed` has the items whose time has not come, `dead` those that nobody can do.
 */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import type { Op } from '../client/operation.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { RawSession } from './any-client.ts';
import { beforehand } from './beforehand.ts';
import { makeFolder } from './folder.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NO_DATA = new Uint8Array(0);

/** Priorities are three digits in a name. */
export const PRIORITY_MAX = 999;
/** Milliseconds since 1970 are thirteen digits until the year 2286. */
const TIME_DIGITS = 13;

/** The name under which a claim is created; ten digits follow. */
export const CLAIM = 'claim-';

/** What a claim says. */
export interface ClaimRecord {
  /** The name of the node of whoever has taken them. */
  readonly taker: string;
  /** Names of items: all that this claim was not relieved of. */
  readonly items: readonly string[];
}

export class QueuePlace {
  readonly path: string;
  readonly entries: string;
  readonly taken: string;
  readonly delayed: string;
  readonly dead: string;

  constructor(path: string) {
    this.path = path;
    this.entries = joinPath(path, 'entries');
    this.taken = joinPath(path, 'taken');
    this.delayed = joinPath(path, 'delayed');
    this.dead = joinPath(path, 'dead');
  }

  /** Its folders are never swept: the numbers of its items go on rising. */
  make(session: RawSession, wait: WaitOptions): Promise<void> {
    return beforehand(this.#make(session, wait));
  }

  async #make(session: RawSession, wait: WaitOptions): Promise<void> {
    for (;;) {
      await makeFolder(session, this.path, wait);
      const missing = await this.#missing(session, wait);
      if (missing.length === 0) return;
      const ops: Op<Uint8Array>[] = missing.map((create) => ({ create }));
      // Items to come have the names of those that were deleted with their folder: nobody has them.
      if (missing.includes(this.entries)) ops.push(...(await this.#disclaim(session, wait)));
      try {
        await session.multi(ops, wait);
        return;
      } catch (error) {
        if (!QuorateError.is(error, 'NODE_EXISTS', 'NO_NODE')) throw error;
      }
    }
  }

  async #missing(session: RawSession, wait: WaitOptions): Promise<string[]> {
    const folders = [this.entries, this.taken, this.delayed, this.dead];
    const stats = await Promise.all(folders.map((folder) => session.exists(folder, wait)));
    return folders.filter((_, at) => stats[at] === undefined);
  }

  /** Deletes the claims, of which nothing is left. */
  async #disclaim(session: RawSession, wait: WaitOptions): Promise<Op<Uint8Array>[]> {
    if ((await session.exists(this.taken, wait)) === undefined) return [];
    const names = await session.children(this.taken, wait);
    const claims = names.filter((name) => name.startsWith(CLAIM));
    return claims.map((name) => ({ delete: joinPath(this.taken, name) }));
  }
}

/** The name under which an item is created; ten digits follow. */
export function entryPrefix(priority: number): string {
  return `entry-${String(priority).padStart(3, '0')}-`;
}

/** The same of an item whose time is to come. */
export function delayedPrefix(due: number, priority: number): string {
  return `until-${String(due).padStart(TIME_DIGITS, '0')}-${String(priority).padStart(3, '0')}-`;
}

/** When the time of a delayed item comes, in ms since 1970, and its priority. */
export function delayedOf(name: string): { readonly due: number; readonly priority: number } {
  const [, due = '0', priority = '100'] = /^until-(\d{13,})-(\d{3})-\d{10}$/.exec(name) ?? [];
  return { due: Number(due), priority: Number(priority) };
}

/** How often an item was taken, this time included: its name tells. */
export function attemptOf(name: string): number {
  const [, attempt = '1'] = /\d{10}-(\d+)$/.exec(name) ?? [];
  return Number(attempt);
}

/** The name of an item that was taken and not done: at its old place, behind none. */
export function nextName(name: string): string {
  return `${name.replace(/(\d{10})-\d+$/, '$1')}-${attemptOf(name) + 1}`;
}

export function encodeClaim(record: ClaimRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** Undefined: it is none. */
export function decodeClaim(data: Uint8Array): ClaimRecord | undefined {
  try {
    const record: unknown = JSON.parse(decoder.decode(data));
    if (typeof record !== 'object' || record === null) return undefined;
    if (!('taker' in record && 'items' in record)) return undefined;
    const { taker, items } = record;
    if (typeof taker !== 'string' || !Array.isArray(items)) return undefined;
    return { taker, items: items.filter((item) => typeof item === 'string') };
  } catch {
    return undefined;
  }
}

/** The data of a node that says something by being there. */
export function noData(): Uint8Array {
  return NO_DATA;
}

const RETIRED = encoder.encode('retired');

/** The data of the node of a taker that stays only for those who work on what it has taken. */
export function retired(): Uint8Array {
  return RETIRED;
}

export function isRetired(data: Uint8Array): boolean {
  return data.length > 0;
}
