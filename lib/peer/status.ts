/** What ZooKeeper's `stat` calls the mode of a server. `standalone`: a group of one. */
export type PeerMode =
  | 'standalone'
  | 'leader'
  | 'follower'
  | 'observer'
  | 'looking'
  | 'quarantined'
  | 'closed';

/** The part that a peer plays in ZAB, whether it serves, and what it holds. A frozen value. */
export interface PeerStatus {
  /** In ZooKeeper's words; `state` says the same in ZAB's. */
  readonly mode: PeerMode;
  /** Of the ZAB peer. Whether the application leads is another question. */
  readonly state: 'looking' | 'following' | 'leading' | 'observing' | 'quarantined' | 'closed';
  /** How far the way from LOOKING to serving is gone. */
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast';
  /** There is a quorum and this peer is in step: for readiness probes, never for liveness probes. */
  readonly serving: boolean;
  /** Why it does not serve; undefined while it does. */
  readonly reason: string | undefined;
  /** Id of the leader that this peer follows, or is. */
  readonly leader: number | undefined;
  /** Of the leadership that this peer has last taken part in; every leader has a greater one than those before. */
  readonly epoch: number;
  /** The last transaction applied here. */
  readonly zxid: bigint;
  /** Ms since a quorum was heard of, as of the moment the value was made; Infinity before the first time. */
  readonly contactAge: number;
  /**
   * Whether this peer's store has a vote. An observer has none, and neither has a voter whose disk was
   * lost, rolled back or copied, until the others have admitted its new store.
   */
  readonly votes: boolean;
  /** Ids of those who vote: as the log has them, or the options until the group is born. */
  readonly voters: readonly number[];
  /** How many voters must agree. */
  readonly quorumSize: number;
  /** How many voters may fail, whichever they are; an even number of voters bears no more than one less. */
  readonly faultTolerance: number;
  /** Every peer of the options but this one. */
  readonly peers: Readonly<Record<number, PeerConnection>>;
  /**
   * Connections that this peer has refused since it was opened, and links that it has cut because somebody
   * had written between the peers. A `warning` REFUSED tells of them, once a minute for each address.
   */
  readonly refused: number;
  /** Open sessions of the whole group. */
  readonly sessions: number;
  /** Watches of this peer's sessions. */
  readonly watches: number;
  /** Nodes of the tree, `/` and those below `/zookeeper` included. */
  readonly nodes: number;
  /** Memory of the tree, estimated: what `maxTreeBytes` bounds. */
  readonly bytes: number;
}

/** The link to one other peer. */
export interface PeerConnection {
  /** Of the options. */
  readonly url: string;
  /** A link stands, and both sides know who the other is. */
  readonly connected: boolean;
  /** Why the last attempt failed, until one succeeds. */
  readonly error?: string;
}
