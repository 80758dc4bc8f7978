import { assert, present } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Entry, EntryKind, Mark } from './log-entry.ts';

const KINDS: readonly EntryKind[] = ['transaction', 'epoch-start', 'configuration'];

/** Places of an empty log, and of one that was trimmed to nothing. */
const ROOM_MIN = 64;

/** What is known of the entries beside their payload, a place each; places from the length on are unused. */
interface Columns {
  readonly zxids: BigUint64Array;
  readonly chains: Float64Array;
  /** Where the payload lies in its buffer. */
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly kinds: Uint8Array;
}

/** Bytes of a place in all columns. */
const PLACE_BYTES = 25;

/** All columns in one buffer, the widest first: made five at a time they cost as much again. */
function makeColumns(room: number): Columns {
  const buffer = new ArrayBuffer(room * PLACE_BYTES);
  return {
    zxids: new BigUint64Array(buffer, 0, room),
    chains: new Float64Array(buffer, room * 8, room),
    offsets: new Uint32Array(buffer, room * 16, room),
    lengths: new Uint32Array(buffer, room * 20, room),
    kinds: new Uint8Array(buffer, room * 24, room),
  };
}

/** New columns that begin with the places [from, to) of others, with room for as many more. */
function copyColumns(columns: Columns, from: number, to: number): Columns {
  const copy = makeColumns(Math.max(ROOM_MIN, 2 * (to - from)));
  copy.zxids.set(columns.zxids.subarray(from, to));
  copy.chains.set(columns.chains.subarray(from, to));
  copy.offsets.set(columns.offsets.subarray(from, to));
  copy.lengths.set(columns.lengths.subarray(from, to));
  copy.kinds.set(columns.kinds.subarray(from, to));
  return copy;
}

/**
 * A long list of log entries as columns of plain memory. Payloads stay in the buffers in which they
 * came: an entry costs some 33 bytes beside its payload, where an object with a view and a bigint
 * takes 200, and there is nothing in it for the collector to trace, move and keep. The newest entries
 * are at hand as the objects they came as until {@link PackedLog.settle}: they are asked for within a
 * turn or two, to be sent and applied; an older one is made anew for whoever asks, without its configuration.
 */
export class PackedLog {
  #columns: Columns = makeColumns(ROOM_MIN);
  /** Of each payload; one buffer holds many of them. */
  #buffers: ArrayBufferLike[] = [];
  #length = 0;
  /** The newest entries as they came: the last of the log is the last of these. */
  #fresh: Entry[] = [];
  #last: Mark | undefined;

  get length(): number {
    return this.#length;
  }

  /** The last entry's place in the order; undefined if there is none. */
  get last(): Mark | undefined {
    return this.#last;
  }

  push(entry: Entry): void {
    const at = this.#length;
    if (at === this.#columns.kinds.length) this.#columns = copyColumns(this.#columns, 0, at);
    const { zxids, chains, offsets, lengths, kinds } = this.#columns;
    const { zxid, kind, bytes, chain } = entry;
    zxids[at] = zxid;
    chains[at] = chain;
    offsets[at] = bytes.byteOffset;
    lengths[at] = bytes.length;
    kinds[at] = KINDS.indexOf(kind);
    this.#buffers.push(bytes.buffer);
    this.#fresh.push(entry);
    this.#length = at + 1;
    this.#last = entry;
  }

  zxid(index: number): Zxid {
    assert(index < this.#length, 'an entry of the log');
    return present(this.#columns.zxids[index], 'an entry') as Zxid;
  }

  mark(index: number): Mark {
    return { zxid: this.zxid(index), chain: present(this.#columns.chains[index], 'an entry') };
  }

  /** An entry, without its configuration unless it is fresh. */
  entry(index: number): Entry {
    const packed = this.#length - this.#fresh.length;
    const fresh = index < packed ? undefined : this.#fresh[index - packed];
    if (fresh !== undefined) return fresh;
    assert(index < this.#length, 'an entry of the log');
    const { zxids, chains, offsets, lengths, kinds } = this.#columns;
    return {
      zxid: zxids[index] as Zxid,
      kind: KINDS[kinds[index] as number] as EntryKind,
      bytes: new Uint8Array(
        present(this.#buffers[index], 'a payload'),
        offsets[index],
        lengths[index],
      ),
      chain: chains[index] as number,
    };
  }

  /** The entries [from, to); a configuration's own is for the caller to add to those that are not fresh. */
  slice(from: number, to: number): readonly Entry[] {
    const packed = this.#length - this.#fresh.length;
    if (from >= packed) return this.#fresh.slice(from - packed, Math.max(0, to - packed));
    const entries: Entry[] = [];
    for (let index = from; index < to; index += 1) entries.push(this.entry(index));
    return entries;
  }

  /** The first `count` entries are not soon asked for again. */
  settle(count: number): void {
    const packed = this.#length - this.#fresh.length;
    if (count > packed) this.#fresh = this.#fresh.slice(count - packed);
  }

  /** Keeps the first `length` entries. */
  truncate(length: number): void {
    assert(length <= this.#length, 'a cut makes nothing longer');
    this.#fresh.length = Math.max(0, this.#fresh.length - (this.#length - length));
    this.#buffers.length = length;
    this.#length = length;
    this.#last = length === 0 ? undefined : this.mark(length - 1);
  }

  /** Drops the first `count` entries, and the room that they have left. */
  trim(count: number): void {
    assert(count <= this.#length, 'as many entries are there');
    this.settle(count);
    this.#columns = copyColumns(this.#columns, count, this.#length);
    this.#buffers.splice(0, count);
    this.#length -= count;
    if (this.#length === 0) this.#last = undefined;
  }

  /** Another log with the same entries. */
  copy(): PackedLog {
    const copy = new PackedLog();
    copy.#columns = copyColumns(this.#columns, 0, this.#length);
    copy.#buffers = this.#buffers.slice();
    copy.#length = this.#length;
    copy.#fresh = this.#fresh.slice();
    copy.#last = this.#last;
    return copy;
  }
}
