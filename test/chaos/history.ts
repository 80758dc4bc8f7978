/** What clients asked and were told: the only thing that the checkers know. */
import type { ErrorCode, Outcome, Stat } from '../../lib/index.ts';

/** Microseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export type Instant = number;

/** What kind of node is made; `kept`: with an ACL that lets only keepers change it. Without: an ordinary one. */
export type Mode = 'ephemeral' | 'sequential' | 'ttl' | 'container' | 'kept';

/** One write; a part of a multi, or alone. What is written is always the id of the operation. */
export type Part =
  | { readonly kind: 'create'; readonly path: string; readonly mode?: Mode }
  | { readonly kind: 'set' | 'delete' | 'check'; readonly path: string; readonly version?: number };

/** What was asked. */
export type Request =
  | Part
  | { readonly kind: 'delete-all'; readonly path: string }
  | { readonly kind: 'multi'; readonly parts: readonly Part[] }
  | {
      readonly kind: 'get' | 'exists' | 'children';
      readonly path: string;
      readonly linearizable: boolean;
    };

/** What a client was told of one node; data is absent where only its Stat was asked for. */
export interface Seen {
  readonly path: string;
  readonly data?: string;
  readonly stat: Stat;
}

/** How an operation ended. `results`: one for each part of a multi; undefined where there is nothing to tell. */
export type Reply =
  | { readonly type: 'written'; readonly results: readonly (Seen | undefined)[] }
  | { readonly type: 'read'; readonly node: Seen | undefined }
  | { readonly type: 'names'; readonly names: readonly string[] }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly outcome: Outcome;
      readonly index?: number;
    };

/** One operation of one session. */
export interface Operation {
  /** Unique in the whole run; what it writes. */
  readonly id: string;
  readonly peer: number;
  readonly session: bigint;
  /** The session is a keeper's; see `places.ts`. */
  readonly isKeeper: boolean;
  readonly request: Request;
  readonly invoked: Instant;
  /** Infinity: nobody was told, because the process died. */
  readonly returned: Instant;
  readonly reply: Reply | undefined;
  /** What became of it in the end, as far as anybody was told. */
  readonly outcome: Outcome;
}

/** A change as a watch of the whole tree told it. */
export type Change =
  | { readonly type: 'created' | 'changed'; readonly node: Required<Seen> }
  | { readonly type: 'deleted'; readonly path: string };

/** A transaction, as one watch told it. */
export interface Told {
  readonly zxid: bigint;
  readonly changes: readonly Change[];
}

/** One watch of the whole tree, without a break: the tree as it was, then every transaction. */
export interface Feed {
  readonly peer: number;
  readonly snapshot: Told;
  readonly transactions: readonly Told[];
}

/** A session's holder said at these two instants, and meant for all the time between, that it held a lock. */
export interface Claim {
  readonly lock: string;
  readonly holder: string;
  /** How much of it. @default 1 */
  readonly weight?: number;
  readonly from: Instant;
  readonly to: Instant;
}

/** A recipe's grant, as its holder was told. */
export interface GrantTold {
  /** Unique in the run. */
  readonly holder: string;
  /** What it is a grant of, and how much of it. */
  readonly contested: string;
  readonly weight: number;
  readonly path: string;
  readonly fence: bigint;
  /** The last transaction that its peer had applied then. */
  readonly zxid: bigint;
}

/** What somebody does with a recipe that is no lock, and what became of it. */
export interface Deed {
  readonly deed:
    | 'add'
    | 'put'
    | 'ack'
    | 'pass'
    | 'name'
    | 'tick'
    | 'leave'
    | 'serve'
    | 'end'
    | 'choose';
  /**
   * Of the addition, the item, the passage, the name that is asked for, the holder of a run or of a place in a round,
   * or the instance that is registered; unique in the run. Of a choice the instance that was chosen.
   */
  readonly id: string;
  /** `not done`: whoever asked was told so. Without an end nobody knows. */
  readonly step: 'asked' | 'done' | 'not done';
  readonly at: Instant;
  /** Of an addition what it adds, and the sum, where it was told; of a passage and of all about instances the last transaction that its peer had applied; the id that was given; the tick. */
  readonly value?: bigint;
  /** The process that chose. */
  readonly by?: string;
}

/** The tree of a peer, path by path, while nothing was changed. */
export interface Dump {
  readonly peer: number;
  /** The last transaction it has applied. */
  readonly zxid: bigint;
  readonly nodes: readonly Required<Seen>[];
}

/** What one whole run has left. */
export interface History {
  readonly operations: readonly Operation[];
  readonly feeds: readonly Feed[];
  /** When the first watch told of each transaction. */
  readonly told: ReadonlyMap<bigint, Instant>;
  readonly claims: readonly Claim[];
  readonly grants: readonly GrantTold[];
  readonly deeds: readonly Deed[];
  /** Sessions whose close was acknowledged, and when. */
  readonly closed: readonly { readonly session: bigint; readonly at: Instant }[];
  /** What a process noticed by itself, such as a reply that a watch should have come before. */
  readonly complaints: readonly string[];
}

/** A process dies where it will: what it did not tell is not known. */
export function isWrite({ kind }: Request): boolean {
  return kind !== 'get' && kind !== 'exists' && kind !== 'children';
}

/** The writes of a request. */
export function partsOf(request: Request): readonly Part[] {
  switch (request.kind) {
    case 'multi':
      return request.parts;
    case 'create':
    case 'set':
    case 'delete':
    case 'check':
      return [request];
    default:
      return [];
  }
}
