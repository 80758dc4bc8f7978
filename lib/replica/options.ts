import type { CustomSchemes } from '../tree/reader.ts';
import type { ZabOptions } from '../zab/options.ts';

/** What a replica must be told; the peer has the defaults. Durations in ms. */
export interface ReplicaOptions {
  readonly zab: ZabOptions;
  /** Turns come at least this often (see {@link Replica.deadline}); a gap of three is a stall. */
  readonly heartbeat: number;
  /** Address of this peer in its sessions while it leads itself; learners' addresses come from their links. Empty: none. */
  readonly address: string;
  /** Transactions between two checkpoints; each peer takes its own within 50 to 100 % of it. */
  readonly snapCount: number;
  /** Bytes of transactions between two checkpoints, if that comes first; likewise. */
  readonly snapBytes: number;
  /** Checkpoints to keep, with the log since the oldest. @default 1: with the log since the one before */
  readonly snapRetainCount?: number;
  /** The version that this leader declares in EPOCH_START. */
  readonly clusterVersion: number;
  /** How often the leader looks for empty containers and for nodes whose time is over. */
  readonly reapInterval: number;
  /** How often the leader sends its digest. */
  readonly digestInterval: number;
  /** Writes of one session that may wait, sent or not. Beyond: OVERLOADED. */
  readonly pendingMax: number;
  /**
   * Bytes that a leader may have proposed and not applied. All of it may leave in one turn, so it is far
   * below what may wait on a link before that is cut: or everybody's link would be, at once.
   */
  readonly proposedBytesMax: number;
  /** Bytes of a checkpoint made in one turn. */
  readonly sliceBytes: number;
  /** ACL schemes of the application's own. */
  readonly schemes?: CustomSchemes | undefined;
  /** What this peer declares in EPOCH_START when it leads: growth of the tree beyond is QUOTA_EXCEEDED. @default 256 MiB */
  readonly maxTreeBytes?: number | undefined;
}

/** Everything that has a default. */
export const REPLICA_DEFAULTS: Omit<ReplicaOptions, 'zab'> = {
  heartbeat: 250,
  address: '',
  snapCount: 100_000,
  snapBytes: 64 * 1024 * 1024,
  clusterVersion: 1,
  reapInterval: 10_000,
  digestInterval: 5_000,
  pendingMax: 4096,
  proposedBytesMax: 16 * 1024 * 1024,
  sliceBytes: 256 * 1024,
};
