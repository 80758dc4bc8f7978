/**
 * What the store must hold at least, written with every batch. LevelDB skips a damaged record of its
 * own log and takes those behind it as if nothing had happened (rule G7). The chain finds a missing
 * group; this mark finds a missing end of the log, and promises that fell back to older ones. Where
 * the mark itself has fallen back, the witness tells.
 */
import { hashBytes } from '../base/hash.ts';
import { isZxid, type Zxid } from '../base/zxid.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { seal, unseal } from '../wire/sealed.ts';

export interface TailMark {
  /** Digest of the meta record in force. */
  readonly meta: number;
  /** The last entry, or the base. */
  readonly last: Zxid;
  readonly committed: Zxid;
  /** How many batches the store has taken, this one included; see witness.ts. */
  readonly sequence: number;
}

const BYTES = 32;

/** The digest of a meta record's bytes. */
export function digestOf(meta: Uint8Array): number {
  return hashBytes(0, 0, 0, meta);
}

export function encodeTailMark({ meta, last, committed, sequence }: TailMark): Uint8Array {
  const view = new DataView(new ArrayBuffer(BYTES));
  view.setBigUint64(0, BigInt(meta));
  view.setBigUint64(8, last);
  view.setBigUint64(16, committed);
  view.setBigUint64(24, BigInt(sequence));
  return seal(new Uint8Array(view.buffer));
}

/** @throws DecodeError */
export function decodeTailMark(bytes: Uint8Array): TailMark {
  const plain = unseal(bytes, BYTES, 'tail mark');
  if (plain.length !== BYTES) throw new DecodeError('tail mark', `${plain.length} bytes long`);
  const view = new DataView(plain.buffer, plain.byteOffset, BYTES);
  const [last, committed] = [view.getBigUint64(8), view.getBigUint64(16)];
  if (!isZxid(last) || !isZxid(committed)) throw new DecodeError('tail mark', 'no zxid');
  const [meta, sequence] = [Number(view.getBigUint64(0)), Number(view.getBigUint64(24))];
  return { meta, last, committed, sequence };
}
