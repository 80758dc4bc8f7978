/** The part that a peer plays in ZAB, and whether it serves. */
export interface PeerStatus {
  /** Of the ZAB peer. Whether the application leads is another question. */
  readonly state: 'looking' | 'following' | 'leading' | 'observing' | 'quarantined' | 'closed';
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast';
  /** There is a quorum and this peer is in step: for readiness probes, never for liveness probes. */
  readonly serving: boolean;
  /** Why it does not serve; undefined while it does. */
  readonly reason: string | undefined;
  /** Id of the leader that this peer follows, or is. */
  readonly leader: number | undefined;
  readonly epoch: number;
  /** The last transaction applied here. */
  readonly zxid: bigint;
  /** Ms since a quorum was heard of, as of the moment the value was made; Infinity before the first time. */
  readonly contactAge: number;
  /** Every peer of the options but this one. */
  readonly peers: Readonly<Record<number, PeerConnection>>;
  /**
   * Connections that this peer has refused since it was opened, and links that it has cut because somebody
   * had written between the peers. A `warning` REFUSED tells of them, once a minute for each address.
   */
  readonly refused: number;
}

/** The link to one other peer. */
export interface PeerConnection {
  readonly url: string;
  readonly connected: boolean;
  /** Why the last attempt failed, until one succeeds. */
  readonly error?: string;
}
