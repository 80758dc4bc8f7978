/**
 * The whole traffic between ZAB and the world. ZAB never calls out: it takes inputs (see {@link Zab})
 * and answers with two values. {@link Ready} is what to do at once; {@link Batch} is what to make
 * durable, taken when the store is idle, at most one at a time (rule G4). Nothing that depends on a
 * batch leaves ZAB before `persisted(batch.id)` (rule G8), so there is no order for a driver to get wrong.
 */
import type { Zxid } from '../base/zxid.ts';
import type { Configuration } from './configuration.ts';
import type { Entry, Mark } from './log-entry.ts';
import type { Birth, ZabMessage } from './messages.ts';
import type { StoredLog } from './stored-log.ts';

/** A connection to one peer. Numbers are the driver's and are never used again. */
export type LinkId = number;

/** The promises of a store. */
export interface Epochs {
  /** f.p of the paper: the last epoch promised to a prospective leader. */
  readonly accepted: number;
  /** Voter key of the leader to which `accepted` was promised; empty at the start. */
  readonly acceptedFrom: string;
  /** f.a of the paper: the epoch of the last established history taken over. Never above `accepted`. */
  readonly current: number;
  /** Set while a sync stream of that epoch is half written: the log may reach beyond `current`. 0: none. */
  readonly syncing: number;
}

/** Where the log begins: everything before is in a checkpoint. */
export interface Base extends Mark {
  /** The last configuration at or before the base; committed, since nothing uncommitted leaves the log. */
  readonly configuration: Configuration;
}

/**
 * One atomic, synced write: in this order store, birth, genesis, truncate, stage, install, entries,
 * epochs. Entries of one batch are one group and one value in the store.
 */
export interface Batch {
  readonly id: number;
  /** Another store id: the promises under the old one are lost (step 14, and section 4: a store rolled back). */
  readonly renew?: string;
  readonly birth?: Birth;
  /** The configuration the group was born with; kept for ever. With no base yet, it is also the base (zxid 0, chain 0) of the empty log. */
  readonly genesis?: Configuration;
  /** Drop every entry above. */
  readonly truncate?: Zxid;
  /** Bytes of a received checkpoint, for the next generation. `first`: begin it anew, forgetting one half received. */
  readonly stage?: { readonly first: boolean; readonly chunks: readonly Uint8Array[] };
  /** Flip to the staged generation: checkpoint and an empty log that begins at `install`. */
  readonly install?: Base;
  readonly entries: readonly Entry[];
  readonly epochs?: Epochs;
  /** A lower bound of what is committed, so that a restart may apply that far at once. */
  readonly committed: Zxid;
}

/** What a store held when it was opened. */
export interface Durable {
  readonly store: string;
  /** Already counted up and synced by the open. */
  readonly boot: number;
  /** What HELLO tells: the starts in which a promise was written, as far as they are kept, and last this one. */
  readonly starts: readonly number[];
  readonly birth: Birth;
  readonly epochs: Epochs;
  /** Undefined before the group is born. */
  readonly base: Base | undefined;
  readonly genesis: Configuration | undefined;
  /** Contiguous from the base, chains verified. */
  readonly entries: StoredLog;
  /** Where the checkpoint stands: base <= checkpoint <= last entry. */
  readonly applied: Zxid;
  /** Of older checkpoints that are kept, newest first. */
  readonly retained?: readonly Zxid[];
  readonly committed: Zxid;
}

/** A message and the links it goes to: encoded once, whatever their number. */
export interface Envelope {
  readonly to: readonly LinkId[];
  readonly message: ZabMessage;
}

/** A notable change, for the log, the status and the simulator's story. */
export type ZabEvent =
  | {
      readonly type: 'role';
      readonly role: Role;
      readonly leader: number | undefined;
      readonly reason: string;
    }
  | { readonly type: 'phase'; readonly phase: Phase }
  | { readonly type: 'established'; readonly epoch: number; readonly history: Zxid }
  | {
      readonly type: 'sync';
      readonly mode: 'DIFF' | 'TRUNC' | 'SNAP';
      readonly peer: number;
      readonly from: Zxid;
    }
  | {
      readonly type: 'refused';
      readonly link: LinkId;
      readonly reason: Refusal;
      readonly detail: string;
    }
  /** The disk has written nothing for so long, with something to write; told once until it goes on. */
  | { readonly type: 'slow-disk'; readonly ms: number }
  | { readonly type: 'alarm'; readonly detail: string };

export type Role = 'looking' | 'following' | 'leading' | 'observing' | 'quarantined';
export type Phase = 'election' | 'discovery' | 'synchronization' | 'broadcast';
export type Refusal =
  | 'PEERS_MISMATCH'
  | 'DUPLICATE_ID'
  | 'DUPLICATE_STORE'
  | 'STORE_MISMATCH'
  | 'PROTOCOL';

/** What to do now; in the order of the fields. */
export interface Ready {
  /** Checkpoint bytes of a SNAP under way: `first` begins a restore. */
  readonly restore: readonly {
    readonly first: boolean;
    readonly bytes: Uint8Array;
    readonly last: boolean;
  }[];
  /** The restore is durable and current: swap the tree. Comes before any entry after it is delivered. */
  readonly installed: Mark | undefined;
  /** Committed and durable here, in order: apply them. */
  readonly deliver: readonly Entry[];
  /** Learners that wait for an exact copy of the tree as it is after `deliver`; feed it with `chunk()`. */
  readonly snapshots: readonly { readonly link: LinkId; readonly zxid: Zxid }[];
  readonly send: readonly Envelope[];
  /** Links to close, after what was sent on them. */
  readonly close: readonly { readonly link: LinkId; readonly reason: string }[];
  /** Tokens of `confirm()` whose quorum round is complete (protocol 1.7, step 27). */
  readonly confirmed: readonly number[];
  /** This leader is ESTABLISHED in this epoch: propose its `epoch-start` now. */
  readonly established: number | undefined;
  /** A change of membership is due: encode and propose it. */
  readonly configure: Configuration | undefined;
  readonly events: readonly ZabEvent[];
}
