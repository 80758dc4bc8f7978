/** Whether two databases belong together: both have the same name for what they are halves of. */
import { QuorateError } from '../base/errors.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { type Level, put } from './level-database.ts';
import { CHECKPOINTS, FORMAT_KEY, META_KEY, PAIR_KEY } from './level-keys.ts';
import { areApart, type Places } from './level-places.ts';
import { randomStoreId } from './store-id.ts';

/** What is in a database, as far as it concerns the other half. */
interface Half {
  /** The name of the pair. */
  readonly pair: string | undefined;
  readonly hasMeta: boolean;
  readonly hasChunks: boolean;
}

/**
 * The name of the pair; undefined: one database has all. In a new store the half with the checkpoints gets
 * it here, synced; the other half in the batch that makes the store.
 * @throws `STORE_MISMATCH`, or a DecodeError if a half is gone
 */
export async function findPair(places: Places, format: Uint8Array): Promise<string | undefined> {
  const { log, chunks } = places;
  if (!areApart(places)) {
    if ((await look(log)).pair === undefined) return undefined;
    const text = 'is one half of a store: dataDir and dataLogDir must be as they were';
    throw QuorateError.make('STORE_MISMATCH', `${log.location}: ${text}`);
  }
  const [logs, checkpoints] = [await look(log), await look(chunks)];
  if (checkpoints.hasMeta || (logs.hasMeta && logs.pair === undefined)) {
    const { location } = checkpoints.hasMeta ? chunks : log;
    const text = 'holds log and checkpoints: leave dataLogDir out';
    throw QuorateError.make('STORE_MISMATCH', `${location}: ${text}`);
  }
  if (logs.pair === undefined) {
    if (checkpoints.hasChunks)
      throw new DecodeError('store', `the log is gone from ${log.location}`);
    return checkpoints.pair ?? (await makePair(chunks, format));
  }
  if (checkpoints.pair === undefined) {
    throw new DecodeError('store', `the checkpoints are gone from ${chunks.location}`);
  }
  if (logs.pair === checkpoints.pair) return logs.pair;
  const text = `${log.location} and ${chunks.location} are halves of two stores`;
  throw QuorateError.make('STORE_MISMATCH', text);
}

async function look(level: Level): Promise<Half> {
  const [pair, meta] = await level.getMany([PAIR_KEY, META_KEY]);
  const found = await level.keys({ ...CHECKPOINTS, limit: 1 }).all();
  return {
    pair: pair === undefined ? undefined : new TextDecoder().decode(pair),
    hasMeta: meta !== undefined,
    hasChunks: found.length > 0,
  };
}

async function makePair(chunks: Level, format: Uint8Array): Promise<string> {
  const strange = await chunks.keys({ limit: 1 }).all();
  if (strange.length > 0) {
    const message = `${chunks.location}: holds a database of another program`;
    throw QuorateError.make('FORMAT_UNKNOWN', message);
  }
  const pair = randomStoreId();
  const operations = [put(FORMAT_KEY, format), put(PAIR_KEY, new TextEncoder().encode(pair))];
  await chunks.batch(operations, { sync: true });
  return pair;
}
