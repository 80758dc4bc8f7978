import { hashBytes } from '../base/hash.ts';
import { counterOf, epochOf, type Zxid } from '../base/zxid.ts';
import type { Configuration } from './configuration.ts';

/**
 * What an entry is to ZAB. `epoch-start` is the first of every epoch (protocol rule G12);
 * `configuration` changes the membership; everything else is opaque here.
 */
export type EntryKind = 'transaction' | 'epoch-start' | 'configuration';

/** One entry of the replicated log, as the leader encoded it once. */
export interface Entry {
  readonly zxid: Zxid;
  readonly kind: EntryKind;
  /** The payload; nobody writes into it. */
  readonly bytes: Uint8Array;
  /** H(chain of the entry before, zxid, bytes): equal chains at one zxid mean equal logs up to it (rule G3). */
  readonly chain: number;
  /** The decoded payload of a `configuration` entry, absent for the other kinds. */
  readonly configuration?: Configuration;
}

/** A place in the log: a zxid and the chain there. */
export interface Mark {
  readonly zxid: Zxid;
  readonly chain: number;
}

/** The chain value of an entry that follows `previous`. */
export function chainOf(previous: number, zxid: Zxid, bytes: Uint8Array): number {
  return hashBytes(previous, epochOf(zxid), counterOf(zxid), bytes);
}

/** The entry as it stands behind `previous`: with its own chain, and its configuration under its zxid. */
export function chained(previous: Mark, entry: Entry): Entry {
  const { zxid, kind, bytes, configuration } = entry;
  const chain = chainOf(previous.chain, zxid, bytes);
  if (configuration === undefined) return { zxid, kind, bytes, chain };
  return { zxid, kind, bytes, chain, configuration: { ...configuration, version: zxid } };
}
