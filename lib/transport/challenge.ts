/** A challenge as bytes: version, id, cluster and channel with their lengths before them, nonce. */
import { assert } from '../base/assert.ts';
import { MAX_IDENTIFIER, MAX_PEER_ID } from '../wire/limits.ts';

/** Of the handshake and of sealed frames. */
export const VERSION = 1;
export const NONCE_BYTES = 32;
/** Of the binding to a TLS connection, where there is one. */
export const CHANNEL_BYTES = 32;
/** Version, id, and the lengths of cluster and channel. */
const FIXED_BYTES = 4;

interface ChallengeFields {
  readonly id: number;
  readonly cluster: string;
  readonly channel: Uint8Array;
  readonly nonce: Uint8Array;
}

export interface Challenge extends ChallengeFields {
  /** The whole, as it travels and is signed. */
  readonly bytes: Uint8Array;
}

export function encodeChallenge(fields: ChallengeFields): Challenge {
  const { id, cluster, channel, nonce } = fields;
  const name = Buffer.from(cluster, 'latin1');
  assert(id >= 1 && id <= MAX_PEER_ID, 'an id is a byte');
  assert(name.length <= MAX_IDENTIFIER, 'the name of a cluster is short');
  const head = [Buffer.of(VERSION, id, name.length), name, Buffer.of(channel.length)];
  return { ...fields, bytes: Buffer.concat([...head, channel, nonce]) };
}

/** Undefined: these bytes are no challenge of this version. */
export function decodeChallenge(bytes: Uint8Array): Challenge | undefined {
  const [version, id = 0, nameBytes = 0] = bytes;
  if (version !== VERSION || id === 0 || nameBytes > MAX_IDENTIFIER) return undefined;
  const channelBytes = bytes[3 + nameBytes] ?? 0;
  if (channelBytes !== 0 && channelBytes !== CHANNEL_BYTES) return undefined;
  if (bytes.length !== FIXED_BYTES + nameBytes + channelBytes + NONCE_BYTES) return undefined;
  const channelAt = FIXED_BYTES + nameBytes;
  const nonceAt = channelAt + channelBytes;
  return {
    id,
    cluster: Buffer.from(bytes.subarray(3, 3 + nameBytes)).toString('latin1'),
    channel: bytes.slice(channelAt, nonceAt),
    nonce: bytes.slice(nonceAt),
    bytes: bytes.slice(),
  };
}
