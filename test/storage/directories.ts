/** Stores in directories of their own, for tests that look at the files. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ErrorCode, QuorateError } from '../../lib/base/errors.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { seal, unseal } from '../../lib/wire/sealed.ts';
import type { StoreBatch } from '../../lib/wire/store-batch.ts';
import type { Entry } from '../../lib/zab/log-entry.ts';
import {
  baseAt,
  endOf,
  entriesAfter,
  epochsAt,
  GENESIS,
  logBatch,
  START,
} from '../contracts/log-samples.ts';

/** A new directory, removed in the end. */
export async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'quorate-store-'));
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

/** Another directory with the same files. */
export async function copyOf(t: TestContext, path: string): Promise<string> {
  const copy = await directory(t);
  await cp(path, copy, { recursive: true });
  return copy;
}

/** Groups of entries that are too big for one block of LevelDB's own log. */
export const GROUPS: readonly Entry[][] = [0, 1, 2, 3].map((at) =>
  entriesAfter(START, 4 * (at + 1), 1, 20_000).slice(4 * at),
);

const [first = []] = GROUPS;
const CHUNK_BYTES = 60_000;

/** A checkpoint in three chunks, behind the first group; each has a checksum, as those of a tree have. */
export const CHECKPOINT: StoreBatch = {
  id: 9,
  checkpoint: {
    first: true,
    zxid: endOf(first).zxid,
    chunks: [1, 2, 3].map((byte) => seal(new Uint8Array(CHUNK_BYTES).fill(byte))),
    complete: baseAt(endOf(first)),
  },
};

/** Makes a store and closes it. */
export async function written(path: string, more: readonly StoreBatch[] = []): Promise<void> {
  const store = new LevelStorage(path, 1);
  await store.open();
  await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1) }));
  for (const entries of GROUPS) await store.write(logBatch({ entries }));
  for (const batch of more) await store.write(batch);
  await store.close();
}

/** All that a store gives when it is opened, in a form that can be compared. */
export async function contentsOf(store: LevelStorage): Promise<object> {
  try {
    const { durable, checkpoint } = await store.open();
    const chunks: Uint8Array[] = [];
    for await (const chunk of checkpoint) chunks.push(unseal(chunk, CHUNK_BYTES, 'chunk').slice());
    // What each opening adds.
    const { boot: _, starts, entries, ...rest } = durable;
    return { ...rest, entries: [...entries], starts: starts.slice(0, -1), chunks };
  } finally {
    await store.close();
  }
}

/** The names of the files of a directory that match. */
export async function filesOf(path: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(path)).filter((name) => pattern.test(name)).sort();
}

export function refusedWith(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(QuorateError.is(error, code), String(error));
    assert.match(error.message, message);
    return true;
  };
}

export async function assertRefused(path: string, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(contentsOf(new LevelStorage(path, 1)), refusedWith(code, message));
}
