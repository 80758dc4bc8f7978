/** The few things that a store asks of LevelDB, with bytes for keys and values. */
import { mkdir, open } from 'node:fs/promises';
import { type BatchOperation, ClassicLevel } from 'classic-level';
import { QuorateError } from '../base/errors.ts';

export type Level = ClassicLevel<Uint8Array, Uint8Array>;
export type Operation = BatchOperation<Level, Uint8Array, Uint8Array>;

const MIB = 1024 * 1024;

/** Puts a value into a batch. */
export function put(key: Uint8Array, value: Uint8Array): Operation {
  return { type: 'put', key, value };
}

/** Takes a key out, in a batch. */
export function del(key: Uint8Array): Operation {
  return { type: 'del', key };
}

/** @throws `DIRECTORY_LOCKED` or, for all else that keeps LevelDB from opening, `QUARANTINED`. */
export async function openLevel(directory: string): Promise<Level> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    // The tree is in memory: what is written is read again at the next start only.
    cacheSize: MIB,
    compression: false,
    // Fewer and longer files: the log is written once and soon removed.
    writeBufferSize: 16 * MIB,
  });
  try {
    await mkdir(directory, { recursive: true });
    await level.open();
    return level;
  } catch (error) {
    throw refusal(directory, error);
  }
}

function refusal(directory: string, error: unknown): QuorateError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const locked =
    typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'LEVEL_LOCKED';
  if (locked) {
    const message = `${directory}: another store, here or in another process, has it open`;
    return QuorateError.make('DIRECTORY_LOCKED', message, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return QuorateError.make('QUARANTINED', `${directory}: cannot be opened: ${reason}`, { cause });
}

/** Makes the names of new files durable; LevelDB leaves that to luck. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
