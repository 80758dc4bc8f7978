/** Where things lie in LevelDB. Keys of one kind sort by number, so that each kind is a range. */
import { assert } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { ObsoleteLog, StoreState } from './store-state.ts';

/** Keys from `gte` up to, not including, `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** The format of the store, in plain text for versions to come. */
export const FORMAT_KEY: Uint8Array = new TextEncoder().encode('format');
/** See wire/meta-record.ts. */
export const META_KEY: Uint8Array = new TextEncoder().encode('meta');
/** See tail-mark.ts. */
export const TAIL_KEY: Uint8Array = new TextEncoder().encode('tail');
/** What two databases of one store have in common; see level-pair.ts. */
export const PAIR_KEY: Uint8Array = new TextEncoder().encode('pair');

const LOG = 0x6c;
const CHECKPOINT = 0x63;
const GENERATION_MAX = 0xffff_fffe;
const KIND_BYTES = 1;
const GENERATION_BYTES = 4;
const PREFIX_BYTES = KIND_BYTES + GENERATION_BYTES;

function keyOf(kind: number, generation: number, room: number): DataView {
  assert(generation >= 0 && generation <= GENERATION_MAX + 1, 'a generation has 32 bits');
  const view = new DataView(new ArrayBuffer(PREFIX_BYTES + room));
  view.setUint8(0, kind);
  view.setUint32(KIND_BYTES, generation);
  return view;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}

/** A record of the log, by the zxid of its last entry. */
export function logKey(generation: number, last: Zxid): Uint8Array {
  const view = keyOf(LOG, generation, 8);
  view.setBigUint64(PREFIX_BYTES, last);
  return bytesOf(view);
}

/** A chunk of a checkpoint. */
export function chunkKey(generation: number, sequence: number): Uint8Array {
  const view = keyOf(CHECKPOINT, generation, 4);
  view.setUint32(PREFIX_BYTES, sequence);
  return bytesOf(view);
}

/** The generation of a record or chunk. */
export function generationOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.length).getUint32(KIND_BYTES);
}

function generations(kind: number, from: number, to: number): KeyRange {
  return { gte: bytesOf(keyOf(kind, from, 0)), lt: bytesOf(keyOf(kind, to, 0)) };
}

/** All checkpoints, and all logs. */
export const CHECKPOINTS: KeyRange = generations(CHECKPOINT, 0, GENERATION_MAX + 1);
export const LOGS: KeyRange = generations(LOG, 0, GENERATION_MAX + 1);

/** The chunks of one checkpoint. */
export function checkpointRange(generation: number): KeyRange {
  return generations(CHECKPOINT, generation, generation + 1);
}

/** The records that hold an entry above a zxid, and no others. */
export function logAbove(generation: number, zxid: Zxid): KeyRange {
  return { gte: above(generation, zxid), lt: bytesOf(keyOf(LOG, generation + 1, 0)) };
}

/** What of a log may be removed. */
export function obsoleteRange(obsolete: ObsoleteLog): KeyRange {
  switch (obsolete.type) {
    case 'log':
      return generations(LOG, obsolete.generation, obsolete.generation + 1);
    case 'log-prefix':
      return logThrough(obsolete.generation, obsolete.through);
  }
}

/**
 * The chunks that do not count in a store just opened: what a crash left, and what was not yet removed.
 * Generations from `nextGeneration` on are to come.
 */
export function leftoverChunks({ meta, nextGeneration }: StoreState): readonly KeyRange[] {
  const kept = [meta.checkpoint, ...meta.older].map(({ generation }) => generation);
  const ranges: KeyRange[] = [];
  let from = 0;
  for (const generation of kept.sort((one, other) => one - other)) {
    ranges.push(generations(CHECKPOINT, from, generation));
    from = generation + 1;
  }
  return [...ranges, generations(CHECKPOINT, from, nextGeneration)];
}

/** Likewise of the log. */
export function leftoverLogs({ meta, nextGeneration }: StoreState): readonly KeyRange[] {
  const { logGeneration, base } = meta;
  return [
    generations(LOG, 0, logGeneration),
    generations(LOG, logGeneration + 1, nextGeneration),
    ...(base === undefined ? [] : [logThrough(logGeneration, base.zxid)]),
  ];
}

function logThrough(generation: number, zxid: Zxid): KeyRange {
  return { gte: bytesOf(keyOf(LOG, generation, 0)), lt: above(generation, zxid) };
}

/** The least key above that of a zxid: its key and a zero byte. */
function above(generation: number, zxid: Zxid): Uint8Array {
  const key = logKey(generation, zxid);
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
