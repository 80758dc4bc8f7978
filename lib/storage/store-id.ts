import { randomBytes } from 'node:crypto';

/** A new name for a store: 128 random bits as 32 hexadecimal digits (rule G11). */
export function randomStoreId(): string {
  return randomBytes(16).toString('hex');
}

/** A number for a start of a store: 48 random bits, never 0. */
export function randomStart(): number {
  return 1 + randomBytes(6).readUIntBE(0, 6);
}
