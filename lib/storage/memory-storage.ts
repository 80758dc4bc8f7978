/** The twin of {@link LevelStorage} in memory: a disk that outlives its stores, and a store on it. */
import { assert, present } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import type { Opened, StoreBatch } from '../wire/store-batch.ts';
import type { Entry } from '../zab/log-entry.ts';
import { StoredLog } from '../zab/stored-log.ts';
import { SingleWriter } from './single-writer.ts';
import { started } from './starts.ts';
import type { Storage } from './storage.ts';
import { randomStart, randomStoreId } from './store-id.ts';
import { newMeta, openState, type Plan, plan, type StoreState } from './store-state.ts';

/** What survives a restart. */
interface Content {
  state: StoreState;
  readonly entries: Entry[];
  readonly checkpoints: Map<number, Uint8Array[]>;
}

/** Stands for a directory: keeps what was written from one {@link MemoryStorage} to the next. */
export class MemoryDisk {
  #content: Content | undefined;
  #holder: MemoryStorage | undefined;
  #failure: Error | undefined;

  /** The disk as a crash at this moment would leave it. */
  copy(): MemoryDisk {
    const disk = new MemoryDisk();
    const content = this.#content;
    if (content === undefined) return disk;
    const checkpoints = new Map([...content.checkpoints].map(([at, chunks]) => [at, [...chunks]]));
    disk.#content = { state: content.state, entries: [...content.entries], checkpoints };
    return disk;
  }

  /** Loses everything, as a container does that starts with an empty volume. Not while it is open. */
  wipe(): void {
    assert(this.#holder === undefined, 'a disk is wiped between two lives');
    this.#content = undefined;
  }

  /** The next write is refused with this error. */
  failNextWrite(error: Error): void {
    this.#failure = error;
  }

  /** @internal */
  open(holder: MemoryStorage, id: number): Content {
    if (this.#holder !== undefined) throw QuorateError.make('DIRECTORY_LOCKED');
    const content = this.#content ?? emptyContent(id);
    const { meta, last, committed, nextGeneration } = content.state;
    if (meta.id !== id) {
      throw QuorateError.make('STORE_MISMATCH', `the store belongs to peer ${meta.id}, not ${id}`);
    }
    this.#holder = holder;
    const booted = started(meta, randomStart(), StoredLog.of(content.entries).configurations);
    content.state = openState(booted, last, committed, nextGeneration);
    this.#content = content;
    return content;
  }

  /** @internal */
  write(batch: StoreBatch): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    const content = present(this.#content, 'an open disk');
    carryOut(plan(content.state, batch), content);
  }

  /** @internal */
  release(holder: MemoryStorage): void {
    if (this.#holder === holder) this.#holder = undefined;
  }
}

/** A {@link Storage} without durability: for a group of one without a directory, and for tests. */
export class MemoryStorage implements Storage {
  readonly #disk: MemoryDisk;
  readonly #id: number;
  readonly #writer = new SingleWriter();
  #opened = false;

  constructor(id: number, disk: MemoryDisk = new MemoryDisk()) {
    this.#id = id;
    this.#disk = disk;
  }

  async open(): Promise<Opened> {
    assert(!this.#opened, 'a store is opened once');
    this.#opened = true;
    const { state, entries, checkpoints } = this.#disk.open(this, this.#id);
    const { meta, committed } = state;
    const { store, boot, starts, birth, epochs, base, genesis, checkpoint, older } = meta;
    const log = { base, entries: StoredLog.of(entries), applied: checkpoint.zxid, committed };
    return {
      durable: { store, boot, starts, birth, epochs, genesis, ...log },
      checkpoint: inOrder([...(checkpoints.get(checkpoint.generation) ?? [])]),
      older: older.map(({ zxid, generation }) => ({
        zxid,
        chunks: inOrder([...(checkpoints.get(generation) ?? [])]),
      })),
    };
  }

  async write(batch: StoreBatch): Promise<void> {
    assert(this.#opened, 'a store is opened before it is written');
    await this.#writer.write(async () => this.#disk.write(batch));
  }

  async close(): Promise<void> {
    await this.#writer.close();
    this.#disk.release(this);
  }
}

async function* inOrder(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function emptyContent(id: number): Content {
  const state = openState(newMeta(id, randomStoreId()), ZERO, ZERO, 1);
  return { state, entries: [], checkpoints: new Map() };
}

function carryOut(step: Plan, content: Content): void {
  const { entries, checkpoints } = content;
  if (step.truncate !== undefined) truncate(entries, step.truncate, content.state.meta.base?.zxid);
  if (step.next.meta.logGeneration !== content.state.meta.logGeneration) entries.length = 0;
  for (const entry of step.entries) entries.push(entry);
  for (const { generation, bytes } of step.chunks) {
    const chunks = checkpoints.get(generation) ?? [];
    chunks.push(bytes);
    checkpoints.set(generation, chunks);
  }
  for (const obsolete of step.obsolete) {
    if (obsolete.type === 'checkpoint') checkpoints.delete(obsolete.generation);
    if (obsolete.type === 'log-prefix') entries.splice(0, countThrough(entries, obsolete.through));
  }
  content.state = step.next;
}

function truncate(entries: Entry[], to: Zxid, base: Zxid | undefined): void {
  const kept = countThrough(entries, to);
  if (kept === entries.length) return;
  assert((entries[kept - 1]?.zxid ?? base) === to, 'a log is cut behind one of its entries');
  entries.length = kept;
}

/** How many entries there are through this zxid. */
function countThrough(entries: readonly Entry[], zxid: Zxid): number {
  return entries.findLastIndex((entry) => entry.zxid <= zxid) + 1;
}
