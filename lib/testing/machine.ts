/**
 * What the simulator drives: one peer as a pure machine. A thin one around ZAB alone and the whole
 * replica both fit; what the predicates need to know is read through {@link MachineView}.
 */
import type { Meter } from '../base/meter.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import type { Delivery, ReplicaEvent } from '../replica/ready.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import type { ZabMessage } from '../zab/messages.ts';
import type { LinkId, Phase, Role } from '../zab/ready.ts';
import type { Prng } from './prng.ts';

export type PeerMessage = ZabMessage | ServiceMessage;

/** All messages of one turn for some links. */
export interface Outgoing {
  readonly to: readonly LinkId[];
  readonly message: PeerMessage;
}

/** What a machine wants done, and what it did since it was asked last. */
export interface MachineReady {
  readonly send: readonly Outgoing[];
  readonly close: readonly { readonly link: LinkId; readonly reason: string }[];
  readonly events: readonly ReplicaEvent[];
  /** Applied, in order. */
  readonly delivered: readonly Entry[];
  /** The state came as a copy: everything through here. */
  readonly installed: Mark | undefined;
  /** Quorum rounds that completed: the zxid that was committed when they were asked for. */
  readonly confirmed: readonly { readonly token: number; readonly zxid: Zxid }[];
  /** What sessions of this peer are told, in order. */
  readonly deliveries?: readonly Delivery[];
}

/** The marks of a peer at one moment. */
export interface MachineView {
  readonly role: Role;
  readonly phase: Phase;
  readonly epoch: number;
  readonly leader: number | undefined;
  readonly established: boolean;
  readonly broadcasting: boolean;
  readonly lastZxid: Zxid;
  readonly durable: Zxid;
  readonly committed: Zxid;
  readonly applied: Zxid;
  readonly configuration: Configuration | undefined;
}

export interface Machine {
  /** One {@link ready} says all that there is to do in a turn. */
  readonly complete: boolean;
  tick(now: number, wall: number): void;
  deadline(): number;
  linked(link: LinkId, dialer: 'self' | 'peer'): void;
  unlinked(link: LinkId): void;
  /** Bytes that wait to be sent on a link. */
  backlog(link: LinkId, bytes: number): void;
  receive(link: LinkId, messages: readonly PeerMessage[]): void;
  nextBatch(): StoreBatch | undefined;
  persisted(id: number): void;
  failed(reason: string): void;
  ready(): MachineReady;
  view(): MachineView;
  /** Tells every queue with its cap. */
  measure(meter: Meter): void;
  /** Hash of the applied state. */
  digest(): number;
  /** The word of an election oracle. */
  elected(leader: number): void;
  handOver(): void;
  /** Asks for a quorum round; undefined if this peer does not lead. */
  confirm(): number | undefined;
  /** A client without sessions writes something, if this peer takes writes. */
  work(prng: Prng): void;
}

/** The view of a process that is not there. */
export const STILL: MachineView = {
  role: 'looking',
  phase: 'election',
  epoch: 0,
  leader: undefined,
  established: false,
  broadcasting: false,
  lastZxid: ZERO,
  durable: ZERO,
  committed: ZERO,
  applied: ZERO,
  configuration: undefined,
};

/** Whether a turn asked for nothing and did nothing. */
export function isQuiet(ready: MachineReady): boolean {
  return (
    ready.send.length === 0 &&
    ready.close.length === 0 &&
    ready.delivered.length === 0 &&
    ready.events.length === 0 &&
    ready.installed === undefined
  );
}
