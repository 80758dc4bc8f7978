import { randomBytes } from 'node:crypto';

/** A new name for a store: 128 random bits as 32 hexadecimal digits (rule G11). */
export function randomStoreId(): string {
  return randomBytes(16).toString('hex');
}
