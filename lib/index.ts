/**
 * quorate: an embeddable coordination service. {@link openPeer} makes this process a member of a
 * group that keeps one small, ordered, durable tree of znodes, and goes on while a majority lives.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 *
 * const peer = await openPeer(); // a group of one, in memory
 * await peer.create('/config/db', 'postgres://db1', { parents: true });
 * const { data, stat } = await peer.get('/config/db');
 * await peer.set('/config/db', `${data}?pool=8`, { version: stat.version });
 * await peer.close();
 * ```
 *
 * @packageDocumentation
 */

export type { ErrorCode, ErrorDescription, Outcome } from './base/errors.ts';
export { ERRORS, QuorateError } from './base/errors.ts';
export { cbor } from './client/cbor-codec.ts';
export type {
  ChildrenOptions,
  Client,
  Created,
  CreateOptions,
  DeleteOptions,
  OwnedSession,
  Peer,
  PeerEvents,
  ReadOptions,
  Session,
  SessionCreateOptions,
  WatchChildrenOptions,
  Znode,
} from './client/client.ts';
export type { Codec } from './client/codec.ts';
export { bytes, utf8 } from './client/codec.ts';
export type { Feed, Live, TreeChange, TreeUpdate, Watch } from './client/feed.ts';
export type { HeldGrant } from './client/guard.ts';
export { json } from './client/json-codec.ts';
export { openPeer } from './client/open-peer.ts';
export type { EphemeralOp, Op, Results } from './client/operation.ts';
export type { RetryPolicy } from './client/retry.ts';
export { exponentialBackoff, retry, times, untilElapsed } from './client/retry.ts';
export type { StandardSchema } from './client/standard-schema.ts';
export type { StopOptions, WaitOptions } from './client/wait.ts';
export { EVENT_TYPES, SESSION_STATES } from './client/zookeeper-numbers.ts';
export { checkPlacement, type Placement } from './peer/check-placement.ts';
export { type Environment, fromEnv } from './peer/from-env.ts';
export { fromStatefulSet, type StatefulSet } from './peer/from-stateful-set.ts';
export {
  fromZooCfg,
  type KeptKeys,
  type ZooCfg,
  type ZooCfgOptions,
} from './peer/from-zoo-cfg.ts';
export type {
  Grouped,
  ListenOptions,
  Logger,
  PeerAddress,
  Settings,
  Solo,
} from './peer/settings.ts';
export type { PeerConnection, PeerMode, PeerStatus } from './peer/status.ts';
export type { SessionState } from './replica/session-handle.ts';
export type { Stat } from './tree/znode.ts';
