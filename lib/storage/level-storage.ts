/** A {@link Storage} in a directory, on LevelDB. */
import { dirname, resolve } from 'node:path';
import { assert, present } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { CHAIN_START } from '../base/hash.ts';
import { ZERO } from '../base/zxid.ts';
import type { CheckpointMark } from '../wire/meta-record.ts';
import { encodeMetaRecord } from '../wire/meta-record.ts';
import type { Opened, StoreBatch } from '../wire/store-batch.ts';
import type { Mark } from '../zab/log-entry.ts';
import type { OwnerTiming } from './directory-owner.ts';
import { readChunks, writeChunks } from './level-checkpoint.ts';
import { type Operation, put, syncDirectory, writeBatch } from './level-database.ts';
import {
  FORMAT_KEY,
  leftoverChunks,
  leftoverLogs,
  META_KEY,
  obsoleteRange,
  PAIR_KEY,
  TAIL_KEY,
} from './level-keys.ts';
import { append, type Cut, cut } from './level-log.ts';
import { FORMAT, type FoundStore, findStore } from './level-open.ts';
import {
  areApart,
  closePlaces,
  type Directories,
  openPlaces,
  type Places,
} from './level-places.ts';
import { LevelSweep, type Litter } from './level-sweep.ts';
import { SingleWriter } from './single-writer.ts';
import { started } from './starts.ts';
import type { Storage } from './storage.ts';
import { randomStart } from './store-id.ts';
import { type Obsolete, type Plan, plan, type StoreState } from './store-state.ts';
import { digestOf, encodeTailMark } from './tail-mark.ts';
import { refused, unusable } from './unusable.ts';
import { Witness } from './witness.ts';

/** How a store is to be kept. */
export interface LevelOptions {
  /** Where the log lies, and what decides what counts; the directory of the checkpoints by default. */
  readonly logDirectory?: string | undefined;
  /** How often the holder's record is renewed, and how long a strange one is watched. */
  readonly ownerTiming?: OwnerTiming | undefined;
}

/** What an open store knows of what it holds. */
interface Contents {
  readonly places: Places;
  readonly sweep: LevelSweep;
  readonly witness: Witness;
  state: StoreState;
  /** The last entry, or the base. */
  end: Mark;
  /** Digest of the meta record in force. */
  digest: number;
  /** Batches written so far. */
  sequence: number;
}

/** What a batch becomes. */
interface Translation {
  readonly operations: Operation[];
  readonly end: Mark;
  readonly digest: number;
}

export class LevelStorage implements Storage {
  readonly #directories: Directories;
  readonly #id: number;
  readonly #timing: OwnerTiming | undefined;
  readonly #writer = new SingleWriter();
  /** Until the store is open or was refused; of what was found it keeps nothing. Never rejects. */
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #contents: Contents | undefined;

  /** @param id of the peer; a directory belongs to one. */
  constructor(directory: string, id: number, options: LevelOptions = {}) {
    // Relative to where the process is now: it may go elsewhere while the store is open.
    const [data, log] = [resolve(directory), resolve(options.logDirectory ?? directory)];
    this.#directories = { data, log };
    this.#id = id;
    this.#timing = options.ownerTiming;
  }

  open(): Promise<Opened> {
    assert(this.#opening === undefined, 'a store is opened once');
    const opened = this.#open();
    // The whole log is in it, and would be kept for as long as the store.
    const over = (): void => undefined;
    this.#opening = opened.then(over, over);
    return opened;
  }

  async write(batch: StoreBatch): Promise<void> {
    const contents = present(this.#contents, 'an open store');
    const { owners } = contents.places;
    const obsolete = await this.#writer.write(async () => {
      await confirm(owners);
      return await commit(contents, batch);
    });
    contents.witness.acknowledge(contents.sequence);
    void contents.sweep.run(obsolete.map((one) => litter(contents.places, one)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<Opened> {
    if (this.#closing !== undefined) throw QuorateError.make('CLOSED', 'the store is closed');
    const directory = this.#directories.data;
    try {
      const places = await openPlaces(this.#directories, this.#timing);
      try {
        const found = await findStore(places, this.#id);
        const contents = await this.#boot(places, found);
        this.#contents = contents;
        for (const owner of places.owners) owner.watch((error) => this.#writer.poison(error));
        void contents.sweep.run(leftovers(contents));
        return opened(contents, found);
      } catch (error) {
        await closePlaces(places);
        throw error;
      }
    } catch (error) {
      throw unusable(directory, error);
    }
  }

  /** Counts the open, durably. */
  async #boot(places: Places, found: FoundStore): Promise<Contents> {
    const { fresh, state, entries, end, pair } = found;
    const { data, log } = places.directories;
    const witness = await Witness.open(data, places.acknowledged);
    const meta = started(state.meta, randomStart(), entries.configurations);
    const bytes = encodeMetaRecord(meta);
    const contents: Contents = {
      ...{ places, witness, sweep: new LevelSweep(this.#writer), end },
      ...{ state: { ...state, meta }, digest: digestOf(bytes), sequence: found.sequence + 1 },
    };
    try {
      const operations = [put(META_KEY, bytes), tailMark(contents)];
      if (fresh) operations.unshift(put(FORMAT_KEY, FORMAT));
      if (fresh && pair !== undefined)
        operations.push(put(PAIR_KEY, new TextEncoder().encode(pair)));
      await confirm(places.owners);
      await places.log.batch(operations, { sync: true });
      for (const directory of new Set([data, log])) {
        await syncDirectory(directory);
        if (fresh) await syncDirectory(dirname(directory));
      }
    } catch (error) {
      await witness.close();
      throw error;
    }
    witness.onFailure = (error) => this.#writer.poison(refused(error));
    witness.acknowledge(contents.sequence);
    return contents;
  }

  async #close(): Promise<void> {
    await this.#opening;
    await this.#writer.close();
    if (this.#contents === undefined) return;
    await this.#contents.witness.close();
    await closePlaces(this.#contents.places);
  }
}

/** That nobody else has taken the directories over by now. @throws `QUARANTINED` */
async function confirm(owners: Places['owners']): Promise<void> {
  for (const owner of owners) if (!owner.isSure) await owner.confirm();
}

/** What is left of earlier times. */
function leftovers({ places, state }: Contents): readonly Litter[] {
  return [
    ...leftoverChunks(state).map((range) => ({ level: places.chunks, range })),
    ...leftoverLogs(state).map((range) => ({ level: places.log, range })),
  ];
}

function litter({ log, chunks }: Places, obsolete: Obsolete): Litter {
  if (obsolete.type !== 'checkpoint') return { level: log, range: obsoleteRange(obsolete) };
  return { level: chunks, generation: obsolete.generation, from: 0, to: obsolete.chunks };
}

function opened({ places, state }: Contents, { entries }: FoundStore): Opened {
  const { store, boot, starts, birth, epochs, base, genesis, checkpoint } = state.meta;
  const log = { base, entries, applied: checkpoint.zxid, committed: state.committed };
  return {
    durable: { store, boot, starts, birth, epochs, genesis, ...log },
    checkpoint: checkedChunks(places, checkpoint),
    older: state.meta.older.map((mark) => ({
      zxid: mark.zxid,
      chunks: checkedChunks(places, mark),
    })),
  };
}

async function* checkedChunks(
  { chunks }: Places,
  mark: CheckpointMark,
): AsyncGenerator<Uint8Array> {
  try {
    yield* readChunks(chunks, mark);
  } catch (error) {
    throw unusable(chunks.location, error);
  }
}

/** Carries a batch out; returns what it made obsolete. */
async function commit(contents: Contents, batch: StoreBatch): Promise<readonly Obsolete[]> {
  const { places, state } = contents;
  const step = plan(state, batch);
  const isShortened = step.truncate !== undefined && step.truncate < state.last;
  const short = isShortened
    ? await cut(places.log, state.meta.logGeneration, step.truncate)
    : undefined;
  const { operations, end, digest } = translate(contents, step, short);
  const chunks = writeChunks(step.chunks);
  const next = { state: step.next, digest, sequence: contents.sequence + 1 };
  operations.push(tailMark(next));
  if (!areApart(places)) operations.push(...chunks);
  // Apart, chunks come first: until the other batch they count for nothing.
  else if (chunks.length > 0) await places.chunks.batch(chunks, { sync: true });
  await writeBatch(places.log, operations);
  contents.state = next.state;
  contents.end = end;
  contents.digest = digest;
  contents.sequence = next.sequence;
  return step.obsolete;
}

/**
 * The one atomic batch of LevelDB that does all of a plan, but for the chunks and the tail mark.
 * @param short what the plan's truncation comes to
 */
function translate(contents: Contents, step: Plan, short: Cut | undefined): Translation {
  const { state } = contents;
  const { next, entries } = step;
  const operations: Operation[] = short === undefined ? [] : [...short.operations];
  let end = short === undefined ? contents.end : short.end;
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
  return { operations, end: { zxid: last.zxid, chain: last.chain }, digest };
}

function tailMark({
  state: { last, committed },
  digest: meta,
  sequence,
}: Pick<Contents, 'state' | 'digest' | 'sequence'>): Operation {
  return put(TAIL_KEY, encodeTailMark({ meta, last, committed, sequence }));
}
