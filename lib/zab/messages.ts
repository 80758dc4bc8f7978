/**
 * Every message of the protocol, under ZooKeeper's names; the paper's twin stands in the comment.
 * A message belongs to one link, and a link to one incarnation of one store: HELLO is the first on
 * it, and what it says holds for all that follow (rule G9).
 */
import type { Zxid } from '../base/zxid.ts';
import type { Configuration, Member } from './configuration.ts';
import type { Entry } from './log-entry.ts';

/** What a store knows of the group's birth; see bootstrap.ts. */
export type Birth =
  | { readonly state: 'unborn' }
  /** Durably agreed to this set of voters, not yet known to be agreed by all. */
  | { readonly state: 'pledged'; readonly voters: readonly Member[] }
  /** Has a log with a configuration. */
  | { readonly state: 'born' };

/** First on every link, in both directions. */
export interface Hello {
  readonly type: 'HELLO';
  readonly protocol: { readonly min: number; readonly max: number };
  /** 28 hexadecimal digits derived from the first configuration; empty while unborn. */
  readonly cluster: string;
  readonly id: number;
  readonly store: string;
  /** How often the store was opened: a restart is another incarnation. */
  readonly boot: number;
  /**
   * Random, one for each start of the store in which it made promises, and for this one, which is the
   * last: a copy that went another way is told apart by what it does not know. See record-starts.ts.
   */
  readonly starts: readonly number[];
  /** Whether the options make this peer a voter; an observer never votes, whatever it holds. */
  readonly role: 'participant' | 'observer';
  /** Hash of the voters' ids, weights and groups in the options: other options, another group. */
  readonly votersHash: number;
  /** Started with the operator's word that this group has never been: see bootstrap.ts. */
  readonly bootstrap: boolean;
  readonly birth: Birth;
}

/** Said again whenever {@link Birth} changes while a link is up. */
export interface BirthNotice {
  readonly type: 'BIRTH';
  readonly birth: Birth;
  /** Of a born peer: the configuration the group was born with, so that a late pledger can be born too. */
  readonly genesis: Configuration | undefined;
  readonly cluster: string;
}

/** What a peer votes for: the order is (epoch, zxid, leader), greater wins. */
export interface Vote {
  readonly leader: number;
  /** The proposed leader's currentEpoch, never the epoch of its last zxid. */
  readonly epoch: number;
  readonly zxid: Zxid;
}

export type PeerState = 'looking' | 'following' | 'leading' | 'observing';

/** Fast leader election. A peer without a vote (observer, amnesiac, joining) asks with `vote` undefined. */
export interface Notification {
  readonly type: 'NOTIFICATION';
  /** The election round (ZooKeeper's logical clock); volatile, and not an epoch. */
  readonly round: number;
  readonly state: PeerState;
  readonly vote: Vote | undefined;
}

/** CEPOCH of the paper: a learner presents itself to its prospective leader. */
export interface FollowerInfo {
  readonly type: 'FOLLOWERINFO';
  readonly acceptedEpoch: number;
  readonly acceptedFrom: string;
  readonly currentEpoch: number;
  readonly lastZxid: Zxid;
  readonly configuration: Zxid;
  /** False: an observer, or a peer whose promises are lost; it is synced and never counted. */
  readonly voter: boolean;
}

/** NEWEPOCH of the paper. */
export interface LeaderInfo {
  readonly type: 'LEADERINFO';
  readonly epoch: number;
}

/** ACK-E of the paper. `counted` false: this epoch was promised to another leader (ZooKeeper's "-1"). */
export interface AckEpoch {
  readonly type: 'ACKEPOCH';
  readonly epoch: number;
  readonly counted: boolean;
  readonly currentEpoch: number;
  readonly lastZxid: Zxid;
  readonly lastChain: number;
  readonly appliedZxid: Zxid;
  /** The log is lost or must not be trusted: only a SNAP will do. */
  readonly empty: boolean;
}

/** The learner's log is a prefix of the leader's: what it lacks follows as {@link History}. */
export interface Diff {
  readonly type: 'DIFF';
  readonly epoch: number;
  readonly from: Zxid;
  readonly chain: number;
}

/** The learner's log goes beyond the leader's at `to`: cut there, then as DIFF. */
export interface Trunc {
  readonly type: 'TRUNC';
  readonly epoch: number;
  readonly to: Zxid;
  readonly chain: number;
}

/** The learner's log ends before the leader's begins: an exact copy of the tree at `zxid`, in CHUNKs, then as DIFF. */
export interface Snap {
  readonly type: 'SNAP';
  readonly epoch: number;
  readonly zxid: Zxid;
  readonly chain: number;
  readonly configuration: Configuration;
}

export interface Chunk {
  readonly type: 'CHUNK';
  readonly epoch: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** Entries of the initial history, I(e') of the paper. */
export interface History {
  readonly type: 'HISTORY';
  readonly epoch: number;
  readonly previous: Zxid;
  readonly entries: readonly Entry[];
}

/** NEWLEADER of the paper: the history is complete through `historyZxid`. */
export interface NewLeader {
  readonly type: 'NEWLEADER';
  readonly epoch: number;
  readonly historyZxid: Zxid;
  readonly historyChain: number;
}

/** ACK-LD of the paper: history and currentEpoch are durable. */
export interface AckNewLeader {
  readonly type: 'ACKNEWLEADER';
  readonly epoch: number;
  readonly zxid: Zxid;
  readonly chain: number;
}

/** COMMIT-LD of the paper: the epoch is established; serve. */
export interface UpToDate {
  readonly type: 'UPTODATE';
  readonly epoch: number;
  readonly commitZxid: Zxid;
}

/** PROPOSE of the paper; a group of them, contiguous. */
export interface Proposal {
  readonly type: 'PROPOSAL';
  readonly epoch: number;
  readonly previous: Zxid;
  readonly entries: readonly Entry[];
}

/** Cumulative: all through `zxid` is durable here. */
export interface Ack {
  readonly type: 'ACK';
  readonly epoch: number;
  readonly zxid: Zxid;
}

/** Cumulative: all through `zxid` is committed. */
export interface Commit {
  readonly type: 'COMMIT';
  readonly epoch: number;
  readonly zxid: Zxid;
}

/** To observers: committed entries, never proposals. */
export interface Inform {
  readonly type: 'INFORM';
  readonly epoch: number;
  readonly previous: Zxid;
  readonly entries: readonly Entry[];
}

/** Heartbeat, and one round of "am I still the leader?" (protocol 1.7, step 27). */
export interface Ping {
  readonly type: 'PING';
  readonly epoch: number;
  readonly nonce: number;
}

export interface Pong {
  readonly type: 'PONG';
  readonly epoch: number;
  readonly nonce: number;
}

/** The leader gives up its place and names the learner that is best prepared (graceful close). */
export interface HandOver {
  readonly type: 'HANDOVER';
  readonly epoch: number;
  readonly successor: number;
}

/** The leader remembers promises that this store no longer has: renew its id, and come back without a vote. */
export interface Forgotten {
  readonly type: 'FORGOTTEN';
  readonly detail: string;
}

/** Every message of zab/. */
export type ZabMessage =
  | Hello
  | BirthNotice
  | Notification
  | FollowerInfo
  | LeaderInfo
  | AckEpoch
  | Diff
  | Trunc
  | Snap
  | Chunk
  | History
  | NewLeader
  | AckNewLeader
  | UpToDate
  | Proposal
  | Ack
  | Commit
  | Inform
  | Ping
  | Pong
  | HandOver
  | Forgotten;
