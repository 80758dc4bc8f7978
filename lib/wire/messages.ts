/**
 * Every message between peers: its number, for ever, and its fields in the order of the wire. A
 * message is [number, field...]; what each field means stands in zab/messages.ts and
 * service-messages.ts.
 */

import type { Request } from '../tree/request.ts';
import type { Entry } from '../zab/log-entry.ts';
import type { Vote, ZabMessage } from '../zab/messages.ts';
import { birth, configuration, peerId, starts } from './configuration.ts';
import { decodeEntries, encodeEntries } from './entries.ts';
import { ERROR_CODES } from './error-codes.ts';
import {
  bytes,
  type Field,
  flag,
  identifier,
  nested,
  nullable,
  object,
  remark,
  safe,
  uint,
  union,
  wide,
  word,
  zxid,
} from './fields.ts';
import { MAX_FRAME_BYTES, MAX_REMARK, MAX_SESSIONS } from './limits.ts';
import { decodeRequests, encodeRequests } from './request.ts';
import type { ServiceMessage } from './service-messages.ts';
import { decodeSessions, encodeSessions } from './sessions.ts';

/** Everything that one peer says to another. */
export type PeerMessage = ZabMessage | ServiceMessage;

const epoch = uint();

const vote: Field<Vote> = object<Vote>({ leader: peerId, epoch, zxid });

const entries: Field<readonly Entry[]> = nested<readonly Entry[]>(
  MAX_FRAME_BYTES,
  (entries) => encodeEntries(entries),
  (bytes) => decodeEntries(bytes),
);

const requests: Field<readonly Request[]> = nested(MAX_FRAME_BYTES, encodeRequests, decodeRequests);

const sessions: Field<readonly bigint[]> = nested(8 * MAX_SESSIONS, encodeSessions, decodeSessions);

export const message: Field<PeerMessage> = union<PeerMessage, 'type'>('type', 'message', {
  HELLO: [
    1,
    {
      protocol: object({ min: uint(), max: uint() }),
      cluster: identifier,
      id: peerId,
      store: identifier,
      boot: safe,
      starts,
      role: word('participant', 'observer'),
      votersHash: safe,
      bootstrap: flag,
      birth,
    },
  ],
  BIRTH: [2, { birth, genesis: nullable(configuration), cluster: identifier }],

  NOTIFICATION: [
    3,
    {
      round: safe,
      state: word('looking', 'following', 'leading', 'observing'),
      vote: nullable(vote),
    },
  ],

  FOLLOWERINFO: [
    4,
    {
      acceptedEpoch: epoch,
      acceptedFrom: identifier,
      currentEpoch: epoch,
      lastZxid: zxid,
      configuration: zxid,
      voter: flag,
    },
  ],
  LEADERINFO: [5, { epoch }],
  ACKEPOCH: [
    6,
    {
      epoch,
      counted: flag,
      currentEpoch: epoch,
      lastZxid: zxid,
      lastChain: safe,
      appliedZxid: zxid,
      empty: flag,
    },
  ],

  DIFF: [7, { epoch, from: zxid, chain: safe }],
  TRUNC: [8, { epoch, to: zxid, chain: safe }],
  SNAP: [9, { epoch, zxid, chain: safe, configuration }],
  CHUNK: [10, { epoch, sequence: uint(), bytes: bytes(MAX_FRAME_BYTES), last: flag }],
  HISTORY: [11, { epoch, previous: zxid, entries }],
  NEWLEADER: [12, { epoch, historyZxid: zxid, historyChain: safe }],
  ACKNEWLEADER: [13, { epoch, zxid, chain: safe }],
  UPTODATE: [14, { epoch, commitZxid: zxid }],

  PROPOSAL: [15, { epoch, previous: zxid, entries }],
  ACK: [16, { epoch, zxid }],
  COMMIT: [17, { epoch, zxid }],
  INFORM: [18, { epoch, previous: zxid, entries }],
  PING: [19, { epoch, nonce: safe }],
  PONG: [20, { epoch, nonce: safe }],
  HANDOVER: [21, { epoch, successor: peerId }],
  FORGOTTEN: [22, { detail: remark(MAX_REMARK) }],

  REQUEST: [40, { requests }],
  REJECT: [41, { session: wide, cxid: safe, code: word(...ERROR_CODES), expected: safe }],
  PROPOSED: [42, { session: wide, cxid: safe, zxid }],
  READINDEX: [43, { id: safe }],
  READINDEX_OK: [44, { id: safe, zxid }],
  TOUCH: [45, { id: safe, sessions }],
  TOUCHED: [46, { id: safe, refused: sessions }],
  DIGEST: [47, { zxid, hash: safe }],
});
