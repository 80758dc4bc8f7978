/**
 * Fast leader election (FastLeaderElection of ZooKeeper): a liveness oracle only. Whatever it says,
 * discovery and synchronization keep the group safe. Rounds are ZooKeeper's logical clock: volatile,
 * and no epochs.
 */
import type { VoterKey } from './configuration.ts';
import type { Notification, PeerState, Vote } from './messages.ts';

/** What the election asks of its peer. */
export interface Electorate {
  /** Whether these voters are a quorum in every configuration in force. */
  isQuorum(keys: ReadonlySet<VoterKey>): boolean;
  /** Whether nobody else could still vote. */
  isEverybody(keys: ReadonlySet<VoterKey>): boolean;
  /** Whether that id may lead: a voter with weight. */
  mayLead(id: number): boolean;
}

interface Sighting {
  readonly leader: number;
  readonly epoch: number;
  readonly state: PeerState;
  readonly round: number;
  readonly seenAt: number;
}

/** The order of votes: (epoch, zxid, id), the epoch being currentEpoch and never that of the zxid (step 2). */
export function isGreater(a: Vote, b: Vote): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

function isEqual(a: Vote, b: Vote): boolean {
  return a.leader === b.leader && a.epoch === b.epoch && a.zxid === b.zxid;
}

export interface Decision {
  readonly leader: number;
  readonly epoch: number;
}

export type Answer =
  | { readonly type: 'nothing' }
  /** The vote or round changed: tell every voter. */
  | { readonly type: 'broadcast' }
  /** The sender is behind: tell it alone. */
  | { readonly type: 'reply' };

const NOTHING: Answer = { type: 'nothing' };
const BROADCAST: Answer = { type: 'broadcast' };

export class Election {
  readonly #self: { readonly id: number; readonly key: () => VoterKey };
  readonly #electorate: Electorate;
  readonly #finalizeWait: number;
  /** A sighting out of election holds for this long. */
  readonly #sightingAge: number;
  readonly #received = new Map<VoterKey, Vote>();
  readonly #outside = new Map<number, Sighting & { readonly key: VoterKey | undefined }>();
  #initial: Vote | undefined;
  #finalizeAt = Number.POSITIVE_INFINITY;
  round = 0;
  /** Undefined: no vote (observer, amnesiac, joining). */
  vote: Vote | undefined;

  constructor(
    self: { readonly id: number; readonly key: () => VoterKey },
    electorate: Electorate,
    times: { readonly finalizeWait: number; readonly sightingAge: number },
  ) {
    this.#self = self;
    this.#electorate = electorate;
    this.#finalizeWait = times.finalizeWait;
    this.#sightingAge = times.sightingAge;
  }

  /** When {@link decision} may change by the passing of time. */
  get deadline(): number {
    return this.#finalizeAt;
  }

  /** Enters LOOKING: a new round with this peer's own vote (step 1). `round` continues an earlier election's. */
  start(round: number, initial: Vote | undefined): void {
    this.round = round + 1;
    this.#initial = initial;
    this.vote = initial;
    this.#received.clear();
    this.#outside.clear();
    this.#finalizeAt = Number.POSITIVE_INFINITY;
  }

  /** A notification from a voter (key given) or from a peer without a vote (key undefined). */
  receive(from: number, key: VoterKey | undefined, message: Notification, now: number): Answer {
    if (message.state !== 'looking') {
      this.#sight(from, key, message, now);
      return NOTHING;
    }
    this.#outside.delete(from);
    const { vote } = message;
    // Who has no vote asks for a leader; a peer that looks for one itself has nothing to tell it.
    if (key === undefined || vote === undefined || this.vote === undefined) return NOTHING;
    if (!this.#electorate.mayLead(vote.leader)) return NOTHING;
    return this.#compare(key, message.round, vote, now);
  }

  /** Step 4. */
  #compare(key: VoterKey, round: number, vote: Vote, now: number): Answer {
    if (round < this.round) return { type: 'reply' };
    let answer = NOTHING;
    if (round > this.round) {
      this.round = round;
      this.#received.clear();
      this.#adopt(
        this.#initial !== undefined && isGreater(this.#initial, vote) ? this.#initial : vote,
      );
      answer = BROADCAST;
    } else if (this.vote !== undefined && isGreater(vote, this.vote)) {
      this.#adopt(vote);
      answer = BROADCAST;
    }
    this.#received.set(key, vote);
    this.#count(now);
    return answer;
  }

  #adopt(vote: Vote): void {
    this.vote = vote;
    this.#finalizeAt = Number.POSITIVE_INFINITY;
  }

  /** Starts the wait for a better vote once a quorum agrees; no wait when nobody else is left to vote. */
  #count(now: number): void {
    const keys = this.#agreeing();
    if (!this.#electorate.isQuorum(keys)) {
      this.#finalizeAt = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#electorate.isEverybody(keys)) this.#finalizeAt = now;
    else if (this.#finalizeAt === Number.POSITIVE_INFINITY)
      this.#finalizeAt = now + this.#finalizeWait;
  }

  #agreeing(): Set<VoterKey> {
    const keys = new Set<VoterKey>();
    const own = this.vote;
    if (own === undefined) return keys;
    for (const [key, vote] of this.#received) if (isEqual(vote, own)) keys.add(key);
    // Whoever came out of this very round with that leader voted for it, and waits for it now.
    for (const { key, leader, epoch, round } of this.#outside.values()) {
      const agrees = leader === own.leader && epoch === own.epoch && round === this.round;
      if (agrees && key !== undefined) keys.add(key);
    }
    keys.add(this.#self.key());
    return keys;
  }

  /** Step 5: what peers outside an election say of their leader. */
  #sight(from: number, key: VoterKey | undefined, message: Notification, now: number): void {
    if (key !== undefined) this.#received.delete(key);
    if (message.vote === undefined) return;
    const { leader, epoch } = message.vote;
    this.#outside.set(from, {
      leader,
      epoch,
      state: message.state,
      round: message.round,
      seenAt: now,
      key,
    });
  }

  /** A link ended: what its peer said no longer counts. */
  forget(from: number, key: VoterKey | undefined): void {
    this.#outside.delete(from);
    if (key !== undefined) this.#received.delete(key);
  }

  /** The leader, once there is one to follow or to be, and the epoch it was elected with. */
  decision(now: number): Decision | undefined {
    const outside = this.#outsideDecision(now);
    if (outside !== undefined) return outside;
    this.#count(now);
    return now >= this.#finalizeAt ? this.vote : undefined;
  }

  #outsideDecision(now: number): Decision | undefined {
    for (const [from, sighting] of this.#outside) {
      if (now - sighting.seenAt > this.#sightingAge) this.#outside.delete(from);
    }
    if (this.vote === undefined) return this.#observedLeader();
    for (const { leader, epoch } of this.#outside.values()) {
      const agreed = this.#agreedOutside(leader, epoch);
      if (agreed === undefined) continue;
      this.round = Math.max(this.round, agreed);
      return { leader, epoch };
    }
    return undefined;
  }

  /** Compares leader and epoch alone: comparing zxids or rounds blocked rejoining for good (ZOOKEEPER-1732). */
  #agreedOutside(leader: number, epoch: number): number | undefined {
    const keys = new Set<VoterKey>();
    let sameRound = true;
    let round = 0;
    for (const sighting of this.#outside.values()) {
      if (sighting.leader !== leader || sighting.epoch !== epoch) continue;
      if (sighting.key !== undefined) keys.add(sighting.key);
      if (sighting.round !== this.round) sameRound = false;
      round = Math.max(round, sighting.round);
    }
    if (leader === this.#self.id) {
      keys.add(this.#self.key());
      return sameRound && this.#electorate.isQuorum(keys) ? round : undefined;
    }
    if (this.#outside.get(leader)?.state !== 'leading') return undefined;
    // It would follow too. Without itself, one that missed a replaceStore would never see a quorum.
    keys.add(this.#self.key());
    return this.#electorate.isQuorum(keys) ? round : undefined;
  }

  /** A peer without a vote follows whoever says of itself that it leads, the latest epoch first. */
  #observedLeader(): Decision | undefined {
    let best: Decision | undefined;
    for (const [from, { leader, epoch, state }] of this.#outside) {
      if (state !== 'leading' || leader !== from) continue;
      if (best === undefined || epoch > best.epoch) best = { leader: from, epoch };
    }
    return best;
  }
}
