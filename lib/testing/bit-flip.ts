/** One flipped bit in what a disk holds, in the records of a real store: reading it must fail, and never give something else. */
import { decodeCheckpointPart } from '../wire/checkpoint.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeLogRecord, encodeLogRecord } from '../wire/log-record.ts';
import { decodeMetaRecord, encodeMetaRecord } from '../wire/meta-record.ts';
import type { Prng } from './prng.ts';
import type { SimDisk } from './sim-disk.ts';

export type FlippedPart = 'log' | 'checkpoint' | 'meta';

interface Written {
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

/** Some record of that part, as it is written; undefined if there is none. */
function recordOf(disk: SimDisk, part: FlippedPart, prng: Prng): Written | undefined {
  switch (part) {
    case 'meta':
      return { bytes: encodeMetaRecord(disk.meta), read: decodeMetaRecord };
    case 'checkpoint': {
      const { checkpoint } = disk;
      if (checkpoint.length === 0) return undefined;
      const sequence = prng.below(checkpoint.length);
      const bytes = checkpoint[sequence] ?? new Uint8Array();
      return { bytes, read: (changed) => decodeCheckpointPart(changed, sequence) };
    }
    case 'log': {
      const { entries, base, committed } = disk;
      if (entries.length === 0) return undefined;
      const at = prng.below(entries.length);
      const previous = entries[at - 1] ?? base;
      const group = entries.slice(at, at + 3);
      const { zxid, chain } = previous;
      const bytes = encodeLogRecord({ previous: { zxid, chain }, entries: group, committed });
      return { bytes, read: decodeLogRecord };
    }
  }
}

function isReadable({ read }: Written, bytes: Uint8Array): boolean {
  try {
    read(bytes);
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

/** `absent`: there is nothing of a real store to flip. `unnoticed` is a bug. */
export function flipBit(
  disk: SimDisk,
  part: FlippedPart,
  prng: Prng,
): 'found' | 'unnoticed' | 'absent' {
  const written = recordOf(disk, part, prng);
  if (written === undefined || !isReadable(written, written.bytes)) return 'absent';
  const changed = written.bytes.slice();
  const at = prng.below(changed.length);
  changed[at] = (changed[at] ?? 0) ^ (1 << prng.below(8));
  return isReadable(written, changed) ? 'unnoticed' : 'found';
}
