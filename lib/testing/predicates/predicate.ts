/** What a predicate is told of, and how it is asked. */
import type { Zxid } from '../../base/zxid.ts';
import type { ReadOperation, ReadOptions } from '../../replica/read.ts';
import type { Delivery, Ticket } from '../../replica/ready.ts';
import type { SessionHandle } from '../../replica/session-handle.ts';
import type { Operation } from '../../tree/request.ts';
import { type VoterKey, voterKey } from '../../zab/configuration.ts';
import type { Entry, Mark } from '../../zab/log-entry.ts';
import type { Batch, Epochs } from '../../zab/ready.ts';
import type { Ghost, Proposed } from '../ghost.ts';
import type { MachineView, PeerMessage } from '../machine.ts';
import type { Decided, Model } from '../model.ts';
import { Violation } from '../violation.ts';

/** What survives a crash of a peer at this moment. */
export interface DiskView {
  readonly store: string;
  readonly boot: number;
  readonly born: boolean;
  readonly epochs: Epochs;
  readonly base: Mark;
  readonly last: Mark;
  readonly entries: readonly Entry[];
  readonly applied: Zxid;
  readonly committed: Zxid;
  /** A write is under way. */
  readonly writing: boolean;
}

/** A peer as the predicates see it. */
export interface Witness {
  readonly id: number;
  /** Which life of which process: rises with every start. */
  readonly life: number;
  readonly alive: boolean;
  /** Whether it may vote at all. */
  readonly observer: boolean;
  readonly disk: DiskView;
  readonly view: MachineView;
  /** Its event loop stands still, or did a moment ago; or its clocks are not what they should be. */
  readonly paused: boolean;
  /** The last entry that was applied in this life. */
  readonly applied: Proposed;
}

/** The marks of a disk before a write. */
export interface DiskMarks {
  readonly store: string;
  readonly epochs: Epochs;
  readonly last: Mark;
  readonly applied: Zxid;
  readonly committed: Zxid;
}

/** A read on its way. */
export interface Asked {
  readonly session: SessionHandle;
  readonly operation: ReadOperation;
  readonly options: ReadOptions;
  /** Every write decided and told to anybody before the read was asked for. */
  readonly floor: Zxid;
}

/** What happens, in the words of the protocol. A predicate names those it cares for. */
export interface Observer {
  /** A process has begun its life on its disk. */
  started?(peer: Witness): void;
  /** A process has a turn again, after it stood still for longer than others wait for it. */
  woke?(peer: Witness): void;
  /** A leader gave an entry its zxid. */
  proposed?(peer: Witness, entry: Proposed): void;
  /** A leader proposed, or a log contains, an entry whose zxid was given to other bytes. */
  redefined?(peer: Witness, entry: Entry, first: Proposed): void;
  /** A message leaves a peer for these places. */
  sent?(peer: Witness, message: PeerMessage, to: readonly number[]): void;
  /** A batch is durable. */
  written?(peer: Witness, batch: Batch, before: DiskMarks): void;
  /** A leader's own history and epoch are durable: it has passed step 12. */
  elected?(peer: Witness, epoch: number, history: Proposed): void;
  /** A leader is ESTABLISHED. */
  established?(peer: Witness, epoch: number, history: Proposed): void;
  /** A leader commits through this entry; `before` is G as it was. */
  committed?(peer: Witness, entry: Proposed, before: Proposed): void;
  /** G has grown. */
  grown?(before: Proposed): void;
  /** An entry was applied. */
  delivered?(peer: Witness, entry: Entry): void;
  /** The state was replaced by a copy. */
  installed?(peer: Witness, mark: Mark): void;
  /** The marks of a living peer have changed. */
  moved?(peer: Witness, before: MachineView): void;
  /** A quorum round has confirmed a leader. `floor`: what some peer had applied when it was asked for. */
  confirmed?(peer: Witness, zxid: Zxid, floor: Zxid): void;
  /** A fault changed what is on a disk. */
  tampered?(peer: Witness): void;
  /** The hash of the applied state. */
  digested?(peer: Witness, at: Proposed, digest: number): void;
  /** The hash of a state that was loaded from a checkpoint, the own one or the leader's. */
  restored?(peer: Witness, at: Proposed, digest: number): void;
  /** An entry of G, applied by the model; the state before it is gone. */
  decided?(decided: Decided): void;
  /** The model is about to apply an entry of G. */
  deciding?(entry: Proposed): void;
  /** A leader decides to expire a session. */
  expired?(peer: Witness, session: bigint): void;
  /** A message has reached a peer, and its machine. */
  received?(peer: Witness, message: PeerMessage, from: number): void;
  /** A session was asked for. */
  opened?(peer: Witness, session: SessionHandle): void;
  /** A write was given its place in the order of a session. */
  submitted?(peer: Witness, session: SessionHandle, ticket: Ticket, operation: Operation): void;
  /** A read was asked for, before it is answered. */
  asked?(peer: Witness, read: Asked): void;
  /** A session is told something; a read that was answered at once is told here too. */
  told?(peer: Witness, delivery: Delivery, read: Asked | undefined): void;
  /** A queue of a peer was looked at. */
  measured?(peer: Witness, queue: string, size: number, cap: number): void;
  /** Something escaped that should not have. */
  escaped?(peer: Witness, error: unknown): void;
}

/** What a predicate may look at. */
export interface Scene {
  readonly ghost: Ghost;
  /** G as one state machine sees it. */
  readonly model: Model;
  /** Every peer that has a disk, dead ones too. */
  readonly peers: readonly Witness[];
  /** The greatest zxid of a write that somebody was told of. */
  readonly answered: Zxid;
  /** True time in ms. */
  readonly now: number;
}

export interface Predicate {
  /** As in the table of predicates. */
  readonly name: string;
  readonly title: string;
  /** What a run must drive for it: ZAB with anything above it, or whole replicas. @default 'zab' */
  readonly judges?: 'zab' | 'replica';
  watch(scene: Scene): Observer;
}

/** Ends the run unless the condition holds. */
export function demand(condition: boolean, predicate: string, detail: () => string): void {
  if (!condition) throw new Violation(predicate, detail());
}

/** The voter that a disk is. */
export function keyOf(peer: Witness): VoterKey {
  return voterKey(peer.id, peer.disk.store);
}
