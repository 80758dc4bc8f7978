/**
 * Phase 2 at the leader (steps 13 to 15 and 18): bring each learner's log to the leader's, in one
 * strict stream - history, NEWLEADER, then proposals - and serve once a quorum has made it durable.
 */
import { assert } from '../base/assert.ts';
import { lesser, type Zxid } from '../base/zxid.ts';
import type { VoterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { rememberAck } from './discovery.ts';
import { bytesOfMessage, HeldMessages } from './held-messages.ts';
import type { Entry, Mark } from './log-entry.ts';
import type { AckEpoch, AckNewLeader, ZabMessage } from './messages.ts';
import type { LinkId } from './ready.ts';
import type { Leading, Learner } from './roles.ts';
import { planSync, type SyncPlan } from './sync-plan.ts';

/** Splits entries into messages of bounded size. */
export function* groups(entries: readonly Entry[], bytesMax: number): Generator<readonly Entry[]> {
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < entries.length; at += 1) {
    const size = (entries[at]?.bytes.length ?? 0) + 16;
    if (at > from && bytes + size > bytesMax) {
      yield entries.slice(from, at);
      from = at;
      bytes = 0;
    }
    bytes += size;
  }
  if (from === 0 && entries.length > 0) yield entries;
  else if (from < entries.length) yield entries.slice(from);
}

/** Sends behind whatever the learner still waits for. */
export function sendInOrder(core: Core, learner: Learner, message: ZabMessage): void {
  if (learner.held === undefined) core.send(learner.link, message);
  else learner.held.push(message);
}

/** Starts every synchronization that may start; at the end of a turn, when `applied` is what the tree will be. */
export function synchronizeAll(
  core: Core,
  leading: Leading,
  applied: Zxid,
  mayCopy: boolean,
): void {
  if (!leading.ownHistory) return;
  let snapshots = mayCopy ? 0 : core.options.snapshotsMax;
  for (const learner of leading.learners.values())
    if (learner.held?.behindSnapshot === true) snapshots += 1;
  for (const learner of leading.learners.values()) {
    if (learner.stage !== 'promised' || learner.promise === undefined) continue;
    // Observers hold committed entries only, so they wait until the leader knows what is committed;
    // whoever has lost its log has no vote to wait for, and its tree must not move back.
    const { empty, appliedZxid } = learner.promise;
    if ((learner.observer || empty) && !leading.established) continue;
    if (empty && appliedZxid > applied) continue;
    const plan = planFor(core, learner, learner.promise);
    if (plan.mode === 'SNAP' && snapshots >= core.options.snapshotsMax) continue;
    if (plan.mode === 'SNAP') snapshots += 1;
    synchronize(core, leading, learner, plan, applied);
  }
}

function planFor(core: Core, learner: Learner, promise: AckEpoch): SyncPlan {
  const { last } = core.history;
  return planSync(promise, core.history, learner.observer ? core.commit : last.zxid);
}

/**
 * One core step, so that nothing can slip in between: the mode, the history, NEWLEADER, and from now
 * on every proposal behind it (the paper's vague Q, issue 1 of Zab.tla).
 */
function synchronize(
  core: Core,
  leading: Leading,
  learner: Learner,
  plan: SyncPlan,
  applied: Zxid,
): void {
  const { epoch } = leading;
  if (plan.mode === 'MISMATCH') {
    core.alarm(`the log of peer ${learner.id} differs at its end`);
    core.send(learner.link, { type: 'FORGOTTEN', detail: 'another entry under the same zxid' });
    learner.stage = 'presented';
    return;
  }
  const end = learner.observer ? core.history.floor(core.commit) : core.history.last;
  const historyEnd = end ?? core.history.base;
  const from = begin(core, learner, plan, epoch, applied);
  const history = historyOf(core, epoch, from, historyEnd);
  learner.held = new HeldMessages(history, from.zxid, plan.mode === 'SNAP');
  learner.sentBytes = 0;
  learner.historyEnd = historyEnd.zxid;
  learner.sent = historyEnd.zxid;
  learner.stage = 'syncing';
  learner.progressAt = core.now;
  core.outbox.event({ type: 'sync', mode: plan.mode, peer: learner.id, from: from.zxid });
}

/** The head of the stream; answers where the history goes on from. */
function begin(
  core: Core,
  learner: Learner,
  plan: Exclude<SyncPlan, { mode: 'MISMATCH' }>,
  epoch: number,
  applied: Zxid,
): Mark {
  switch (plan.mode) {
    case 'DIFF':
      core.send(learner.link, {
        type: 'DIFF',
        epoch,
        from: plan.from.zxid,
        chain: plan.from.chain,
      });
      return plan.from;
    case 'TRUNC':
      core.send(learner.link, { type: 'TRUNC', epoch, to: plan.to.zxid, chain: plan.to.chain });
      return plan.to;
    case 'SNAP':
      return beginSnapshot(core, learner, epoch, applied);
  }
}

/** An exact copy at `applied` (step 15): the driver streams it, everything later waits behind it. */
function beginSnapshot(core: Core, learner: Learner, epoch: number, applied: Zxid): Mark {
  const at = core.history.floor(applied) ?? core.history.base;
  core.send(learner.link, {
    type: 'SNAP',
    epoch,
    zxid: at.zxid,
    chain: at.chain,
    configuration: core.history.configurationAt(at.zxid),
  });
  core.outbox.snapshot(learner.link);
  return at;
}

/** The history and its end, read page by page: whoever trims the log has the rest read first. */
function* historyOf(core: Core, epoch: number, from: Mark, end: Mark): Generator<ZabMessage> {
  const { groupBytes, deliverBytesMax } = core.options;
  let previous = from.zxid;
  while (previous < end.zxid) {
    assert(previous >= core.history.base.zxid, 'what was not read yet is still in the log');
    const page = core.history.page(previous, end.zxid, deliverBytesMax);
    for (const entries of groups(page, groupBytes)) {
      yield { type: 'HISTORY', epoch, previous, entries };
      previous = entries[entries.length - 1]?.zxid ?? previous;
    }
  }
  yield { type: 'NEWLEADER', epoch, historyZxid: end.zxid, historyChain: end.chain };
}

/** The log is about to lose its entries through `base`: histories that are on their way keep theirs. */
export function keepHistories(leading: Leading, base: Zxid): void {
  for (const { held } of leading.learners.values()) held?.keep(base);
}

/** A piece of the checkpoint for a learner; behind the last one may go what was held. */
export function sendChunk(
  core: Core,
  leading: Leading,
  link: LinkId,
  bytes: Uint8Array,
  last: boolean,
): void {
  const learner = leading.learners.get(link);
  if (learner?.held?.behindSnapshot !== true) return;
  const sequence = learner.chunks;
  learner.chunks += 1;
  taken(core, learner, bytes.length);
  core.send(link, { type: 'CHUNK', epoch: leading.epoch, sequence, bytes, last });
  if (last) learner.held.behindSnapshot = false;
}

/** What the slowest disk that is waited for writes in a millisecond. */
const DISK_BYTES_PER_MS = 2_000;

/** Its link has taken so much; its disk may still be at it when the last is sent, and then nothing is heard for long. */
function taken(core: Core, learner: Learner, bytes: number): void {
  learner.sentBytes += bytes;
  learner.progressAt = Math.max(learner.progressAt, core.now) + bytes / DISK_BYTES_PER_MS;
}

/** Sends what was held, as much as each link takes; at the end of a turn. */
export function sendHeld(core: Core, leading: Leading): void {
  for (const learner of leading.learners.values()) {
    const { held, link } = learner;
    let room = roomOf(core, learner);
    if (held === undefined || room <= 0) continue;
    for (let message = held.shift(); message !== undefined; message = held.shift()) {
      core.send(link, message);
      const bytes = bytesOfMessage(message);
      taken(core, learner, bytes);
      room -= bytes;
      if (room <= 0) break;
    }
    if (!held.behindSnapshot && held.isEmpty) learner.held = undefined;
  }
}

/** Whether a link could take more of what is held for its learner. */
export function isHeldUp(core: Core, leading: Leading): boolean {
  for (const learner of leading.learners.values()) {
    const { held } = learner;
    if (held?.behindSnapshot === false && roomOf(core, learner) > 0) return true;
  }
  return false;
}

function roomOf(core: Core, { link }: Learner): number {
  return core.options.linkBacklogMax - (core.links.get(link)?.backlog ?? 0);
}

/**
 * ACKNEWLEADER (ACK-LD), in this order: count it, raise the commit, say UPTODATE, and only then tell
 * of commits: it may itself complete a commit quorum (step 18).
 */
export function receiveAckNewLeader(
  core: Core,
  leading: Leading,
  learner: Learner,
  message: AckNewLeader,
  raiseCommit: () => void,
): void {
  const mark = core.history.markAt(message.zxid);
  const trimmed = message.zxid < core.history.base.zxid;
  if (
    learner.stage !== 'syncing' ||
    message.epoch !== leading.epoch ||
    message.zxid !== learner.historyEnd ||
    (!trimmed && mark?.chain !== message.chain)
  ) {
    core.outbox.event({
      type: 'refused',
      link: learner.link,
      reason: 'PROTOCOL',
      detail: 'ACKNEWLEADER for another history',
    });
    core.drop(learner.link, 'ACKNEWLEADER for another history');
    return;
  }
  learner.stage = 'synced';
  learner.acked = message.zxid;
  learner.progressAt = core.now;
  rememberAck(core, leading, learner);
  establish(core, leading);
  raiseCommit();
  if (leading.announced) welcome(core, leading, learner);
}

/** The own history is durable: the leader's own ACK-LD. */
export function ownHistoryTaken(core: Core, leading: Leading): void {
  leading.ownHistory = true;
  establish(core, leading);
}

/**
 * A quorum holds the initial history: it is committed, and this alone commits entries of older epochs
 * (step 18). They are never committed by counting acknowledgements.
 */
function establish(core: Core, leading: Leading): void {
  const { historyEnd } = leading;
  if (leading.established || !leading.ownHistory || historyEnd === undefined) return;
  const keys: VoterKey[] = [];
  for (const { observer, stage, key } of leading.learners.values()) {
    if (!observer && (stage === 'synced' || stage === 'serving')) keys.push(key);
  }
  if (!core.isQuorum(core.withSelf(keys))) return;
  leading.stage = 'broadcast';
  if (historyEnd.zxid > core.commit) core.commit = historyEnd.zxid;
  leading.commitSent = core.commit;
  leading.confirmedAt = core.now;
  core.outbox.event({ type: 'established', epoch: leading.epoch, history: historyEnd.zxid });
  core.outbox.event({ type: 'phase', phase: 'broadcast' });
}

/**
 * A primary begins to propose when it has delivered all that came before its epoch, and once. Learners
 * are let in then, and not before: who serves may ask at once, and would find nobody to take it.
 */
export function announce(core: Core, leading: Leading): void {
  const { established, announced, historyEnd } = leading;
  if (!established || announced || historyEnd === undefined || core.applied < historyEnd.zxid)
    return;
  leading.announced = true;
  core.outbox.established = leading.epoch;
  for (const learner of leading.learners.values()) {
    if (learner.stage === 'synced') welcome(core, leading, learner);
  }
}

/** UPTODATE (COMMIT-LD), never before the quorum: or a client reads what only a minority holds (step 19). */
function welcome(core: Core, leading: Leading, learner: Learner): void {
  if (learner.stage === 'serving') return;
  learner.stage = 'serving';
  // Never beyond what was sent: a leader that is a quorum by itself commits before its proposals leave.
  const told = learner.observer ? learner.sent : leading.forwarded;
  const commitZxid = lesser(told, core.commit);
  sendInOrder(core, learner, { type: 'UPTODATE', epoch: leading.epoch, commitZxid });
}
