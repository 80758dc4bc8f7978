/**
 * Phase 3, broadcast (steps 20 to 24): proposals to all at once, cumulative acknowledgements, a commit
 * at every quorum. The leader's half first, then the learner's.
 */
import { assert } from '../base/assert.ts';
import { epochOf, greater, makeZxid, type Zxid } from '../base/zxid.ts';
import { type Configuration, type VoterKey, voterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { rememberAck } from './discovery.ts';
import { chained, chainOf, type Entry, type EntryKind, type Mark } from './log-entry.ts';
import type { Ack, Commit, Inform, Proposal } from './messages.ts';
import { isActiveQuorum } from './quorum.ts';
import type { Following, Leading, Learner } from './roles.ts';
import { followsIn } from './sequence.ts';
import { groups, sendInOrder } from './synchronization.ts';

/** Appends the next entry of the epoch (step 20); PROPOSALs leave at the end of the turn, all in one. */
export function propose(
  core: Core,
  leading: Leading,
  kind: EntryKind,
  bytes: Uint8Array,
  configuration: Configuration | undefined,
): Entry {
  assert(leading.established, 'only an established leader proposes');
  assert(
    (leading.counter === 0) === (kind === 'epoch-start'),
    'an epoch begins with EPOCH_START (G12)',
  );
  assert(leading.counter < core.options.counterMax, 'counters are left');
  leading.counter += 1;
  const zxid = makeZxid(leading.epoch, leading.counter);
  const chain = chainOf(core.history.last.chain, zxid, bytes);
  const entry: Entry =
    configuration === undefined
      ? { zxid, kind, bytes, chain }
      : { zxid, kind, bytes, chain, configuration: { ...configuration, version: zxid } };
  core.writes.append(entry);
  return entry;
}

/** Whether the epoch's first entry is committed: requests may be proposed (rule G12). */
export function isBroadcasting(core: Core, leading: Leading): boolean {
  return leading.proposing && core.commit >= makeZxid(leading.epoch, 1);
}

/** Sends what this turn has proposed and committed; learners that join later start behind it. */
export function flush(core: Core, leading: Leading): void {
  sendProposals(core, leading);
  if (leading.established) sendCommits(core, leading);
}

function sendProposals(core: Core, leading: Leading): void {
  const last = core.history.last.zxid;
  if (leading.historyEnd === undefined || leading.forwarded === last) return;
  const learners = [...leading.learners.values()].filter(
    ({ observer, stage }) => !observer && isForwarded(stage),
  );
  let previous = leading.forwarded;
  for (const entries of groups(core.history.slice(previous, last), core.options.groupBytes)) {
    sendToAll(core, learners, { type: 'PROPOSAL', epoch: leading.epoch, previous, entries });
    previous = entries[entries.length - 1]?.zxid ?? previous;
  }
  leading.forwarded = last;
}

/** Whether it has been told where the history ends, so that every proposal goes to it. */
export function isForwarded(stage: Learner['stage']): boolean {
  return stage === 'syncing' || stage === 'synced' || stage === 'serving';
}

function sendToAll(core: Core, learners: readonly Learner[], message: Proposal | Commit): void {
  const free = learners.filter(({ held }) => held === undefined);
  core.outbox.broadcast(
    free.map(({ link }) => link),
    message,
  );
  for (const learner of learners) learner.held?.push(message);
}

/** COMMIT to followers, cumulative and rising; INFORM to observers, with the entries (step 24). */
function sendCommits(core: Core, leading: Leading): void {
  const { commit } = core;
  const followers: Learner[] = [];
  for (const learner of leading.learners.values()) {
    if (learner.observer) inform(core, leading, learner);
    else if (learner.stage === 'serving') followers.push(learner);
  }
  if (commit === leading.commitSent) return;
  leading.commitSent = commit;
  sendToAll(core, followers, { type: 'COMMIT', epoch: leading.epoch, zxid: commit });
}

function inform(core: Core, leading: Leading, learner: Learner): void {
  if (!isForwarded(learner.stage) || learner.sent >= core.commit) return;
  let previous = learner.sent;
  for (const entries of groups(
    core.history.slice(previous, core.commit),
    core.options.groupBytes,
  )) {
    sendInOrder(core, learner, { type: 'INFORM', epoch: leading.epoch, previous, entries });
    previous = entries[entries.length - 1]?.zxid ?? previous;
  }
  learner.sent = previous;
}

/** ACK at the leader: counts only behind ACKNEWLEADER, and only through what was sent. */
export function receiveAck(core: Core, leading: Leading, learner: Learner, message: Ack): void {
  const joined = learner.stage === 'synced' || learner.stage === 'serving';
  if (!joined || message.epoch !== leading.epoch || message.zxid > leading.forwarded) {
    core.drop(learner.link, 'ACK out of order');
    return;
  }
  if (message.zxid > learner.acked) {
    learner.acked = message.zxid;
    learner.progressAt = core.now;
  }
  rememberAck(core, leading, learner);
  raiseCommit(core, leading);
}

/**
 * The commit rule (step 22): the greatest entry of this epoch that a quorum of every configuration in
 * force AT that entry holds durably. A commit may settle a configuration and so let the next one count.
 */
export function raiseCommit(core: Core, leading: Leading): void {
  if (leading.confirmedNonce < leading.provenFrom) return;
  if (!leading.established) return;
  while (raiseOnce(core, leading));
}

function raiseOnce(core: Core, leading: Leading): boolean {
  const acks = acknowledgements(core, leading);
  const candidates = [...new Set(acks.values())].filter((zxid) => isRaise(core, leading, zxid));
  candidates.push(...pendingConfiguration(core, leading, candidates));
  candidates.sort((a, b) => (a < b ? 1 : -1));
  for (const zxid of candidates) {
    const keys = new Set<VoterKey>();
    for (const [key, acked] of acks) if (acked >= zxid) keys.add(key);
    if (!isActiveQuorum(core.history.activeAt(zxid, core.commit), keys)) continue;
    core.commit = zxid;
    return true;
  }
  return false;
}

function isRaise(core: Core, leading: Leading, zxid: Zxid): boolean {
  return zxid > core.commit && epochOf(zxid) === leading.epoch;
}

/** A configuration's own entry, and the one before it, may commit under fewer rules than what follows. */
function pendingConfiguration(core: Core, leading: Leading, reached: readonly Zxid[]): Zxid[] {
  const { version } = core.history.configuration;
  const top = reached.reduce(greater, core.commit);
  if (version <= core.commit || version > top) return [];
  return [version, (version - 1n) as Zxid].filter((zxid) => isRaise(core, leading, zxid));
}

function acknowledgements(core: Core, leading: Leading): Map<VoterKey, Zxid> {
  const acks = new Map<VoterKey, Zxid>();
  for (const { observer, stage, key, acked } of leading.learners.values()) {
    if (!observer && (stage === 'synced' || stage === 'serving')) acks.set(key, acked);
  }
  if (core.votes) acks.set(voterKey(core.options.id, core.store), core.history.durable);
  return acks;
}

/** PROPOSAL at the follower (step 21); behind NEWLEADER, and compared with what is queued, not with the disk. */
export function receiveProposal(core: Core, following: Following, message: Proposal): void {
  if (!isJoining(following) || message.epoch !== core.epochs.current || !append(core, message)) {
    core.leave('PROPOSAL does not continue the log');
  }
}

/** INFORM at the observer: as a proposal, and committed already. */
export function receiveInform(core: Core, following: Following, message: Inform): void {
  if (!isJoining(following) || message.epoch !== core.epochs.current || !append(core, message)) {
    core.leave('INFORM does not continue the log');
    return;
  }
  if (following.stage === 'serving') core.commit = core.history.last.zxid;
}

function isJoining({ stage }: Following): boolean {
  return stage === 'taking' || stage === 'taken' || stage === 'serving';
}

/** Appends what is new; what is there already must be equal (Zab.tla, issue 2). */
function append(core: Core, message: Proposal | Inform): boolean {
  const { history } = core;
  let previous: Mark | undefined =
    message.previous === history.last.zxid ? history.last : history.markAt(message.previous);
  if (previous === undefined) return false;
  for (const entry of message.entries) {
    if (!followsIn(previous.zxid, entry.zxid, message.epoch)) return false;
    const next = chained(previous, entry);
    if (entry.zxid <= history.last.zxid) {
      if (history.markAt(entry.zxid)?.chain !== next.chain) return false;
    } else if (previous.zxid === history.last.zxid) {
      core.writes.append(next);
    } else return false;
    previous = next;
  }
  return message.entries[message.entries.length - 1]?.chain === previous.chain;
}

/** COMMIT at the follower (step 23): never beyond what has come. */
export function receiveCommit(core: Core, following: Following, message: Commit): void {
  const known = message.zxid <= core.history.last.zxid;
  if (following.stage !== 'serving' || message.epoch !== following.epoch || !known) {
    core.leave('COMMIT of what was not proposed');
    return;
  }
  if (message.zxid > core.commit) core.commit = message.zxid;
}

/** Acknowledges what has become durable, all at once, behind ACKNEWLEADER (ZOOKEEPER-4685). */
export function acknowledge(core: Core, following: Following): void {
  const { link } = following;
  if (!following.joined || link === undefined || core.options.role === 'observer') return;
  const { durable } = core.history;
  if (durable <= following.acked) return;
  following.acked = durable;
  core.send(link, { type: 'ACK', epoch: following.epoch, zxid: durable });
}
