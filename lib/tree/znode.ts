/** ZooKeeper's Stat, all eleven fields. */
export interface Stat {
  /** Transaction that created the node. */
  readonly czxid: bigint;
  /** Transaction that last changed its data. */
  readonly mzxid: bigint;
  /** Transaction that last changed its list of children. */
  readonly pzxid: bigint;
  /** Creation, ms since 1970, by the clock of the leader then. */
  readonly ctime: number;
  /** Last change of data, likewise. */
  readonly mtime: number;
  /** Changes of data. */
  readonly version: number;
  /** Changes of the list of children. */
  readonly cversion: number;
  /** Changes of the ACL. */
  readonly aversion: number;
  /** Session of an ephemeral node, else 0. */
  readonly ephemeralOwner: bigint;
  /** Bytes. */
  readonly dataLength: number;
  /** Children, not what is below them. */
  readonly numChildren: number;
}
