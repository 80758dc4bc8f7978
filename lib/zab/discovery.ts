/**
 * Phase 1, discovery (steps 8 to 12): the prospective leader learns the promises of a quorum, chooses
 * an epoch above them all, and makes a quorum promise it. The leader's half first, then the learner's.
 */
import { assert } from '../base/assert.ts';
import { EPOCH_MAX, ZERO } from '../base/zxid.ts';
import type { VoterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { keyOf, type Remote } from './links.ts';
import type { AckEpoch, FollowerInfo, LeaderInfo } from './messages.ts';
import { hasVote } from './quorum.ts';
import { isFork, lastStart } from './record-starts.ts';
import type { Following, Leading, Learner } from './roles.ts';

/** FOLLOWERINFO (CEPOCH) at the leader: another learner, counted if it is a voter (step 8). */
export function receiveFollowerInfo(
  core: Core,
  leading: Leading,
  remote: Remote,
  info: FollowerInfo,
): void {
  const learner = presented(core, remote, info);
  const wrong = whatIsWrong(core, learner);
  if (wrong !== undefined) {
    core.alarm(`the store of peer ${learner.id} ${wrong}`);
    core.send(remote.id, { type: 'FORGOTTEN', detail: `this store ${wrong}` });
    return;
  }
  leading.learners.set(remote.id, learner);
  remember(core, learner, info.acceptedEpoch, info.currentEpoch);
  if (isVoter(core, learner) && isOutpaced(core, leading, info)) return;
  if (leading.epochDurable) invite(core, leading, learner);
  else chooseEpoch(core, leading);
}

function presented(core: Core, remote: Remote, info: FollowerInfo): Learner {
  return {
    link: remote.id,
    id: remote.hello.id,
    key: keyOf(remote),
    boot: remote.hello.boot,
    starts: remote.hello.starts,
    observer: remote.hello.role === 'observer',
    info,
    stage: 'presented',
    promise: undefined,
    acked: ZERO,
    historyEnd: ZERO,
    sent: ZERO,
    nonce: 0,
    recorded: false,
    held: undefined,
    sentBytes: 0,
    chunks: 0,
    progressAt: core.now,
  };
}

/** Whether it counts: a voter, as the leader's configurations and its own options have it. */
export function isVoter(core: Core, learner: Learner): boolean {
  if (learner.observer) return false;
  const at = learner.key.indexOf(':');
  return hasVote(core.active, learner.id, learner.key.slice(at + 1));
}

/** Why the store must not be counted any more, if it must not. */
function whatIsWrong(core: Core, learner: Learner): string | undefined {
  if (isRolledBack(core, learner)) return 'has lost promises';
  return isForkHere(core, learner, learner.info) ? 'is a copy that went another way' : undefined;
}

/**
 * A store that comes back with less than it promised here is rolled back and has no vote any more. That
 * it does not count itself says nothing: it may be as it was before it was admitted.
 */
function isRolledBack(core: Core, learner: Learner): boolean {
  const { key, boot, info } = learner;
  const seen = core.remembered.get(key);
  if (seen === undefined || !(info.voter || isVoter(core, learner))) return false;
  if (boot < seen.boot || (boot === seen.boot && lastStart(learner) !== seen.start)) return true;
  if (info.acceptedEpoch < seen.accepted || info.currentEpoch < seen.current) return true;
  // Under a later promise a shorter log may be a legal TRUNC; under the same one it is a loss.
  return info.acceptedEpoch === seen.ackedEpoch && info.lastZxid < seen.acked;
}

/** Whether this attempt can go on without a voter that has promised, or knows, something later (step 11). */
function isOutpaced(core: Core, leading: Leading, info: FollowerInfo): boolean {
  const { current } = core.epochs;
  const newerConfiguration = info.configuration > core.history.configuration.version;
  if (!leading.established && newerConfiguration && info.currentEpoch >= current) {
    core.leave('a voter has a newer configuration');
    return true;
  }
  if (leading.epoch === 0 || info.acceptedEpoch <= leading.epoch) return false;
  if (leading.established) leading.outpacedAt ??= core.now;
  else core.leave(`a voter has promised epoch ${info.acceptedEpoch}`);
  return true;
}

/** Step 9: at a quorum of FOLLOWERINFOs, one above every promise heard of. Durable before it is said. */
export function chooseEpoch(core: Core, leading: Leading): void {
  if (leading.epoch !== 0) return;
  const voters = [...leading.learners.values()].filter(({ observer }) => !observer);
  if (!core.isQuorum(core.withSelf(voters.map(({ key }) => key)))) return;
  let greatest = core.epochs.accepted;
  for (const learner of voters) {
    if (isVoter(core, learner)) greatest = Math.max(greatest, learner.info.acceptedEpoch);
  }
  if (greatest >= EPOCH_MAX) {
    // With the own promise at the end no other attempt can do better, and none must be tried for ever.
    if (core.epochs.accepted >= EPOCH_MAX) core.broken = 'no epoch is left';
    else core.leave('no epoch is left');
    return;
  }
  leading.epoch = greatest + 1;
  core.setEpochs({ ...core.epochs, accepted: leading.epoch, acceptedFrom: core.key });
  core.writes.whenDurable({ type: 'epoch-chosen' });
}

/** The choice is durable: invite everyone, and count the own promise. */
export function epochChosen(core: Core, leading: Leading): void {
  leading.epochDurable = true;
  for (const learner of leading.learners.values()) {
    if (learner.stage === 'presented') invite(core, leading, learner);
  }
  takeHistory(core, leading);
}

function invite(core: Core, leading: Leading, learner: Learner): void {
  learner.stage = 'invited';
  core.send(learner.link, { type: 'LEADERINFO', epoch: leading.epoch });
}

/** ACKEPOCH (ACK-E) at the leader (step 11). */
export function receiveAckEpoch(
  core: Core,
  leading: Leading,
  learner: Learner,
  message: AckEpoch,
): void {
  if (learner.stage !== 'invited' || message.epoch !== leading.epoch) {
    core.drop(learner.link, 'ACKEPOCH out of order');
    return;
  }
  learner.stage = 'promised';
  learner.promise = message;
  learner.progressAt = core.now;
  if (isForkHere(core, learner, message)) {
    core.drop(learner.link, 'a copy that went another way');
    return;
  }
  if (learner.observer || leading.historyEnd !== undefined) {
    promised(core, leading, learner, message);
    return;
  }
  if (!message.counted) {
    if (isVoter(core, learner) && isNeeded(core, leading)) {
      core.leave(`peer ${learner.id} promised epoch ${message.epoch} to another leader`);
    }
    return;
  }
  if (isVoter(core, learner) && isAhead(core, message)) {
    core.leave(`peer ${learner.id} has a longer history`);
    return;
  }
  promised(core, leading, learner, message);
  takeHistory(core, leading);
}

function promised(core: Core, leading: Leading, learner: Learner, message: AckEpoch): void {
  if (!message.counted) return;
  leading.promisedBy.set(learner.id, learner.key);
  remember(core, learner, leading.epoch, message.currentEpoch);
}

/** The highest that a store has said of itself: all of it was durable there when it was said. */
function remember(core: Core, learner: Learner, accepted: number, current: number): void {
  const { key, boot } = learner;
  const seen = core.remembered.get(key);
  core.remembered.set(key, {
    accepted: Math.max(seen?.accepted ?? 0, accepted),
    current: Math.max(seen?.current ?? 0, current),
    boot,
    start: lastStart(learner),
    acked: seen?.acked ?? ZERO,
    ackedEpoch: seen?.ackedEpoch ?? 0,
  });
}

/** What it has acknowledged it must still have when it comes back under the same promise. */
export function rememberAck(core: Core, leading: Leading, learner: Learner): void {
  const seen = core.remembered.get(learner.key);
  if (seen === undefined || learner.acked <= seen.acked) return;
  seen.acked = learner.acked;
  seen.ackedEpoch = leading.epoch;
  seen.current = Math.max(seen.current, leading.epoch);
}

/** Whether a quorum of promises cannot be had from the learners that have not refused. */
function isNeeded(core: Core, leading: Leading): boolean {
  const willing: VoterKey[] = [];
  for (const { observer, promise, key } of leading.learners.values()) {
    if (!observer && promise?.counted !== false) willing.push(key);
  }
  return !core.isQuorum(core.withSelf(willing));
}

/**
 * Whether it is a copy of the store that the log knows. Who is ahead is not judged: what this log
 * remembers may be long over, and nobody leads for long over one that is ahead (step 11).
 */
function isForkHere(core: Core, learner: Learner, said: FollowerInfo | AckEpoch): boolean {
  return isFork(core, learner) && !isAhead(core, said);
}

function isAhead(core: Core, message: FollowerInfo | AckEpoch): boolean {
  const { current } = core.epochs;
  if (message.currentEpoch !== current) return message.currentEpoch > current;
  return message.lastZxid > core.history.last.zxid;
}

/** Step 12: a quorum has promised; the own log is the initial history I(e'). */
function takeHistory(core: Core, leading: Leading): void {
  if (leading.historyEnd !== undefined || !leading.epochDurable) return;
  const keys: VoterKey[] = [];
  for (const { observer, promise, key } of leading.learners.values()) {
    if (!observer && promise?.counted === true) keys.push(key);
  }
  if (!core.isQuorum(core.withSelf(keys))) return;
  leading.stage = 'synchronization';
  leading.historyEnd = core.history.last;
  leading.forwarded = core.history.last.zxid;
  core.setEpochs({ ...core.epochs, current: leading.epoch, syncing: 0 });
  core.writes.whenDurable({ type: 'own-history' });
  core.outbox.event({ type: 'phase', phase: 'synchronization' });
}

/** The learner presents itself (step 8). */
export function present(core: Core, following: Following, link: number): void {
  following.link = link;
  following.stage = 'discovery';
  const known = core.born && !core.amnesiac;
  core.send(link, {
    type: 'FOLLOWERINFO',
    acceptedEpoch: core.epochs.accepted,
    acceptedFrom: core.epochs.acceptedFrom,
    currentEpoch: core.epochs.current,
    lastZxid: core.lastZxid,
    configuration: known ? core.history.configuration.version : ZERO,
    voter: core.bound,
  });
}

/** LEADERINFO (NEWEPOCH) at the learner: promise it, once per epoch and leader (step 10). */
export function receiveLeaderInfo(
  core: Core,
  following: Following,
  leader: VoterKey,
  message: LeaderInfo,
): void {
  if (following.stage !== 'discovery') {
    core.leave('LEADERINFO out of order');
    return;
  }
  const { epoch } = message;
  const { accepted, acceptedFrom, current } = core.epochs;
  // Without a vote there is no promise to keep; only the history taken over must not be left behind.
  if (epoch < (core.bound ? accepted : current)) {
    core.leave(`epoch ${epoch} of the leader is over`);
    return;
  }
  following.epoch = epoch;
  following.stage = 'promising';
  if (!core.bound) {
    sendAckEpoch(core, following, false);
    return;
  }
  const counted = epoch > accepted || acceptedFrom === leader;
  if (epoch > accepted) core.setEpochs({ ...core.epochs, accepted: epoch, acceptedFrom: leader });
  core.writes.whenDurable({ type: 'epoch-promised', counted });
}

/** The promise is durable: say so. From here on the log changes only by this leader's stream. */
export function sendAckEpoch(core: Core, following: Following, counted: boolean): void {
  const { link } = following;
  assert(
    link !== undefined && following.stage === 'promising',
    'a promise is for the leader that asked',
  );
  following.stage = 'promised';
  core.send(link, {
    type: 'ACKEPOCH',
    epoch: following.epoch,
    counted,
    currentEpoch: core.epochs.current,
    lastZxid: core.lastZxid,
    lastChain: core.born ? core.history.last.chain : 0,
    appliedZxid: core.applied,
    empty: core.amnesiac,
  });
}
