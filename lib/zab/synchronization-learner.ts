/**
 * Phase 2 at the learner (steps 16, 17 and 19). The order on disk is the point: the history is durable
 * no later than currentEpoch, currentEpoch no later than ACKNEWLEADER, and a stream that was cut leaves
 * (old currentEpoch, a prefix of the leader's history), which is safe to vote with.
 */
import { assert } from '../base/assert.ts';
import { formatZxid } from '../base/zxid.ts';
import type { Core } from './core.ts';
import { chained, type Entry, type Mark } from './log-entry.ts';
import type { Chunk, Diff, History, NewLeader, Snap, Trunc, UpToDate } from './messages.ts';
import type { Following, SyncStream } from './roles.ts';
import { followsIn } from './sequence.ts';

function begin(following: Following, from: Mark, rest: Partial<SyncStream>): void {
  following.stage = 'history';
  following.sync = {
    truncate: undefined,
    snapshot: undefined,
    chunks: 0,
    chunksDone: true,
    entries: [],
    bytes: 0,
    spilled: false,
    end: { zxid: from.zxid, chain: from.chain },
    ...rest,
  };
}

/** DIFF: the own log is a prefix of the leader's. */
export function receiveDiff(core: Core, following: Following, message: Diff): void {
  const last = core.born && !core.amnesiac ? core.history.last : undefined;
  if (
    following.stage !== 'promised' ||
    last?.zxid !== message.from ||
    last.chain !== message.chain
  ) {
    core.leave('DIFF does not begin at the end of the log');
    return;
  }
  begin(following, last, {});
}

/** TRUNC: the own log leaves the leader's at `to`; what was applied is never cut. */
export function receiveTrunc(core: Core, following: Following, message: Trunc): void {
  if (following.stage !== 'promised' || !core.born || core.amnesiac) {
    core.leave('TRUNC out of order');
    return;
  }
  if (message.to < core.applied || message.to < core.commit) {
    core.broken = `TRUNC to ${formatZxid(message.to)}, below what is committed here`;
    return;
  }
  const mark = core.history.markAt(message.to);
  if (mark?.chain !== message.chain) {
    core.alarm(`TRUNC to ${formatZxid(message.to)}, where the logs differ`);
    core.forgotten = true;
    return;
  }
  begin(following, mark, { truncate: message.to });
}

/** SNAP: only to a log that ends below it, or that must not be trusted; never a repair (step 14). */
export function receiveSnap(core: Core, following: Following, message: Snap): void {
  const intact = core.born && !core.amnesiac;
  if (following.stage !== 'promised' || (intact && message.zxid <= core.history.last.zxid)) {
    core.leave('SNAP to an intact log');
    return;
  }
  begin(following, message, { snapshot: message, chunksDone: false });
}

/** A piece of the checkpoint: staged in the next generation, and handed to the tree. */
export function receiveChunk(core: Core, following: Following, message: Chunk): void {
  const { sync } = following;
  if (
    following.stage !== 'history' ||
    sync?.snapshot === undefined ||
    sync.chunksDone ||
    message.sequence !== sync.chunks
  ) {
    core.leave('CHUNK out of order');
    return;
  }
  const first = sync.chunks === 0;
  sync.chunks += 1;
  sync.chunksDone = message.last;
  core.writes.stage(first, message.bytes);
  core.outbox.restore(first, message.bytes, message.last);
}

/** Entries of the leader's history, each continuing the chain. */
export function receiveHistory(core: Core, following: Following, message: History): void {
  const { sync } = following;
  if (following.stage !== 'history' || sync === undefined || !sync.chunksDone) {
    core.leave('HISTORY out of order');
    return;
  }
  const entries = continuation(sync.end, message.entries, following.epoch);
  if (message.previous !== sync.end.zxid || entries === undefined) {
    core.leave('HISTORY does not continue');
    return;
  }
  for (const entry of entries) {
    sync.end = entry;
    sync.bytes += entry.bytes.length;
    if (sync.spilled) append(core, entry);
    else sync.entries.push(entry);
  }
  // Behind a SNAP the entries wait for the flip: they belong to the next generation.
  const large = sync.bytes > core.options.syncBufferBytes;
  if (!sync.spilled && large && sync.snapshot === undefined) spill(core, following.epoch, sync);
}

/** Entries with the chains that follow from `from`; undefined if they do not continue it. */
function continuation(
  from: Mark,
  entries: readonly Entry[],
  epochMax: number,
): Entry[] | undefined {
  let previous = from;
  const result: Entry[] = [];
  for (const entry of entries) {
    if (!followsIn(previous.zxid, entry.zxid, epochMax)) return undefined;
    const next = chained(previous, entry);
    result.push(next);
    previous = next;
  }
  const last = entries[entries.length - 1];
  return last === undefined || last.chain === previous.chain ? result : undefined;
}

function append(core: Core, entry: Entry): void {
  core.writes.append(entry);
}

/** Too much to hold: the cut and `syncing` go first, currentEpoch still last (step 16). */
function spill(core: Core, epoch: number, sync: SyncStream): void {
  sync.spilled = true;
  if (sync.truncate !== undefined) core.writes.truncate(sync.truncate);
  sync.truncate = undefined;
  core.setEpochs({ ...core.epochs, syncing: epoch });
  for (const entry of sync.entries) append(core, entry);
  sync.entries = [];
}

/**
 * NEWLEADER (step 17): all has come, and it is what the leader has. History, flip and currentEpoch
 * become durable in one batch, the acknowledgement follows.
 */
export function receiveNewLeader(core: Core, following: Following, message: NewLeader): void {
  const { sync, epoch } = following;
  if (following.stage !== 'history' || sync === undefined || !sync.chunksDone) {
    core.leave('NEWLEADER out of order');
    return;
  }
  const { end } = sync;
  if (message.historyZxid !== end.zxid || message.historyChain !== end.chain) {
    core.leave('NEWLEADER for another history');
    return;
  }
  following.stage = 'taking';
  takeHistory(core, sync);
  const accepted = Math.max(core.epochs.accepted, epoch);
  core.setEpochs({ ...core.epochs, accepted, current: epoch, syncing: 0 });
  const link = following.link;
  assert(link !== undefined, 'a stream has a link');
  core.writes.whenDurable({ type: 'history-taken', link, zxid: end.zxid, chain: end.chain });
  following.sync = undefined;
}

function takeHistory(core: Core, sync: SyncStream): void {
  const { snapshot } = sync;
  if (sync.truncate !== undefined) core.writes.truncate(sync.truncate);
  if (snapshot !== undefined) {
    const { zxid, chain, configuration } = snapshot;
    core.install({ zxid, chain, configuration });
  }
  for (const entry of sync.entries) append(core, entry);
}

/** UPTODATE (COMMIT-LD): the epoch is established; serve (step 19). */
export function receiveUpToDate(core: Core, following: Following, message: UpToDate): void {
  if (following.stage !== 'taken' || message.commitZxid > core.history.last.zxid) {
    core.leave('UPTODATE out of order');
    return;
  }
  following.stage = 'serving';
  if (message.commitZxid > core.commit) core.commit = message.commitZxid;
  core.outbox.event({ type: 'phase', phase: 'broadcast' });
}
