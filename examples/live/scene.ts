/** What the live view knows of the group. Times are ms of one clock. */

/** One node of the tree, as far as it is shown. */
export interface SeenNode {
  readonly path: string;
  readonly data: string;
  readonly isEphemeral: boolean;
  /** All children, also those that are not shown. */
  readonly children: number;
}

/** What one peer says of itself when it is asked. */
export interface Look {
  readonly state: string;
  readonly isServing: boolean;
  readonly reason: string | undefined;
  readonly leader: number | undefined;
  readonly epoch: number;
  readonly zxid: bigint;
  /** The first levels of its tree, parents first. */
  readonly tree: readonly SeenNode[];
}

/** What was done to a process, which the peer in it need not know. */
export type Condition = 'starting' | 'running' | 'frozen' | 'closing' | 'gone';

/** One of the processes. */
export interface SeenMember {
  readonly id: number;
  readonly pid: number;
  readonly condition: Condition;
  /** When the condition began. */
  readonly since: number;
  /** The newest answer; the last one before it was frozen. */
  readonly look: Look | undefined;
}

/** A leader that went, and how long the others needed. */
export interface Takeover {
  readonly from: number;
  readonly cause: 'killed' | 'frozen' | 'closed';
  /** Ms until the next write that somebody else was told of; undefined: nobody was yet. */
  readonly took: number | undefined;
}

/** All of it at one moment. */
export interface Scene {
  readonly now: number;
  /** The peer that keys act on. */
  readonly chosen: number;
  readonly members: readonly SeenMember[];
  readonly takeovers: readonly Takeover[];
}
