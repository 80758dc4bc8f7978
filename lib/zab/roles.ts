/** What a peer knows only while it leads or follows. Volatile: gone with the role. */
import { ZERO, type Zxid } from '../base/zxid.ts';
import type { VoterKey } from './configuration.ts';
import type { HeldMessages } from './held-messages.ts';
import type { Entry, Mark } from './log-entry.ts';
import type { AckEpoch, FollowerInfo, Snap } from './messages.ts';
import type { LinkId } from './ready.ts';

/** How far a learner has come; it never goes back, a new attempt is a new link. */
export type LearnerStage =
  /** FOLLOWERINFO came. */
  | 'presented'
  /** LEADERINFO went out. */
  | 'invited'
  /** ACKEPOCH came: its log is frozen but for this leader's stream. */
  | 'promised'
  /** The history and NEWLEADER are on their way; proposals follow behind them. */
  | 'syncing'
  /** ACKNEWLEADER came: history and currentEpoch are durable there. */
  | 'synced'
  /** UPTODATE went out: it may serve, and is told of commits. */
  | 'serving';

/** A learner as its leader sees it. */
export interface Learner {
  readonly link: LinkId;
  readonly id: number;
  readonly key: VoterKey;
  readonly boot: number;
  readonly starts: readonly number[];
  /** Gets committed entries only, and is never counted. */
  readonly observer: boolean;
  readonly info: FollowerInfo;
  stage: LearnerStage;
  promise: AckEpoch | undefined;
  /** Everything through here is durable there; only what came after ACKNEWLEADER counts. */
  acked: Zxid;
  /** What NEWLEADER said: where its log must end before it counts. */
  historyEnd: Zxid;
  /** The last entry sent, for observers. */
  sent: Zxid;
  /** Greatest nonce that came back on this link after ACKNEWLEADER. */
  nonce: number;
  /** The log knows the start it is in, or does not care. */
  recorded: boolean;
  /** What its link has not taken yet; undefined when nothing waits. What is behind the history is bounded: {@link heldMax}. */
  held: HeldMessages | undefined;
  /** Bytes of its synchronization that its link has taken. */
  sentBytes: number;
  chunks: number;
  /** Last sign of progress: of its synchronization, and the time its disk may take for what it was sent; then the last ACK. */
  progressAt: number;
}

export interface Confirmation {
  readonly token: number;
  /** The round whose completion confirms it; it began after the token was given. */
  readonly nonce: number;
}

/** One leading attempt. */
export class Leading {
  readonly startedAt: number;
  /** When a quorum was last there; judged until it is established. */
  attendedAt: number;
  readonly learners: Map<LinkId, Learner> = new Map();
  stage: 'discovery' | 'synchronization' | 'broadcast' = 'discovery';
  /** e' of the paper; 0 until chosen (step 9). Fixed for this attempt. */
  epoch = 0;
  /** Whose promise counts for this attempt: the same id under another store has forgotten it. */
  readonly promisedBy: Map<number, VoterKey> = new Map();
  /** acceptedEpoch = e' is durable: LEADERINFO may be sent. */
  epochDurable = false;
  /** H: the end of the initial history, once a quorum has promised (step 12). */
  historyEnd: Mark | undefined;
  /** The own history and currentEpoch are durable. */
  ownHistory = false;
  /** The log knows the start that this leader is in. */
  recorded = false;
  /** That the epoch is established was said: not before all of the history is applied here (S11). */
  announced = false;
  /** Counter of the last proposal of this epoch. */
  counter = 0;
  /** Everything through here was sent to the learners that are forwarded to. */
  forwarded: Zxid = ZERO;
  /** The last COMMIT sent. */
  commitSent: Zxid = ZERO;
  /** Voter of an epoch promised beyond this one: it cannot join before another election (step 11). */
  outpacedAt: number | undefined;
  /** Standing down: nothing is proposed any more. `retire`: for good. */
  resigning: { readonly since: number; readonly retire: boolean } | undefined;

  /** Rounds (step 27): the last nonce sent, when each unconfirmed one began, and what waits for them. */
  nonce = 0;
  confirmedNonce = 0;
  /** Start of the last round that a quorum has answered. */
  confirmedAt: number;
  readonly roundStarts: Map<number, number> = new Map();
  confirmations: Confirmation[] = [];
  /** After a long stall nothing is committed before this round is confirmed. */
  provenFrom = 0;
  roundWanted = false;
  nextHeartbeat: number;

  constructor(now: number) {
    this.startedAt = now;
    this.attendedAt = now;
    this.confirmedAt = now;
    this.nextHeartbeat = now;
  }

  get established(): boolean {
    return this.stage === 'broadcast';
  }

  /** Whether EPOCH_START may still be proposed, or requests behind it. */
  get proposing(): boolean {
    return this.established && this.resigning === undefined;
  }
}

export type FollowingStage =
  /** No link to the leader yet. */
  | 'connecting'
  /** FOLLOWERINFO sent. */
  | 'discovery'
  /** The promise is being written. */
  | 'promising'
  /** ACKEPOCH sent. */
  | 'promised'
  /** DIFF, TRUNC or SNAP came. */
  | 'history'
  /** NEWLEADER came; history and currentEpoch are being written. */
  | 'taking'
  /** ACKNEWLEADER sent. */
  | 'taken'
  /** UPTODATE came. */
  | 'serving';

/** The synchronization stream as far as it has come. */
export interface SyncStream {
  /** Cut the log here first; undefined for a DIFF or SNAP, or when it is cut already. */
  truncate: Zxid | undefined;
  readonly snapshot: Snap | undefined;
  /** The next CHUNK's number; the SNAP is whole once `chunksDone`. */
  chunks: number;
  chunksDone: boolean;
  /** Held back for one batch with NEWLEADER, or empty once the stream is written as it comes (step 16). */
  entries: Entry[];
  bytes: number;
  spilled: boolean;
  /** End of what has come. */
  end: Mark;
}

/** One attempt to follow. */
export class Following {
  readonly leader: number;
  readonly startedAt: number;
  link: LinkId | undefined;
  stage: FollowingStage = 'connecting';
  epoch = 0;
  sync: SyncStream | undefined;
  /** The last ACK sent. */
  acked: Zxid = ZERO;
  /** When the leader last gave a sign. */
  heardAt: number;

  constructor(leader: number, now: number) {
    this.leader = leader;
    this.startedAt = now;
    this.heardAt = now;
  }

  /** History and currentEpoch are durable and acknowledged. */
  get joined(): boolean {
    return this.stage === 'taken' || this.stage === 'serving';
  }
}
