import type { ZabOptions } from '../zab/zab.ts';

/** What a replica must be told; the peer has the defaults. Durations in ms. */
export interface ReplicaOptions {
  readonly zab: ZabOptions;
  /** Turns come at least this often (see {@link Replica.deadline}); a gap of three is a stall. */
  readonly heartbeat: number;
  /** Address of this peer as the leader of a group of one would write it into a session; learners' come from their links. */
  readonly address: string;
  /** Transactions between two checkpoints; each peer takes its own within 50 to 100 % of it. */
  readonly snapCount: number;
  /** The version that this leader declares in EPOCH_START. */
  readonly clusterVersion: number;
  /** How often the leader looks for empty containers and for nodes whose time is over. */
  readonly reapInterval: number;
  /** How often the leader sends its digest. */
  readonly digestInterval: number;
  /** Writes of one session that may wait, sent or not. Beyond: OVERLOADED. */
  readonly pendingMax: number;
  /** Bytes of a checkpoint made in one turn. */
  readonly sliceBytes: number;
}
