import type { Level } from './level-database.ts';
import type { KeyRange } from './level-keys.ts';

/** Entries of one read at most; bytes bound it first. */
const READ_ENTRIES = 1024;

/**
 * What lies in a range, in order. The disk reads the next `bytes` while those before are worked on, and no
 * further: what is read is buffers of this process, and making them takes its share of the event loop.
 */
export async function* readAhead(
  level: Level,
  range: KeyRange,
  bytes: number,
): AsyncGenerator<[Uint8Array, Uint8Array]> {
  const iterator = level.iterator({ ...range, highWaterMarkBytes: bytes });
  const read = (): Promise<[Uint8Array, Uint8Array][]> => {
    const entries = iterator.nextv(READ_ENTRIES);
    // Whoever stops early does not wait for it.
    entries.catch(() => undefined);
    return entries;
  };
  try {
    let next = read();
    for (let entries = await next; entries.length > 0; entries = await next) {
      next = read();
      yield* entries;
    }
  } finally {
    await iterator.close();
  }
}
