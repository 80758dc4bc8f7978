import type { QuorumPeer } from '../peer/quorum-peer.ts';

/** What a client asks of its peer: a port, so that the same client also runs on a simulated one. */
export type ClientPeer = Pick<
  QuorumPeer,
  | 'id'
  | 'pipeline'
  | 'options'
  | 'status'
  | 'zxid'
  | 'end'
  | 'isOpen'
  | 'closed'
  | 'validFor'
  | 'afterTurn'
  | 'handleUpgrade'
  | 'close'
>;
