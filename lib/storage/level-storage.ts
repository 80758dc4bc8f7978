/** A {@link Storage} in a directory, on LevelDB. */
import { dirname } from 'node:path';
import { assert, present } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { CHAIN_START } from '../base/hash.ts';
import { ZERO } from '../base/zxid.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { encodeMetaRecord } from '../wire/meta-record.ts';
import type { Opened, StoreBatch } from '../wire/store-batch.ts';
import type { Mark } from '../zab/log-entry.ts';
import { readChunks, writeChunks } from './level-checkpoint.ts';
import { type Level, type Operation, openLevel, put, syncDirectory } from './level-database.ts';
import { FORMAT_KEY, leftovers, META_KEY, obsoleteRange, TAIL_KEY } from './level-keys.ts';
import { append, cut } from './level-log.ts';
import { FORMAT, type FoundStore, findStore } from './level-open.ts';
import { LevelSweep } from './level-sweep.ts';
import { SingleWriter } from './single-writer.ts';
import type { Storage } from './storage.ts';
import { type Obsolete, type Plan, plan, type StoreState } from './store-state.ts';
import { digestOf, encodeTailMark } from './tail-mark.ts';

/** What an open store knows of what it holds. */
interface Contents {
  readonly level: Level;
  readonly sweep: LevelSweep;
  state: StoreState;
  /** The last entry, or the base. */
  end: Mark;
  /** Digest of the meta record in force. */
  digest: number;
}

/** What a batch becomes. */
interface Translation {
  readonly operations: readonly Operation[];
  readonly end: Mark;
  readonly digest: number;
}

export class LevelStorage implements Storage {
  readonly #directory: string;
  readonly #id: number;
  readonly #writer = new SingleWriter();
  #opening: Promise<Opened> | undefined;
  #closing: Promise<void> | undefined;
  #contents: Contents | undefined;

  /** @param id of the peer; a directory belongs to one. */
  constructor(directory: string, id: number) {
    this.#directory = directory;
    this.#id = id;
  }

  open(): Promise<Opened> {
    assert(this.#opening === undefined, 'a store is opened once');
    this.#opening = this.#open();
    return this.#opening;
  }

  async write(batch: StoreBatch): Promise<void> {
    const contents = present(this.#contents, 'an open store');
    const obsolete = await this.#writer.write(() => commit(contents, batch));
    void contents.sweep.run(obsolete.map(obsoleteRange));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<Opened> {
    if (this.#closing !== undefined) throw QuorateError.make('CLOSED', 'the store is closed');
    const level = await openLevel(this.#directory);
    try {
      const found = await findStore(level, this.#id);
      const contents = await this.#boot(level, found);
      this.#contents = contents;
      void contents.sweep.run(leftovers(contents.state));
      return opened(contents, found);
    } catch (error) {
      await level.close();
      throw unusable(level, error);
    }
  }

  /** Counts the open, durably. */
  async #boot(level: Level, { fresh, state, end }: FoundStore): Promise<Contents> {
    const meta = { ...state.meta, boot: state.meta.boot + 1 };
    const bytes = encodeMetaRecord(meta);
    const contents: Contents = {
      ...{ level, sweep: new LevelSweep(level, this.#writer), end },
      ...{ state: { ...state, meta }, digest: digestOf(bytes) },
    };
    const operations = [put(META_KEY, bytes), tailMark(contents.state, contents.digest)];
    if (fresh) operations.unshift(put(FORMAT_KEY, FORMAT));
    await level.batch(operations, { sync: true });
    await syncDirectory(this.#directory);
    if (fresh) await syncDirectory(dirname(this.#directory));
    return contents;
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#writer.close();
    await this.#contents?.level.close();
  }
}

function opened({ level, state }: Contents, { entries }: FoundStore): Opened {
  const { store, boot, birth, epochs, base, genesis, checkpoint } = state.meta;
  const log = { base, entries, applied: checkpoint.zxid, committed: state.committed };
  return {
    durable: { store, boot, birth, epochs, genesis, ...log },
    checkpoint: checkedChunks(level, state),
  };
}

async function* checkedChunks(level: Level, { meta }: StoreState): AsyncGenerator<Uint8Array> {
  try {
    yield* readChunks(level, meta.checkpoint);
  } catch (error) {
    throw unusable(level, error);
  }
}

/** What a store that cannot be read is refused with, unless that is said already. */
function unusable({ location }: Level, cause: unknown): QuorateError {
  if (QuorateError.is(cause)) return cause;
  const how = cause instanceof DecodeError ? 'is damaged' : 'cannot be read';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return QuorateError.make('QUARANTINED', `${location}: ${how}: ${reason}`, { cause });
}

/** Carries a batch out; returns what it made obsolete. */
async function commit(contents: Contents, batch: StoreBatch): Promise<readonly Obsolete[]> {
  const step = plan(contents.state, batch);
  const { operations, end, digest } = await translate(contents, step);
  await contents.level.batch([...operations], { sync: true });
  contents.state = step.next;
  contents.end = end;
  contents.digest = digest;
  return step.obsolete;
}

/** The one atomic batch of LevelDB that does all of a plan. */
async function translate(contents: Contents, step: Plan): Promise<Translation> {
  const { level, state } = contents;
  const { next, entries } = step;
  const operations = writeChunks(step.chunks);
  let end = contents.end;
  if (step.truncate !== undefined && step.truncate < state.last) {
    const short = await cut(level, state.meta.logGeneration, step.truncate);
    operations.push(...short.operations);
    end = short.end;
  }
  if (next.meta.logGeneration !== state.meta.logGeneration || state.meta.base === undefined) {
    end = next.meta.base ?? { zxid: ZERO, chain: CHAIN_START };
  }
  operations.push(...append(next.meta.logGeneration, end, entries, next.committed));
  const last = entries.at(-1) ?? end;
  let { digest } = contents;
  if (next.meta !== state.meta) {
    const bytes = encodeMetaRecord(next.meta);
    digest = digestOf(bytes);
    operations.push(put(META_KEY, bytes));
  }
  operations.push(tailMark(next, digest));
  return { operations, end: { zxid: last.zxid, chain: last.chain }, digest };
}

function tailMark({ last, committed }: StoreState, meta: number): Operation {
  return put(TAIL_KEY, encodeTailMark({ meta, last, committed }));
}
