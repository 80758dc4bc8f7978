/** Reads all that a directory holds, and believes none of it unseen (rule G7). */
import { QuorateError } from '../base/errors.ts';
import { CHAIN_START } from '../base/hash.ts';
import { ZERO } from '../base/zxid.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeMetaRecord, FORMAT_VERSION } from '../wire/meta-record.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
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
import { randomStoreId } from './store-id.ts';
import { inconsistency, newMeta, openState, type StoreState } from './store-state.ts';
import { decodeTailMark, digestOf, type TailMark } from './tail-mark.ts';

/** A store as it was found, before this open is counted. */
export interface FoundStore {
  /** Nothing was there. */
  readonly fresh: boolean;
  readonly state: StoreState;
  readonly entries: readonly Entry[];
  /** The last entry, or the base. */
  readonly end: Mark;
}

/** What stands in the format's place. */
export const FORMAT: Uint8Array = new TextEncoder().encode(String(FORMAT_VERSION));

/**
 * Finds the store of a peer, or makes up a new one.
 * @throws `FORMAT_UNKNOWN`, `STORE_MISMATCH`, or a DecodeError if it is damaged.
 */
export async function findStore(level: Level, id: number): Promise<FoundStore> {
  const [format, metaBytes, tailBytes] = await level.getMany([FORMAT_KEY, META_KEY, TAIL_KEY]);
  if (format === undefined && metaBytes === undefined && tailBytes === undefined) {
    return newStore(level, id);
  }
  if (format !== undefined && Buffer.compare(format, FORMAT) !== 0) {
    const found = new TextDecoder().decode(format.subarray(0, 16));
    throw QuorateError.make(
      'FORMAT_UNKNOWN',
      `${level.location}: has format ${found}; this version knows ${FORMAT_VERSION}`,
    );
  }
  if (format === undefined || metaBytes === undefined || tailBytes === undefined) {
    throw new DecodeError('store', 'format, meta record or tail mark is missing');
  }
  return await verify(level, id, metaBytes, decodeTailMark(tailBytes));
}

async function newStore(level: Level, id: number): Promise<FoundStore> {
  const strange = await level.keys({ limit: 1 }).all();
  if (strange.length > 0) {
    const message = `${level.location}: holds a database of another program`;
    throw QuorateError.make('FORMAT_UNKNOWN', message);
  }
  const state = openState(newMeta(id, randomStoreId()), ZERO, ZERO, 1);
  return { fresh: true, state, entries: [], end: { zxid: ZERO, chain: CHAIN_START } };
}

async function verify(
  level: Level,
  id: number,
  metaBytes: Uint8Array,
  tail: TailMark,
): Promise<FoundStore> {
  const meta = decodeMetaRecord(metaBytes);
  if (meta.id !== id) {
    const message = `${level.location}: belongs to peer ${meta.id}, not ${id}`;
    throw QuorateError.make('STORE_MISMATCH', message);
  }
  if (digestOf(metaBytes) !== tail.meta) throw new DecodeError('meta record', 'an older one');
  const base = meta.base ?? { zxid: ZERO, chain: CHAIN_START };
  const { entries, end } = await readLog(level, meta.logGeneration, base);
  if (end.zxid !== tail.last) throw new DecodeError('log', 'another end than it had');
  const wrong = inconsistency(meta, end.zxid, tail.committed);
  if (wrong !== undefined) throw new DecodeError('store', wrong);
  const found = await Promise.all([CHECKPOINTS, LOGS].map((range) => greatest(level, range)));
  const next = 1 + Math.max(meta.checkpoint.generation, meta.logGeneration, ...found);
  return { fresh: false, state: openState(meta, end.zxid, tail.committed, next), entries, end };
}

/** The greatest generation of which there is anything. */
async function greatest(level: Level, range: KeyRange): Promise<number> {
  const [last] = await level.keys({ ...range, reverse: true, limit: 1 }).all();
  return last === undefined ? 0 : generationOf(last);
}
