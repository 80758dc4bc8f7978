/** The chunks of a checkpoint in LevelDB. */
import { DecodeError } from '../wire/decode-error.ts';
import type { CheckpointMark } from '../wire/meta-record.ts';
import { readAhead } from './level-ahead.ts';
import { type Level, type Operation, put } from './level-database.ts';
import { checkpointRange, chunkKey } from './level-keys.ts';
import type { PlannedChunk } from './store-state.ts';

/** Bytes of one read. */
const READ_BYTES = 256 * 1024;

/**
 * Reads the chunks in order. That all are there is checked here, what is in them by the checksum
 * that each has inside (wire/checkpoint.ts).
 * @throws DecodeError
 */
export async function* readChunks(
  level: Level,
  { generation, chunks }: CheckpointMark,
): AsyncGenerator<Uint8Array> {
  let sequence = 0;
  for await (const [key, chunk] of readAhead(level, checkpointRange(generation), READ_BYTES)) {
    if (sequence === chunks || !isChunk(key, generation, sequence)) break;
    yield chunk;
    sequence += 1;
  }
  if (sequence < chunks) throw new DecodeError('checkpoint', `no chunk ${sequence} of ${chunks}`);
}

/** The values of some chunks. */
export function writeChunks(chunks: readonly PlannedChunk[]): Operation[] {
  return chunks.map(({ generation, sequence, bytes }) =>
    put(chunkKey(generation, sequence), bytes),
  );
}

function isChunk(key: Uint8Array, generation: number, sequence: number): boolean {
  return Buffer.compare(key, chunkKey(generation, sequence)) === 0;
}
