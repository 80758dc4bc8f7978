/** The knobs of one peer's ZAB. All durations in milliseconds of the driver's monotonic clock. */
import { COUNTER_MAX } from '../base/zxid.ts';

/** A voter as the options name it: without a store, which only the log knows. */
export interface ConfiguredVoter {
  readonly id: number;
  readonly weight: number;
  readonly group: number;
}

export interface ZabOptions {
  readonly id: number;
  readonly role: 'participant' | 'observer';
  /** The voters to found the group with; once it is born, the log's configuration counts. */
  readonly voters: readonly ConfiguredVoter[];
  /** The operator's word that whoever is not there has an empty disk: a quorum of flagged voters may found the group. */
  readonly bootstrap: boolean;
  /** Heartbeat of a leader, and of every otherwise idle link. @default 250 */
  readonly heartbeat: number;
  /** Silence after which a link, a leader or a quorum is given up. @default 2_000 */
  readonly syncTimeout: number;
  /** How long synchronization may go without any progress. @default 15_000 */
  readonly initTimeout: number;
  /** How long an election waits for a better vote, once a quorum agrees, of whoever may still vote. @default 50 */
  readonly finalizeWait: number;
  /**
   * Cap of the back-off between repeated votes: the recovery time after lost ones. At most half of
   * `syncTimeout` counts: votes are also what keeps the links of looking peers alive. @default 1_000
   */
  readonly notificationMax: number;
  /** A leader outpaced by a promise of one of its voters stands down after this long. @default 30_000 */
  readonly reelectionDelay: number;
  /** Bytes of history that a learner holds back for one single batch; more are written as they come (step 16). @default 4 MiB */
  readonly syncBufferBytes: number;
  /** Bytes with which a batch for the disk is full: what waits behind it is for the next. @default 4 MiB */
  readonly batchBytesMax: number;
  /** Bytes of entries in one message at most, unless one entry is larger. @default 64 KiB */
  readonly groupBytes: number;
  /**
   * Bytes of entries that one turn hands over to be applied, each reckoned as 256 bytes at least; the next turn
   * comes at once, so that a long history does not stop the event loop. @default 256 KiB
   */
  readonly deliverBytesMax: number;
  /** Entries a learner may lag behind, if it has acknowledged nothing for `syncTimeout`: its link is cut, and it resyncs (step 35). @default 100_000 */
  readonly lagMax: number;
  /** Bytes that may wait in a link's send queue before the history for its learner pauses. @default 1 MiB */
  readonly linkBacklogMax: number;
  /**
   * Bytes of proposals kept for a learner behind its history, or as many as its link has taken of its
   * synchronization; more cut its link, and it begins anew from a newer place. @default 64 MiB
   */
  readonly heldBytesMax: number;
  /**
   * Bytes that may wait for the own disk: a checkpoint and what came behind it, or a history. A learner
   * leaves a leader that sends more. Twice the largest tree is room for all that is sound. @default 512 MiB
   */
  readonly writeQueueBytesMax: number;
  /** Checkpoint transfers at a time. @default 2 */
  readonly snapshotsMax: number;
  /** The last counter of an epoch. @default COUNTER_MAX; lower in simulations */
  readonly counterMax: number;
  /** The id this store takes when its promises turn out to be lost: random, made by whoever opened it. */
  readonly spareStore: string;
}

/** Everything that has a default. */
export const ZAB_DEFAULTS: Omit<ZabOptions, 'id' | 'role' | 'voters' | 'spareStore'> = {
  bootstrap: false,
  heartbeat: 250,
  syncTimeout: 2_000,
  initTimeout: 15_000,
  finalizeWait: 50,
  notificationMax: 1_000,
  reelectionDelay: 30_000,
  syncBufferBytes: 4 * 1024 * 1024,
  batchBytesMax: 4 * 1024 * 1024,
  groupBytes: 64 * 1024,
  deliverBytesMax: 256 * 1024,
  lagMax: 100_000,
  linkBacklogMax: 1024 * 1024,
  heldBytesMax: 64 * 1024 * 1024,
  writeQueueBytesMax: 512 * 1024 * 1024,
  snapshotsMax: 2,
  counterMax: COUNTER_MAX,
};
