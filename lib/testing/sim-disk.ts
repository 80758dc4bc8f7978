/**
 * A disk: the same batches, carried out by the same rules as the real stores (storage/store-state.ts),
 * with one write in flight. A crash keeps or loses that write as a whole; what was reported
 * as written is kept, unless a fault takes a promise back on purpose (wipe, roll back).
 */
import { CHAIN_START } from '../base/hash.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import { started } from '../storage/starts.ts';
import { newMeta, openState, type Plan, plan, type StoreState } from '../storage/store-state.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import type { Durable, Epochs } from '../zab/ready.ts';
import { StoredLog } from '../zab/stored-log.ts';

/** What survives a crash. */
interface Content {
  readonly state: StoreState;
  readonly entries: readonly Entry[];
  readonly checkpoints: ReadonlyMap<number, readonly Uint8Array[]>;
}

/** What a disk held at some moment. */
export type DiskImage = Content;

/** A store after it was opened. */
export interface OpenedDisk {
  readonly durable: Durable;
  readonly checkpoint: readonly Uint8Array[];
}

export class SimDisk {
  readonly #id: number;
  #state: StoreState;
  #entries: Entry[];
  #checkpoints: Map<number, readonly Uint8Array[]>;
  #inFlight: StoreBatch | undefined;
  /** Every write fails until this is set to false. */
  broken = false;
  /** The next write fails. */
  failOnce = false;
  /** The next write that cuts the log fails. */
  failCut = false;
  /** No write ends until this is set to false; nor does it fail. */
  hung = false;
  /** Each write and each open takes so many ms longer. */
  extraLatency = 0;

  constructor(id: number, store: string) {
    this.#id = id;
    this.#state = openState(newMeta(id, store), ZERO, ZERO, 1);
    this.#entries = [];
    this.#checkpoints = new Map();
  }

  get id(): number {
    return this.#id;
  }

  get store(): string {
    return this.#state.meta.store;
  }

  get boot(): number {
    return this.#state.meta.boot;
  }

  get epochs(): Epochs {
    return this.#state.meta.epochs;
  }

  get born(): boolean {
    return this.#state.meta.base !== undefined;
  }

  /** The end of the log. */
  get last(): Mark {
    return this.#entries[this.#entries.length - 1] ?? this.base;
  }

  get base(): Mark {
    return this.#state.meta.base ?? { zxid: ZERO, chain: CHAIN_START };
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The parts of the checkpoint. */
  get checkpoint(): readonly Uint8Array[] {
    return this.#checkpoints.get(this.#state.meta.checkpoint.generation) ?? [];
  }

  /** zxid of the checkpoint. */
  get applied(): Zxid {
    return this.#state.meta.checkpoint.zxid;
  }

  get committed(): Zxid {
    return this.#state.committed;
  }

  get meta(): StoreState['meta'] {
    return this.#state.meta;
  }

  get inFlight(): StoreBatch | undefined {
    return this.#inFlight;
  }

  get writing(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Opens the store as a new process does, in a start with this number, and forgets what was half staged. */
  open(start: number): OpenedDisk {
    this.#inFlight = undefined;
    const { meta, last, committed, nextGeneration } = this.#state;
    const entries = StoredLog.of(this.#entries);
    const booted = started(meta, start, entries.configurations);
    this.#state = openState(booted, last, committed, nextGeneration);
    const { store, boot, starts, birth, epochs, base, genesis, checkpoint } = booted;
    const log = { base, entries, applied: checkpoint.zxid, committed };
    return {
      durable: { store, boot, starts, birth, epochs, genesis, ...log },
      checkpoint: this.#checkpoints.get(checkpoint.generation) ?? [],
    };
  }

  /** Takes a batch; it counts only after {@link complete}, or perhaps after a crash. */
  begin(batch: StoreBatch): void {
    this.#inFlight = batch;
  }

  /** The batch in flight has reached the platter. */
  complete(): void {
    const batch = this.#inFlight;
    this.#inFlight = undefined;
    if (batch !== undefined) this.#carryOut(plan(this.#state, batch));
  }

  /** The batch in flight is lost. */
  lose(): void {
    this.#inFlight = undefined;
  }

  /** A copy of all that would survive a crash now. */
  image(): DiskImage {
    return {
      state: this.#state,
      entries: [...this.#entries],
      checkpoints: new Map(this.#checkpoints),
    };
  }

  /** The disk is as it was then; `boot` goes on only if the fault was not even in that. */
  restore(image: DiskImage): void {
    this.#inFlight = undefined;
    this.#state = image.state;
    this.#entries = [...image.entries];
    this.#checkpoints = new Map(image.checkpoints);
  }

  /** All is lost; the next open finds an empty store with another id. */
  wipe(store: string): void {
    this.#inFlight = undefined;
    this.#state = openState(newMeta(this.#id, store), ZERO, ZERO, 1);
    this.#entries = [];
    this.#checkpoints.clear();
  }

  #carryOut(step: Plan): void {
    const { next, truncate } = step;
    if (truncate !== undefined) this.#entries.length = countThrough(this.#entries, truncate);
    if (next.meta.logGeneration !== this.#state.meta.logGeneration) this.#entries.length = 0;
    for (const entry of step.entries) this.#entries.push(entry);
    for (const { generation, bytes } of step.chunks) {
      this.#checkpoints.set(generation, [...(this.#checkpoints.get(generation) ?? []), bytes]);
    }
    for (const obsolete of step.obsolete) {
      if (obsolete.type === 'checkpoint') this.#checkpoints.delete(obsolete.generation);
      if (obsolete.type === 'log-prefix') {
        this.#entries.splice(0, countThrough(this.#entries, obsolete.through));
      }
    }
    this.#state = next;
  }
}

/** How many entries there are through this zxid. */
function countThrough(entries: readonly Entry[], zxid: Zxid): number {
  return entries.findLastIndex((entry) => entry.zxid <= zxid) + 1;
}
