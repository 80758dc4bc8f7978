/** The one value of a store that is neither log nor checkpoint: its promises and its marks. */
import type { Zxid } from '../base/zxid.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { Birth } from '../zab/messages.ts';
import type { Base, Epochs } from '../zab/ready.ts';
import { decodeItem, encodeItem } from './cbor.ts';
import { base, birth, configuration, peerId, starts } from './configuration.ts';
import {
  type Field,
  flag,
  identifier,
  list,
  nullable,
  object,
  safe,
  uint,
  zxid,
} from './fields.ts';
import { MAX_CHECKPOINTS, MAX_RECORD_BYTES } from './limits.ts';
import { seal, unseal } from './sealed.ts';

/** The format of the whole store. */
export const FORMAT_VERSION = 1;

/** Where a checkpoint lies, and what it holds. Without one: generation 0, no chunks, the empty tree at the base. */
export interface CheckpointMark {
  readonly generation: number;
  readonly chunks: number;
  readonly zxid: Zxid;
}

export interface MetaRecord {
  readonly id: number;
  readonly store: string;
  readonly boot: number;
  readonly starts: readonly number[];
  readonly promised: boolean;
  readonly birth: Birth;
  readonly epochs: Epochs;
  readonly base: Base | undefined;
  readonly genesis: Configuration | undefined;
  /** The checkpoint in force. */
  readonly checkpoint: CheckpointMark;
  /** Older ones that are kept, newest first; the log reaches back to all of them. */
  readonly older: readonly CheckpointMark[];
  /** The generation whose log is the log. */
  readonly logGeneration: number;
}

interface Fields extends MetaRecord {
  readonly format: number;
}

const mark: Field<CheckpointMark> = object({ generation: safe, chunks: uint(), zxid });

const record: Field<Fields> = object<Fields>({
  format: uint(FORMAT_VERSION, FORMAT_VERSION),
  id: peerId,
  store: identifier,
  boot: safe,
  starts,
  promised: flag,
  birth,
  epochs: object<Epochs>({
    accepted: uint(),
    acceptedFrom: identifier,
    current: uint(),
    syncing: uint(),
  }),
  base: nullable(base),
  genesis: nullable(configuration),
  checkpoint: mark,
  older: list(mark, MAX_CHECKPOINTS),
  logGeneration: safe,
});

/** The bytes of a meta record. */
export function encodeMetaRecord(value: MetaRecord): Uint8Array {
  return seal(encodeItem(record.write({ format: FORMAT_VERSION, ...value })));
}

/** @throws DecodeError */
export function decodeMetaRecord(bytes: Uint8Array): MetaRecord {
  const item = decodeItem(unseal(bytes, MAX_RECORD_BYTES, 'meta record'), 'meta record');
  const { format: _, ...value } = record.read(item, 'meta record');
  return value;
}
