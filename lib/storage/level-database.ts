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

/** Up to this many bytes of values, calls cost more than copies. */
const SHORT_BYTES = 16 * 1024;

/** Writes all or nothing, synced. */
export function writeBatch(level: Level, operations: readonly Operation[]): Promise<void> {
  const bytes = operations.reduce(
    (sum, one) => sum + (one.type === 'put' ? one.value.length : 0),
    0,
  );
  // LevelDB's copy of a chained batch lives until the collector comes, which knows nothing of its size.
  if (bytes > SHORT_BYTES) return level.batch([...operations], { sync: true });
  // Made by one call for each operation it costs the main thread a third less than an array, of which
  // each field is asked for by its name.
  const batch = level.batch();
  for (const one of operations) {
    if (one.type === 'put') batch.put(one.key, one.value);
    else batch.del(one.key);
  }
  return batch.write({ sync: true });
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
