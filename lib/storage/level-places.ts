/**
 * Where a store lies: one directory with one database, or two. With a directory for the log, that one has
 * the log and everything that decides what counts, promises and marks, so that a batch is atomic there; the
 * other has chunks of checkpoints only. Chunks are synced before the batch that makes them count, and
 * removed after the one that makes them obsolete is synced: whatever a crash leaves, no chunk that counts
 * is missing.
 */
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DecodeError } from '../wire/decode-error.ts';
import { DirectoryOwner, type OwnerTiming } from './directory-owner.ts';
import { type Level, openLevel } from './level-database.ts';
import { readWitness } from './witness.ts';

export interface Directories {
  /** Of the checkpoints, and of the log unless that has its own. Holds the witness. */
  readonly data: string;
  readonly log: string;
}

export interface Places {
  readonly directories: Directories;
  /** Log, promises and marks. */
  readonly log: Level;
  /** Checkpoints. The same database, unless the log has its own. */
  readonly chunks: Level;
  /** How many batches were acknowledged at least; undefined: no witness. */
  readonly acknowledged: number | undefined;
  readonly owners: readonly DirectoryOwner[];
}

/** What of LevelDB holds data; a directory that has some of it, but not CURRENT, was a database. */
const DATA_FILE = /\.(ldb|sst|log)$/;

/** Whether log and checkpoints lie apart. */
export function areApart({ log, chunks }: Places): boolean {
  return log !== chunks;
}

/** @throws `DIRECTORY_LOCKED`, a DecodeError, or whatever LevelDB and the system say. */
export async function openPlaces(
  { data, log }: Directories,
  timing: OwnerTiming | undefined,
): Promise<Places> {
  const apart = resolve(data) !== resolve(log);
  const owners: DirectoryOwner[] = [];
  const levels: Level[] = [];
  try {
    for (const directory of apart ? [data, log] : [data]) {
      owners.push(await DirectoryOwner.claim(directory, timing));
    }
    const acknowledged = await readWitness(data);
    const chunks = await openWhole(data, acknowledged !== undefined);
    levels.push(chunks);
    const directories = { data, log };
    // One that is empty may be that of a store that was begun without; level-pair.ts tells.
    const logs = apart ? await openWhole(log, false) : chunks;
    if (apart) levels.push(logs);
    for (const owner of owners) await owner.take();
    return { directories, log: logs, chunks, acknowledged, owners };
  } catch (error) {
    await free(levels, owners);
    throw error;
  }
}

export async function closePlaces({ log, chunks, owners }: Places): Promise<void> {
  await free(log === chunks ? [log] : [chunks, log], owners);
}

async function free(levels: readonly Level[], owners: readonly DirectoryOwner[]): Promise<void> {
  const closed = await Promise.allSettled(levels.map((level) => level.close()));
  for (const owner of owners) await owner.release();
  for (const end of closed) if (end.status === 'rejected') throw end.reason;
}

/** LevelDB makes a new database, and removes what is left of the old one, where CURRENT is missing. */
async function openWhole(directory: string, wasWritten: boolean): Promise<Level> {
  const files = await readdir(directory);
  const wasDatabase = wasWritten || files.some((file) => DATA_FILE.test(file));
  if (wasDatabase && !files.includes('CURRENT'))
    throw new DecodeError('store', 'CURRENT is missing');
  return await openLevel(directory);
}
