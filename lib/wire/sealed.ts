/** Values for a disk: their bytes and, behind them, a CRC-32 of all of it (rule G7). */
import { type Checksum, crc32 } from './crc32.ts';
import { DecodeError } from './decode-error.ts';

const CRC_BYTES = 4;

/** `bytes` with their checksum. */
export function seal(bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(bytes.length + CRC_BYTES);
  sealed.set(bytes);
  new DataView(sealed.buffer).setUint32(bytes.length, crc32(bytes));
  return sealed;
}

/**
 * What was sealed, as a view.
 *
 * @throws DecodeError if it is not what was written
 */
export function unseal(
  sealed: Uint8Array,
  max: number,
  what: string,
  checksum: Checksum = crc32,
): Uint8Array {
  const length = sealed.length - CRC_BYTES;
  if (length < 0 || length > max) throw new DecodeError(what, `${sealed.length} bytes long`);
  const plain = new Uint8Array(sealed.buffer, sealed.byteOffset, length);
  const written = new DataView(sealed.buffer, sealed.byteOffset + length, CRC_BYTES).getUint32(0);
  if (written !== checksum(plain)) throw new DecodeError(what, 'the checksum does not fit');
  return plain;
}
