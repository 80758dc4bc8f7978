/** The log in LevelDB: one value per group commit. */
import { assert } from '../base/assert.ts';
import { formatZxid, type Zxid } from '../base/zxid.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from '../wire/log-record.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import { StoredLog } from '../zab/stored-log.ts';
import { fastCrc32 } from './fast-crc32.ts';
import { readAhead } from './level-ahead.ts';
import { del, type Level, type Operation, put } from './level-database.ts';
import { logAbove, logKey } from './level-keys.ts';
import { follows } from './store-state.ts';

/**
 * Entries of one value: to read and verify them takes a few ms. A group that is longer, as a long history
 * may be, becomes several values of one batch.
 */
const GROUP_ENTRIES = 2_048;
/** Bytes of payload with which a value is full. */
const GROUP_BYTES = 1024 * 1024;
/** Bytes of one read: what is in it is verified in one piece. */
const READ_BYTES = 64 * 1024;

/** A log that was read and found whole. */
export interface ReadLog {
  readonly entries: StoredLog;
  /** The last entry, or the base. */
  readonly end: Mark;
}

/**
 * Reads and verifies the log above its base.
 * @throws DecodeError that says where it is broken.
 */
export async function readLog(level: Level, generation: number, base: Mark): Promise<ReadLog> {
  const entries = new StoredLog();
  let end: Mark | undefined;
  const range = logAbove(generation, base.zxid);
  for await (const [key, value] of readAhead(level, range, READ_BYTES)) {
    const record = decodeLogRecord(value, fastCrc32);
    const last = verify(record, end ?? placeIn(record, base));
    if (!sameBytes(key, logKey(generation, last.zxid))) throw broken(last.zxid, 'in a wrong place');
    entries.add(above(base.zxid, record.entries));
    end = last;
  }
  return { entries, end: end ?? base };
}

/** The entries above a zxid: nearly always all. */
function above(zxid: Zxid, entries: readonly Entry[]): readonly Entry[] {
  const [first] = entries;
  return first !== undefined && first.zxid > zxid
    ? entries
    : entries.filter((entry) => entry.zxid > zxid);
}

/** What the first record must follow: the base, or what lies before it in a record that was not cut. */
function placeIn({ previous, entries }: LogRecord, base: Mark): Mark {
  const found = [previous, ...entries].find(({ zxid }) => zxid === base.zxid);
  if (found === undefined) throw broken(previous.zxid, 'not preceded by the base');
  if (found.chain !== base.chain) throw broken(base.zxid, 'another history than that of the base');
  return previous;
}

/** Returns the end of the record. */
function verify({ previous, entries }: LogRecord, end: Mark): Mark {
  if (previous.zxid !== end.zxid || previous.chain !== end.chain) {
    throw broken(
      end.zxid,
      `not followed by the next group, which follows ${formatZxid(previous.zxid)}`,
    );
  }
  let last: Mark = previous;
  for (const entry of entries) {
    if (!follows(last.zxid, entry.zxid)) throw broken(last.zxid, 'followed by a gap');
    last = entry;
  }
  return { zxid: last.zxid, chain: last.chain };
}

/** The values of a group. */
export function append(
  generation: number,
  end: Mark,
  entries: readonly Entry[],
  committed: Zxid,
): Operation[] {
  let previous = end;
  return split(entries).map((group) => {
    const value = encodeLogRecord({ previous, entries: group, committed });
    previous = group.at(-1) ?? previous;
    return put(logKey(generation, previous.zxid), value);
  });
}

function split(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group === undefined || group.length >= GROUP_ENTRIES || room < entry.bytes.length) {
      groups.push([entry]);
      room = GROUP_BYTES;
    } else {
      group.push(entry);
    }
    room -= entry.bytes.length;
  }
  return groups;
}

/** What cuts the log short, and the end that it has then. */
export interface Cut {
  readonly operations: readonly Operation[];
  readonly end: Mark;
}

/** Cuts the log behind one of its entries or the base; a group that goes on beyond is written anew without its end. */
export async function cut(level: Level, generation: number, to: Zxid): Promise<Cut> {
  const operations: Operation[] = [];
  let end: Mark | undefined;
  for await (const [key, value] of level.iterator(logAbove(generation, to))) {
    operations.push(del(key));
    if (end !== undefined) continue;
    const record = decodeLogRecord(value);
    const entries = record.entries.filter(({ zxid }) => zxid <= to);
    const committed = record.committed < to ? record.committed : to;
    end = entries.at(-1) ?? record.previous;
    operations.push(...append(generation, record.previous, entries, committed));
  }
  assert(end?.zxid === to, 'a log is cut behind one of its entries');
  return { operations, end: { zxid: to, chain: end.chain } };
}

function broken(zxid: Zxid, how: string): DecodeError {
  return new DecodeError(`log at ${formatZxid(zxid)}`, how);
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
