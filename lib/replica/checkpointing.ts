/**
 * This peer's own checkpoints: exact at one zxid, made in slices while the tree goes on, written with
 * the batches of the log. The parts of a slice are made while the batch before it is written, when the
 * peer would wait for the disk anyway. The log reaches back to the oldest checkpoint that is kept, and to the
 * one before the newest in any case, so that a learner that lags by less still gets a DIFF.
 */
import { present } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Checkpoint, StateMachine } from '../tree/state-machine.ts';
import { encodeCheckpointPart } from '../wire/checkpoint.ts';
import type { CheckpointWrite } from '../wire/store-batch.ts';
import type { Entry } from '../zab/log-entry.ts';
import type { Base, Durable } from '../zab/ready.ts';
import type { ReplicaOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { Replay } from './replay.ts';

/** Nodes of one part, so that it is well below a slice: a slice is the last moment to turn to something else. */
export function nodesAtOnce(sliceBytes: number): number {
  return Math.min(256, Math.max(8, Math.floor(sliceBytes / 1024)));
}

/** A checkpoint under way. */
interface Making {
  readonly checkpoint: Checkpoint;
  /** Made, and not yet taken by a batch. */
  chunks: Uint8Array[];
  /** Of these chunks. */
  bytes: number;
  /** Chunks made so far. */
  sequence: number;
  /** No batch has taken anything of it. */
  first: boolean;
  /** All of it is made. */
  ended: boolean;
}

/** Where the store's checkpoint stands, and whether the next one is due. */
export class Checkpointing {
  readonly #options: ReplicaOptions;
  readonly #outbox: Outbox;
  /** Transactions, and bytes of them, from one checkpoint to the next: peers take turns, rather than all at once. */
  readonly #count: number;
  readonly #bytesMost: number;
  /** Of the current one and of older ones that are kept, newest first. */
  #zxids: readonly Zxid[];
  #transactions = 0;
  #bytes = 0;
  #making: Making | undefined;
  /** One was given up for a learner's copy, and none is complete since. */
  #owed = false;

  /** @param replay what was applied on top of the checkpoint, which is at `durable.applied`. */
  constructor(
    options: ReplicaOptions,
    { applied, retained = [] }: Durable,
    replay: Replay | undefined,
    outbox: Outbox,
  ) {
    this.#options = options;
    this.#outbox = outbox;
    this.#zxids = [applied, ...retained.filter((zxid) => zxid < applied)];
    const { snapCount, snapBytes, zab } = options;
    const share = 0.5 + 0.5 * ((zab.id % 7) / 6);
    this.#count = Math.ceil(snapCount * share);
    this.#bytesMost = Math.ceil(snapBytes * share);
    this.#transactions = replay?.applied ?? 0;
    this.#bytes = replay?.bytes ?? 0;
  }

  /** Whether a copy of the tree is being made: only one can be at a time. */
  get making(): boolean {
    return this.#making !== undefined;
  }

  /**
   * The next checkpoint is not to be given up, too: whoever wants a copy waits for it. Copies that are
   * cut and begun anew for ever would keep this peer from its own, and the log would grow without end.
   */
  get owed(): boolean {
    return this.#owed;
  }

  applied({ bytes }: Entry): void {
    this.#transactions += 1;
    this.#bytes += bytes.length;
  }

  /** A SNAP is wanted: the copy is given up for it, once. */
  giveWay(): void {
    if (this.#making !== undefined) this.#owed = true;
    this.giveUp();
  }

  /** A SNAP comes: the copy is given up, and begun anew later. */
  giveUp(): void {
    if (this.#making === undefined) return;
    const { checkpoint } = this.#making;
    this.#outbox.event({ type: 'checkpoint', zxid: checkpoint.zxid, state: 'given-up' });
    checkpoint.abandon();
    this.#making = undefined;
    this.#transactions = this.#count;
  }

  /** A SNAP was installed, and is the store's checkpoint now. */
  installed(zxid: Zxid): void {
    this.#zxids = [zxid];
    this.#owed = false;
    this.#transactions = 0;
    this.#bytes = 0;
  }

  /**
   * Makes a further part of the next slice, if there is room in it. To be called while a batch is being
   * written, each time from a pass of the event loop of its own. True: there is more to make.
   */
  prepare(): boolean {
    const making = this.#making;
    if (making === undefined || !this.#hasRoom(making)) return false;
    this.#makePart(making);
    return this.#hasRoom(making);
  }

  #hasRoom({ bytes, ended }: Making): boolean {
    return !ended && bytes < this.#options.sliceBytes;
  }

  #makePart(making: Making): void {
    const part = making.checkpoint.next(nodesAtOnce(this.#options.sliceBytes));
    if (part === undefined) {
      making.ended = true;
      return;
    }
    const chunk = encodeCheckpointPart(part, making.sequence);
    making.sequence += 1;
    making.chunks.push(chunk);
    making.bytes += chunk.length;
  }

  /**
   * The next slice to write: what is prepared, and one part if nothing is, so that it goes on however
   * little time there is. `baseAt`: where a log that begins at that zxid begins; undefined if it is gone.
   */
  slice(
    machine: StateMachine,
    baseAt: (zxid: Zxid) => Base | undefined,
  ): CheckpointWrite | undefined {
    if (this.#making === undefined && !this.#isDue()) return undefined;
    const making = this.#making ?? this.#begin(machine);
    if (making.chunks.length === 0 && !making.ended) this.#makePart(making);
    const { first, chunks, ended } = making;
    const { zxid } = making.checkpoint;
    if (ended) return this.#complete(zxid, first, chunks, baseAt);
    making.first = false;
    making.chunks = [];
    making.bytes = 0;
    return { first, zxid, chunks, complete: undefined };
  }

  #isDue(): boolean {
    return this.#transactions >= this.#count || this.#bytes >= this.#bytesMost;
  }

  #begin(machine: StateMachine): Making {
    const checkpoint = machine.checkpoint();
    const making = { checkpoint, chunks: [], bytes: 0, sequence: 0, first: true, ended: false };
    this.#making = making;
    this.#transactions = 0;
    this.#bytes = 0;
    this.#outbox.event({ type: 'checkpoint', zxid: checkpoint.zxid, state: 'begun' });
    return making;
  }

  #complete(
    zxid: Zxid,
    first: boolean,
    chunks: readonly Uint8Array[],
    baseAt: (zxid: Zxid) => Base | undefined,
  ): CheckpointWrite {
    this.#making = undefined;
    const keep = this.#options.snapRetainCount ?? 1;
    const reached = [zxid, ...this.#zxids].slice(0, Math.max(keep, 2));
    const complete = present(
      baseAt(reached.at(-1) ?? zxid) ?? baseAt(zxid),
      'the place of a checkpoint',
    );
    this.#zxids = reached.slice(0, Math.max(keep, 1));
    return { first, zxid, chunks, complete, keep };
  }

  /** The slice is on the disk. Answers where the log may be cut. */
  persisted({ complete, zxid }: CheckpointWrite): Zxid | undefined {
    if (complete === undefined) return undefined;
    this.#owed = false;
    this.#outbox.event({ type: 'checkpoint', zxid, state: 'complete' });
    return complete.zxid;
  }
}
