/** Which of DIFF, TRUNC and SNAP brings a learner's log to the leader's: a pure choice (step 14). */
import type { Zxid } from '../base/zxid.ts';
import type { History } from './history.ts';
import type { Mark } from './log-entry.ts';

/** The learner's log as its ACKEPOCH told it: frozen and durable. */
export interface LearnerLog {
  readonly lastZxid: Zxid;
  readonly lastChain: number;
  /** No log, or one that must not be trusted. */
  readonly empty: boolean;
}

export type SyncPlan =
  /** The learner's log is a prefix of the leader's. */
  | { readonly mode: 'DIFF'; readonly from: Mark }
  /** The learner's log leaves the leader's at `to`. */
  | { readonly mode: 'TRUNC'; readonly to: Mark }
  /** The learner's log ends before the leader's begins, or is worth nothing. */
  | { readonly mode: 'SNAP' }
  /** Same zxid, other content: cannot happen with intact stores. */
  | { readonly mode: 'MISMATCH' };

/**
 * `limit`: the learner must not keep anything above it (an observer holds committed entries only).
 * A SNAP never repairs an intact store: it is sent only to one whose log ends below the leader's base.
 */
export function planSync(learner: LearnerLog, history: History, limit: Zxid): SyncPlan {
  if (learner.empty) return { mode: 'SNAP' };
  const reach = learner.lastZxid < limit ? learner.lastZxid : limit;
  const common = history.floor(reach);
  if (common === undefined) return { mode: 'SNAP' };
  if (common.zxid !== learner.lastZxid) return { mode: 'TRUNC', to: common };
  if (common.chain !== learner.lastChain) return { mode: 'MISMATCH' };
  return { mode: 'DIFF', from: common };
}
