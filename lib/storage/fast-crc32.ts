import zlib from 'node:zlib';
import { type Checksum, crc32 } from '../wire/crc32.ts';

/** The processor's own instructions, where Node has them to give (20.15 and later). */
const NATIVE: Checksum | undefined = Reflect.get(zlib, 'crc32');

/** CRC-32 of the many bytes that a store is opened with; a call costs more than a short one. */
export const fastCrc32: Checksum = NATIVE ?? crc32;
