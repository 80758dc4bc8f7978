/** What a store is asked to write at once, and what it gives back when it is opened. */
import type { Zxid } from '../base/zxid.ts';
import type { Base, Batch, Durable } from '../zab/ready.ts';

/** Part of the peer's own checkpoint. The tree is exact at `zxid`; chunks come in order, over many batches. */
export interface CheckpointWrite {
  /** Begin a new generation, forgetting one half written. */
  readonly first: boolean;
  readonly zxid: Zxid;
  readonly chunks: readonly Uint8Array[];
  /** On the last part: the new checkpoint becomes current and the log may be cut below `base` (base <= zxid). */
  readonly complete: Base | undefined;
  /** Checkpoints to keep, this one included; never one that the log does not reach back to. @default 1 */
  readonly keep?: number;
}

/** One atomic, synced write; one at a time (protocol rule G4). The log's part is always written before `persisted` is told. */
export interface StoreBatch {
  readonly id: number;
  readonly log?: Batch;
  readonly checkpoint?: CheckpointWrite;
}

/** A store after a verified open. */
export interface Opened {
  readonly durable: Durable;
  /** The current checkpoint's chunks in order; none if the tree is empty at `durable.applied`. */
  readonly checkpoint: AsyncIterable<Uint8Array>;
  /** Older checkpoints that the log reaches back to, newest first. */
  readonly older: readonly OlderCheckpoint[];
}

/** A checkpoint that another one has replaced. */
export interface OlderCheckpoint {
  readonly zxid: Zxid;
  readonly chunks: AsyncIterable<Uint8Array>;
}
