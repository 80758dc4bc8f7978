/**
 * A group of log entries, packed: one form for PROPOSAL, HISTORY and INFORM, and for the log. The
 * payloads are the bytes that the leader encoded once, and are only copied here. Of the chain only
 * the last value travels: who receives the group computes the others and compares (rule G3).
 */
import { assert } from '../base/assert.ts';
import { counterOf, type Zxid } from '../base/zxid.ts';
import { chainOf, type Entry, type EntryKind, type Mark } from '../zab/log-entry.ts';
import { decodeConfiguration } from './configuration.ts';
import { MAX_ENTRIES, MAX_ENTRY_BYTES } from './limits.ts';
import { PackedReader } from './packed-reader.ts';
import { PackedWriter } from './packed-writer.ts';

const KINDS: readonly EntryKind[] = ['transaction', 'epoch-start', 'configuration'];
const WRITER = new PackedWriter();

/** The bytes of a group: at most `max` entries. To be copied before the next group is encoded. */
export function encodeEntries(entries: readonly Entry[], max: number = MAX_ENTRIES): Uint8Array {
  assert(entries.length <= max, 'a group of entries has its bound');
  WRITER.begin();
  WRITER.count(entries.length);
  for (const entry of entries) {
    WRITER.uint64(entry.zxid);
    WRITER.word(KINDS, entry.kind);
    WRITER.bytes(entry.bytes);
  }
  WRITER.safe(entries.at(-1)?.chain ?? 0);
  return WRITER.lend();
}

/**
 * The group in `bytes`. The last entry has its chain, the others have 0 for "not known yet". Payloads
 * are views of the input: the entries of a group live and die together in a log, so that keeping one
 * keeps little else; who keeps less than an entry must copy it.
 *
 * @throws DecodeError
 */
export function decodeEntries(bytes: Uint8Array, max: number = MAX_ENTRIES): readonly Entry[] {
  const reader = new PackedReader(bytes, 'entries', max);
  const entries = reader.list(max, (next) => readEntry(next));
  const chain = reader.safe();
  reader.end();
  const last = entries.at(-1);
  if (last === undefined) {
    if (chain !== 0) reader.refuse('a chain without an entry');
    return entries;
  }
  return entries.with(-1, { ...last, chain });
}

/**
 * As {@link decodeEntries}, of at least one entry that follows `previous`: each has its chain, and the last
 * one's is the one that was written.
 *
 * @throws DecodeError
 */
export function decodeChain(bytes: Uint8Array, previous: Mark, max: number): readonly Entry[] {
  const reader = new PackedReader(bytes, 'entries', max);
  let before = previous;
  const entries = reader.list(max, () => {
    const entry = readEntry(reader, before.chain);
    if (entry.zxid <= before.zxid) reader.refuse('entries out of order');
    before = entry;
    return entry;
  });
  if (entries.length === 0) reader.refuse('no entries');
  if (reader.safe() !== before.chain) reader.refuse('the chain is broken');
  reader.end();
  return entries;
}

/** @param previous chain of the entry before, if it is known */
function readEntry(reader: PackedReader, previous?: number): Entry {
  const zxid = reader.uint64() as Zxid;
  if (counterOf(zxid) === 0) reader.refuse('an entry with the counter 0');
  const kind = reader.word(KINDS);
  const bytes = reader.bytes(MAX_ENTRY_BYTES);
  const chain = previous === undefined ? 0 : chainOf(previous, zxid, bytes);
  if (kind !== 'configuration') return { zxid, kind, bytes, chain };
  return { zxid, kind, bytes, chain, configuration: decodeConfiguration(bytes) };
}
