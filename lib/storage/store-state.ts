/**
 * What a store knows of itself, and what a batch makes of it. Pure and shared by both stores, so
 * that they can differ only in where the bytes lie.
 *
 * A generation is a place for one checkpoint, and for the log that goes on from it after an install.
 * What is written into a generation counts for nothing until the one batch that makes it current; a
 * crash before that leaves the old generation untouched.
 */
import { assert, present } from '../base/assert.ts';
import { CHAIN_START } from '../base/hash.ts';
import { counterOf, epochOf, formatZxid, ZERO, type Zxid } from '../base/zxid.ts';
import type { CheckpointMark } from '../wire/meta-record.ts';
import type { CheckpointWrite, StoreBatch } from '../wire/store-batch.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { Entry } from '../zab/log-entry.ts';
import type { Birth } from '../zab/messages.ts';
import type { Base, Batch, Epochs } from '../zab/ready.ts';

/** All that is kept beside log and chunks, and changes seldom. */
export interface StoreMeta {
  readonly id: number;
  readonly store: string;
  readonly boot: number;
  /** The last is of this open; see starts.ts. */
  readonly starts: readonly number[];
  /** Promises were written since: a leader may have recorded this start. */
  readonly promised: boolean;
  readonly birth: Birth;
  readonly epochs: Epochs;
  readonly base: Base | undefined;
  readonly genesis: Configuration | undefined;
  readonly checkpoint: CheckpointMark;
  /** Older ones that are kept, newest first. Invariant: the log reaches back to them. */
  readonly older: readonly CheckpointMark[];
  /** The generation whose log is the log. */
  readonly logGeneration: number;
}

/** A generation half written. Volatile: a restart forgets it. */
interface Staging {
  readonly generation: number;
  readonly chunks: number;
}

export interface StoreState {
  readonly meta: StoreMeta;
  /** The last entry, or the base. */
  readonly last: Zxid;
  /** Invariant: checkpoint <= committed <= last. */
  readonly committed: Zxid;
  /** Of a checkpoint that is being received. */
  readonly staged: Staging | undefined;
  /** Of a checkpoint that this peer takes of its own tree. */
  readonly taken: (Staging & { readonly zxid: Zxid }) | undefined;
  /** Above every generation of which anything may be left. */
  readonly nextGeneration: number;
}

export interface PlannedChunk {
  readonly generation: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** What no longer counts after the batch and is to be removed some time. */
export type Obsolete =
  | { readonly type: 'checkpoint'; readonly generation: number; readonly chunks: number }
  | ObsoleteLog;

export type ObsoleteLog =
  | { readonly type: 'log'; readonly generation: number }
  | { readonly type: 'log-prefix'; readonly generation: number; readonly through: Zxid };

/** A batch as a store carries it out; first `truncate`, then all else. */
export interface Plan {
  readonly next: StoreState;
  /** Cut the log of the generation that was current before this batch. */
  readonly truncate: Zxid | undefined;
  /** For the log of `next.meta.logGeneration`. */
  readonly entries: readonly Entry[];
  readonly chunks: readonly PlannedChunk[];
  readonly obsolete: readonly Obsolete[];
}

const NO_EPOCHS: Epochs = { accepted: 0, acceptedFrom: '', current: 0, syncing: 0 };

/** A store that was never written. */
export function newMeta(id: number, store: string): StoreMeta {
  return {
    id,
    store,
    boot: 0,
    starts: [],
    promised: true,
    birth: { state: 'unborn' },
    epochs: NO_EPOCHS,
    base: undefined,
    genesis: undefined,
    checkpoint: { generation: 0, chunks: 0, zxid: ZERO },
    older: [],
    logGeneration: 0,
  };
}

/** The state of a store just opened. */
export function openState(
  meta: StoreMeta,
  last: Zxid,
  committed: Zxid,
  nextGeneration: number,
): StoreState {
  return { meta, last, committed, staged: undefined, taken: undefined, nextGeneration };
}

/** Whether an entry may follow another: no gap within an epoch, and every epoch begins with 1 (rule G1). */
export function follows(previous: Zxid, next: Zxid): boolean {
  if (epochOf(next) === epochOf(previous)) return next === previous + 1n;
  return epochOf(next) > epochOf(previous) && counterOf(next) === 1;
}

/** What is wrong with a store's promises and marks, or undefined if nothing is. */
export function inconsistency(meta: StoreMeta, last: Zxid, committed: Zxid): string | undefined {
  const { epochs, base, checkpoint, older } = meta;
  if (epochs.current > epochs.accepted) return 'currentEpoch is above acceptedEpoch';
  if (epochOf(last) > Math.max(epochs.current, epochs.syncing))
    return 'the log is above currentEpoch';
  if (base === undefined) return last === ZERO ? undefined : 'a log without a base';
  if ([checkpoint, ...older].some(({ zxid }) => zxid < base.zxid))
    return 'the log does not reach back to the checkpoint';
  if (checkpoint.zxid > committed) return 'the checkpoint is above what is committed';
  if (committed > last) return `the log ends before ${formatZxid(committed)}, which is committed`;
  return undefined;
}

/** Collects the steps of a batch; the fields are those of {@link Plan}. */
class Planner {
  state: StoreState;
  readonly chunks: PlannedChunk[] = [];
  readonly obsolete: Obsolete[] = [];

  constructor(state: StoreState) {
    this.state = state;
  }

  log(batch: Batch): void {
    if (batch.renew !== undefined) this.#changeMeta({ store: batch.renew });
    if (batch.birth !== undefined) this.#changeMeta({ birth: batch.birth });
    if (batch.genesis !== undefined) this.#genesis(batch.genesis);
    if (batch.truncate !== undefined) this.#truncate(batch.truncate);
    if (batch.stage !== undefined) this.#stage(batch.stage.first, batch.stage.chunks);
    if (batch.install !== undefined) this.#install(batch.install);
    this.#append(batch.entries);
    if (batch.epochs !== undefined) this.#promise(batch.epochs, batch.renew !== undefined);
    const { last, committed } = this.state;
    if (batch.committed > committed && last > committed) {
      this.#change({ committed: earlier(batch.committed, last) });
    }
  }

  checkpoint(write: CheckpointWrite): void {
    if (write.first) {
      this.#forget(this.state.taken);
      this.#change({ taken: { ...this.#newGeneration(), zxid: write.zxid } });
    }
    const taken = present(this.state.taken, 'a checkpoint under way');
    assert(taken.zxid === write.zxid, 'all parts of a checkpoint are of one zxid');
    this.#change({ taken: { ...this.#fill(taken, write.chunks), zxid: taken.zxid } });
    if (write.complete !== undefined) this.#complete(write.complete, write.keep ?? 1);
  }

  #genesis(configuration: Configuration): void {
    this.#changeMeta({ genesis: configuration });
    if (this.state.meta.base !== undefined) return;
    this.#changeMeta({ base: { zxid: ZERO, chain: CHAIN_START, configuration } });
  }

  #truncate(to: Zxid): void {
    assert(to >= this.state.committed, 'what is committed is never truncated');
    if (to < this.state.last) this.#change({ last: to });
  }

  #stage(first: boolean, chunks: readonly Uint8Array[]): void {
    if (first) {
      this.#forget(this.state.staged);
      this.#change({ staged: this.#newGeneration() });
    }
    const staged = present(this.state.staged, 'a checkpoint that is being received');
    this.#change({ staged: this.#fill(staged, chunks) });
  }

  #install(base: Base): void {
    const { meta, taken, staged } = this.state;
    this.#forget(taken);
    const { generation, chunks } = staged ?? this.#newGeneration();
    for (const gone of [meta.checkpoint, ...meta.older]) this.#drop(gone);
    this.obsolete.push({ type: 'log', generation: meta.logGeneration });
    const checkpoint = { generation, chunks, zxid: base.zxid };
    this.#changeMeta({ base, checkpoint, older: [], logGeneration: generation });
    this.#change({ last: base.zxid, committed: base.zxid, staged: undefined, taken: undefined });
  }

  #append(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    assert(this.state.meta.base !== undefined, 'a log has a base');
    let last = this.state.last;
    for (const { zxid } of entries) {
      assert(follows(last, zxid), 'the log has no gap');
      last = zxid;
    }
    this.#change({ last });
  }

  /** A store under a new id has made no promise yet, so there is none to be broken. */
  #promise(epochs: Epochs, renewed: boolean): void {
    const before = this.state.meta.epochs;
    assert(renewed || epochs.accepted >= before.accepted, 'acceptedEpoch never falls');
    assert(renewed || epochs.current >= before.current, 'currentEpoch never falls');
    assert(epochs.current <= epochs.accepted, 'currentEpoch was accepted');
    this.#changeMeta({ epochs, promised: true });
  }

  #complete(base: Base, keep: number): void {
    const { meta, last } = this.state;
    const { generation, chunks, zxid } = present(this.state.taken, 'a checkpoint under way');
    const oldBase = present(meta.base, 'the base of a log');
    assert(
      oldBase.zxid <= base.zxid && base.zxid <= zxid,
      'the log reaches back to the checkpoint',
    );
    assert(meta.checkpoint.zxid <= zxid && zxid <= last, 'the checkpoint lies in the log');
    const { logGeneration } = meta;
    const before = [meta.checkpoint, ...meta.older];
    const older = before.filter((mark, at) => at < keep - 1 && mark.zxid >= base.zxid);
    for (const mark of before) if (!older.includes(mark)) this.#drop(mark);
    if (base.zxid > oldBase.zxid) {
      this.obsolete.push({ type: 'log-prefix', generation: logGeneration, through: base.zxid });
    }
    this.#changeMeta({ base, checkpoint: { generation, chunks, zxid }, older });
    this.#change({ taken: undefined });
    if (zxid > this.state.committed) this.#change({ committed: zxid });
  }

  #newGeneration(): Staging {
    const generation = this.state.nextGeneration;
    this.#change({ nextGeneration: generation + 1 });
    return { generation, chunks: 0 };
  }

  #fill(staging: Staging, chunks: readonly Uint8Array[]): Staging {
    const { generation } = staging;
    let sequence = staging.chunks;
    for (const bytes of chunks) {
      this.chunks.push({ generation, sequence, bytes });
      sequence += 1;
    }
    return { generation, chunks: sequence };
  }

  #forget(staging: Staging | undefined): void {
    if (staging !== undefined) this.#drop(staging);
  }

  #drop({ generation, chunks }: Staging): void {
    this.obsolete.push({ type: 'checkpoint', generation, chunks });
  }

  #change(change: Partial<StoreState>): void {
    this.state = { ...this.state, ...change };
  }

  #changeMeta(change: Partial<StoreMeta>): void {
    this.#change({ meta: { ...this.state.meta, ...change } });
  }
}

function earlier(one: Zxid, other: Zxid): Zxid {
  if (one < other) return one;
  return other;
}

/** What a batch does to a store in this state. An impossible batch is an InvariantError. */
export function plan(state: StoreState, batch: StoreBatch): Plan {
  const planner = new Planner(state);
  if (batch.log !== undefined) planner.log(batch.log);
  if (batch.checkpoint !== undefined) planner.checkpoint(batch.checkpoint);
  return {
    next: planner.state,
    truncate: batch.log?.truncate,
    entries: batch.log?.entries ?? [],
    chunks: planner.chunks,
    obsolete: planner.obsolete,
  };
}
