/** Every decoder of the room with its encoder and any value of it: what the tests run over. */
import type fc from 'fast-check';
import type { CheckpointPart } from '../../lib/tree/checkpoint-record.ts';
import { decodeCheckpointPart, encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { decodeConfiguration, encodeConfiguration } from '../../lib/wire/configuration.ts';
import { decodeEntries, encodeEntries } from '../../lib/wire/entries.ts';
import { decodeFrame, encodeMessage, packFrames } from '../../lib/wire/frames.ts';
import { decodeLogRecord, encodeLogRecord } from '../../lib/wire/log-record.ts';
import type { PeerMessage } from '../../lib/wire/messages.ts';
import { decodeMetaRecord, encodeMetaRecord } from '../../lib/wire/meta-record.ts';
import { decodeRequests, encodeRequests } from '../../lib/wire/request.ts';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import * as arbitrary from './arbitraries.ts';

export interface Codec {
  readonly name: string;
  /** Whether the bytes end with a checksum. */
  readonly sealed: boolean;
  /** Any value, encoded. */
  readonly encoded: fc.Arbitrary<Uint8Array>;
  /** decode and encode again; throws as the decoder does. */
  again(bytes: Uint8Array): Uint8Array;
  /** Whether decode(encode(x)) is x, for any x. */
  readonly roundTrip: fc.Arbitrary<{ readonly value: unknown; readonly decoded: unknown }>;
}

function codec<T>(
  name: string,
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
  sealed = false,
): Codec {
  return {
    name,
    sealed,
    encoded: values.map(encode),
    again: (bytes) => encode(decode(bytes)),
    roundTrip: values.map((value) => ({ value, decoded: decode(encode(value)) })),
  };
}

/** The only frame of messages that fit into one. */
export function frameOf(messages: readonly PeerMessage[]): Uint8Array {
  const [frame, ...rest] = packFrames(messages.map(encodeMessage));
  if (frame === undefined || rest.length > 0) throw new Error('not one frame');
  return frame;
}

const PLACE = 7;

export const CODECS: readonly Codec[] = [
  ...Object.entries<fc.Arbitrary<PeerMessage>>(arbitrary.messages).map(([type, message]) =>
    codec(
      type,
      message.map((one) => [one]),
      frameOf,
      (bytes) => [...decodeFrame(bytes)],
    ),
  ),
  codec('frame', arbitrary.frame, frameOf, decodeFrame),
  codec('txn', arbitrary.txn, encodeTxn, decodeTxn),
  codec('requests', arbitrary.requests, encodeRequests, decodeRequests),
  codec(
    'entries',
    arbitrary.entries,
    (entries) => encodeEntries(entries),
    (bytes) => decodeEntries(bytes),
  ),
  codec('configuration', arbitrary.configuration, encodeConfiguration, decodeConfiguration),
  codec('log record', arbitrary.logRecord, encodeLogRecord, decodeLogRecord, true),
  codec('meta record', arbitrary.metaRecord, encodeMetaRecord, decodeMetaRecord, true),
  codec<CheckpointPart>(
    'checkpoint part',
    arbitrary.checkpointPart,
    (part) => encodeCheckpointPart(part, PLACE),
    (bytes) => decodeCheckpointPart(bytes, PLACE),
    true,
  ),
];
