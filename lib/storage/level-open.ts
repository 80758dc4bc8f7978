/** Reads all that a directory holds, and believes none of it unseen (rule G7). */
import { QuorateError } from '../base/errors.ts';
import { CHAIN_START } from '../base/hash.ts';
import { ZERO } from '../base/zxid.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeMetaRecord, FORMAT_VERSION } from '../wire/meta-record.ts';
import type { Mark } from '../zab/log-entry.ts';
import { StoredLog } from '../zab/stored-log.ts';
import type { Level } from './level-database.ts';
import {
  CHECKPOINTS,
  FORMAT_KEY,
  generationOf,
  type KeyRange,
  LOGS,
  META_KEY,
  TAIL_KEY,
} from './level-keys.ts';
import { readLog } from './level-log.ts';
import { findPair } from './level-pair.ts';
import type { Places } from './level-places.ts';
import { randomStoreId } from './store-id.ts';
import { inconsistency, newMeta, openState, type StoreState } from './store-state.ts';
import { decodeTailMark, digestOf, type TailMark } from './tail-mark.ts';

/** A store as it was found, before this open is counted. */
export interface FoundStore {
  /** Nothing was there. */
  readonly fresh: boolean;
  readonly state: StoreState;
  readonly entries: StoredLog;
  /** The last entry, or the base. */
  readonly end: Mark;
  /** Batches written so far. */
  readonly sequence: number;
  /** The name that two databases have in common; see level-pair.ts. */
  readonly pair: string | undefined;
}

/** What stands in the format's place. */
export const FORMAT: Uint8Array = new TextEncoder().encode(String(FORMAT_VERSION));

/**
 * Finds the store of a peer, or makes up a new one.
 * @throws `FORMAT_UNKNOWN`, `STORE_MISMATCH`, or a DecodeError if it is damaged.
 */
export async function findStore(places: Places, id: number): Promise<FoundStore> {
  const { log, acknowledged } = places;
  const [format, metaBytes, tailBytes] = await log.getMany([FORMAT_KEY, META_KEY, TAIL_KEY]);
  if (format !== undefined && Buffer.compare(format, FORMAT) !== 0) {
    const found = new TextDecoder().decode(format.subarray(0, 16));
    throw QuorateError.make(
      'FORMAT_UNKNOWN',
      `${log.location}: has format ${found}; this version knows ${FORMAT_VERSION}`,
    );
  }
  const pair = await findPair(places, FORMAT);
  if (format === undefined && metaBytes === undefined && tailBytes === undefined) {
    if ((acknowledged ?? 0) > 0) throw lost(0, acknowledged);
    return await newStore(log, id, pair);
  }
  if (format === undefined || metaBytes === undefined || tailBytes === undefined) {
    throw new DecodeError('store', 'format, meta record or tail mark is missing');
  }
  if (acknowledged === undefined) throw new DecodeError('store', 'the witness is missing');
  const tail = decodeTailMark(tailBytes);
  if (tail.sequence < acknowledged) throw lost(tail.sequence, acknowledged);
  return { ...(await verify(places, id, metaBytes, tail)), pair };
}

/** The end of LevelDB's own log is gone. */
function lost(sequence: number, acknowledged: number | undefined): DecodeError {
  const text = `older than it was: ${acknowledged} batches were acknowledged, ${sequence} are there`;
  return new DecodeError('store', text);
}

async function newStore(level: Level, id: number, pair: string | undefined): Promise<FoundStore> {
  const strange = await level.keys({ limit: 1 }).all();
  if (strange.length > 0) {
    const message = `${level.location}: holds a database of another program`;
    throw QuorateError.make('FORMAT_UNKNOWN', message);
  }
  const state = openState(newMeta(id, randomStoreId()), ZERO, ZERO, 1);
  const end = { zxid: ZERO, chain: CHAIN_START };
  return { fresh: true, state, entries: new StoredLog(), end, sequence: 0, pair };
}

async function verify(
  { log, chunks }: Places,
  id: number,
  metaBytes: Uint8Array,
  tail: TailMark,
): Promise<Omit<FoundStore, 'pair'>> {
  const meta = decodeMetaRecord(metaBytes);
  if (meta.id !== id) {
    const message = `${log.location}: belongs to peer ${meta.id}, not ${id}`;
    throw QuorateError.make('STORE_MISMATCH', message);
  }
  if (digestOf(metaBytes) !== tail.meta) throw new DecodeError('meta record', 'an older one');
  const base = meta.base ?? { zxid: ZERO, chain: CHAIN_START };
  const { entries, end } = await readLog(log, meta.logGeneration, base);
  if (end.zxid !== tail.last) throw new DecodeError('log', 'another end than it had');
  const wrong = inconsistency(meta, end.zxid, tail.committed);
  if (wrong !== undefined) throw new DecodeError('store', wrong);
  const found = await Promise.all([greatest(chunks, CHECKPOINTS), greatest(log, LOGS)]);
  const next = 1 + Math.max(meta.checkpoint.generation, meta.logGeneration, ...found);
  const state = openState(meta, end.zxid, tail.committed, next);
  return { fresh: false, state, entries, end, sequence: tail.sequence };
}

/** The greatest generation of which there is anything. */
async function greatest(level: Level, range: KeyRange): Promise<number> {
  const [last] = await level.keys({ ...range, reverse: true, limit: 1 }).all();
  return last === undefined ? 0 : generationOf(last);
}
