/** What the peers of a run share, and how each differs from the others. */
import type { Machine } from './machine.ts';
import type { Referee } from './referee.ts';
import type { SimClock } from './sim-clock.ts';
import type { SimCodec } from './sim-codec.ts';
import type { OpenedDisk } from './sim-disk.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimPeer } from './sim-peer.ts';
import type { Statistics } from './statistics.ts';
import type { Trace } from './trace.ts';

/** Makes the machine that lives on an opened disk. */
export type MachineFactory = (opened: OpenedDisk, peer: SimPeer) => Machine;

/** What all peers of a run share. */
export interface World {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly codec: SimCodec;
  readonly referee: Referee;
  readonly trace: Trace;
  readonly statistics: Statistics;
  readonly factory: MachineFactory;
  /** Somebody is called to a peer that has quarantined itself on a disk that works. */
  readonly operator: (peer: SimPeer) => void;
  /** After the faults: everything is quick and nothing fails. */
  calm: boolean;
}

export interface PeerOptions {
  readonly id: number;
  readonly place: number;
  readonly observer: boolean;
  /** Places to which this peer keeps connections. */
  readonly dials: readonly number[];
  /** Mean ms of a synced write, and how often one takes a hundred times as long. */
  readonly writeLatency: number;
  readonly writeSpike: number;
  /** Ms of the event loop for one turn at most; what comes meanwhile is taken in the next. */
  readonly turnTime: number;
  /** Messages of one turn travel in frames of so many at most. */
  readonly messagesPerFrame: number;
  /** Ms without a turn after which the others may have gone on without this peer. */
  readonly patience: number;
  /** The longest pause between two attempts to connect. */
  readonly dialPauseMax: number;
}

/** Where a crash may be waited for. */
export type CrashPoint = 'write-begun' | 'written' | 'told' | 'sent' | 'configuring';
