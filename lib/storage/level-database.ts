/** The few things that a store asks of LevelDB, with bytes for keys and values. */
import { open } from 'node:fs/promises';
import { type BatchOperation, ClassicLevel } from 'classic-level';

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

/** Opens the database in a directory, and makes one if there is none. */
export async function openLevel(directory: string): Promise<Level> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    // The tree is in memory: what is written is read again at the next start only.
    cacheSize: MIB,
    compression: false,
    // The least that LevelDB takes: it maps every file that it holds open, and what was read once, at a
    // start, would count as memory of the process for ever.
    maxOpenFiles: 74,
    // Fewer and longer files: the log is written once and soon removed.
    writeBufferSize: 16 * MIB,
  });
  await level.open();
  return level;
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
