/**
 * What peers say to one another above ZAB: requests on their way to the leader, read indexes, and
 * the liveness of sessions. Like ZAB's messages they belong to one link; the leader forgets what
 * came over a link when the link ends (step 26), and a learner asks again on the next.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Request } from '../tree/request.ts';

/** Learner to leader: all that one turn has to ask, in the order of each session. */
export interface RequestMessage {
  readonly type: 'REQUEST';
  readonly requests: readonly Request[];
}

/**
 * Leader to learner: this request and every later one of the session that came before this answer
 * were not proposed (step 25). `expected` is the number the leader would take next; 0 if it takes
 * none any more, and then `code` says why.
 */
export interface RejectMessage {
  readonly type: 'REJECT';
  readonly session: bigint;
  readonly cxid: number;
  readonly code: ErrorCode;
  readonly expected: number;
}

/** Leader to learner: a request that was sent again stands in the log already, at `zxid` or before. */
export interface ProposedMessage {
  readonly type: 'PROPOSED';
  readonly session: bigint;
  readonly cxid: number;
  readonly zxid: Zxid;
}

/** Learner to leader: from which zxid on is a read linearizable? `id` is never used again by the sender. */
export interface ReadIndexMessage {
  readonly type: 'READINDEX';
  readonly id: number;
}

/** Leader to learner, after a quorum round that began when it had READINDEX (step 27). */
export interface ReadIndexOkMessage {
  readonly type: 'READINDEX_OK';
  readonly id: number;
  readonly zxid: Zxid;
}

/** Learner to leader: these sessions of the sender live. */
export interface TouchMessage {
  readonly type: 'TOUCH';
  readonly id: number;
  readonly sessions: readonly bigint[];
}

/**
 * Leader to learner, after a quorum round that began when it had TOUCH (step 30): a deposed leader
 * keeps nobody's session valid.
 */
export interface TouchedMessage {
  readonly type: 'TOUCHED';
  readonly id: number;
  /** Those that were not touched: unknown here, closing, or owned by another peer. */
  readonly refused: readonly bigint[];
}

/** Leader to learners, now and then: who has another tree at that zxid has diverged (S16). */
export interface DigestMessage {
  readonly type: 'DIGEST';
  readonly zxid: Zxid;
  readonly hash: number;
}

/** Every message of replica/. */
export type ServiceMessage =
  | RequestMessage
  | RejectMessage
  | ProposedMessage
  | ReadIndexMessage
  | ReadIndexOkMessage
  | TouchMessage
  | TouchedMessage
  | DigestMessage;
