/**
 * One value of the log: the entries of one group commit, with all that proves that nothing is missing
 * before it and nothing was changed in it (rules G3 and G7).
 */
import { assert } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import { chainOf, type Entry, type Mark } from '../zab/log-entry.ts';
import { decodeItem, encodeItem } from './cbor.ts';
import { DecodeError } from './decode-error.ts';
import { decodeEntries, encodeEntries } from './entries.ts';
import { type Field, nested, object, safe, uint, zxid } from './fields.ts';
import { MAX_RECORD_BYTES, MAX_RECORD_ENTRIES } from './limits.ts';
import { seal, unseal } from './sealed.ts';

/** The layout; another one gets another number. */
const LOG_VERSION = 1;

export interface LogRecord {
  /** The entry before the first, or the base of the log. */
  readonly previous: Mark;
  /** At least one, ascending; each with its chain. */
  readonly entries: readonly Entry[];
  /** A lower bound of what was committed when this was written. */
  readonly committed: Zxid;
}

interface Fields extends LogRecord {
  readonly version: number;
}

const record: Field<Fields> = object<Fields>({
  version: uint(LOG_VERSION, LOG_VERSION),
  previous: object<Mark>({ zxid, chain: safe }),
  entries: nested<readonly Entry[]>(
    MAX_RECORD_BYTES,
    (entries) => encodeEntries(entries, MAX_RECORD_ENTRIES),
    (bytes) => decodeEntries(bytes, MAX_RECORD_ENTRIES),
  ),
  committed: zxid,
});

/** The bytes of a record. */
export function encodeLogRecord(value: LogRecord): Uint8Array {
  assert(value.entries.length > 0, 'a log record has entries');
  return seal(encodeItem(record.write({ version: LOG_VERSION, ...value })));
}

/**
 * A record whose checksum fits and whose entries follow one another by their chain; all chains are
 * filled in. That it follows the record before it is for the reader of the whole log to compare.
 * Payloads are views of `bytes`.
 *
 * @throws DecodeError
 */
export function decodeLogRecord(bytes: Uint8Array): LogRecord {
  const item = decodeItem(unseal(bytes, MAX_RECORD_BYTES, 'log record'), 'log record');
  const { previous, entries, committed } = record.read(item, 'log record');
  return { previous, entries: chained(previous, entries), committed };
}

function chained(previous: Mark, entries: readonly Entry[]): readonly Entry[] {
  const last = entries.at(-1);
  if (last === undefined) throw new DecodeError('log record', 'without entries');
  let before = previous;
  const known = entries.map((entry) => {
    if (entry.zxid <= before.zxid) throw new DecodeError('log record', 'entries out of order');
    before = { zxid: entry.zxid, chain: chainOf(before.chain, entry.zxid, entry.bytes) };
    return { ...entry, chain: before.chain };
  });
  if (before.chain !== last.chain) throw new DecodeError('log record', 'the chain is broken');
  return known;
}
