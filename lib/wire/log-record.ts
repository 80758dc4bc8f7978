/**
 * One value of the log: the entries of one group commit, with all that proves that nothing is missing
 * before it and nothing was changed in it (rules G3 and G7).
 */
import { assert } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import { decodeItem, encodeItem } from './cbor.ts';
import type { Checksum } from './crc32.ts';
import { decodeChain, encodeEntries } from './entries.ts';
import { bytes, type Field, object, safe, uint, zxid } from './fields.ts';
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

interface Fields extends Omit<LogRecord, 'entries'> {
  readonly version: number;
  readonly entries: Uint8Array;
}

const record: Field<Fields> = object<Fields>({
  version: uint(LOG_VERSION, LOG_VERSION),
  previous: object<Mark>({ zxid, chain: safe }),
  entries: bytes(MAX_RECORD_BYTES),
  committed: zxid,
});

/** The bytes of a record. */
export function encodeLogRecord(value: LogRecord): Uint8Array {
  assert(value.entries.length > 0, 'a log record has entries');
  const entries = encodeEntries(value.entries, MAX_RECORD_ENTRIES);
  return seal(encodeItem(record.write({ version: LOG_VERSION, ...value, entries })));
}

/**
 * A record whose checksum fits and whose entries follow one another by their chain; all chains are
 * filled in. That it follows the record before it is for the reader of the whole log to compare.
 * Payloads are views of `sealed`.
 *
 * @throws DecodeError
 */
export function decodeLogRecord(sealed: Uint8Array, checksum?: Checksum): LogRecord {
  const plain = unseal(sealed, MAX_RECORD_BYTES, 'log record', checksum);
  const item = decodeItem(plain, 'log record');
  const { previous, entries, committed } = record.read(item, 'log record');
  return { previous, entries: decodeChain(entries, previous, MAX_RECORD_ENTRIES), committed };
}
