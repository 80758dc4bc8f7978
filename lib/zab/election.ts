/**
 * Fast leader election (FastLeaderElection of ZooKeeper): a liveness oracle only. Whatever it says,
 * discovery and synchronization keep the group safe. Rounds are ZooKeeper's logical clock: volatile,
 * and no epochs.
 *
 * Promises are counted by store, votes by id: a peer whose log ends before a replaceStore does not know
 * the new store, and would otherwise hear no quorum until the log that tells it so has come.
 */
import type { Notification, PeerState, Vote } from './messages.ts';

/** What the election asks of its peer. */
export interface Electorate {
  /** Whether these voters are a quorum in every configuration in force. */
  isQuorum(ids: ReadonlySet<number>): boolean;
  /** Whether nobody else could still vote: who was linked and is gone is not waited for. */
  isEverybody(ids: ReadonlySet<number>): boolean;
  /** Whether that id may lead: a voter with weight. */
  mayLead(id: number): boolean;
  /** Whether this peer could follow it now: itself, or at the other end of a link. */
  isReachable(id: number): boolean;
  /** Whether this peer could lead now: it is linked to a quorum, itself among them. */
  reachesQuorum(): boolean;
}

interface Sighting {
  readonly leader: number;
  readonly epoch: number;
  readonly state: PeerState;
  readonly round: number;
  readonly voter: boolean;
  readonly seenAt: number;
}

/** No peer has this id: less than any. */
const NOBODY = 0;

/** The order of votes: (epoch, zxid, id), the epoch being currentEpoch and never that of the zxid (step 2). */
function isGreater(a: Vote, b: Vote): boolean {
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
  readonly #self: number;
  readonly #electorate: Electorate;
  readonly #finalizeWait: number;
  /** A sighting out of election holds for this long. */
  readonly #sightingAge: number;
  /** How long it may reach too few to lead and still be a candidate: links that are on their way stand by then. */
  readonly #patience: number;
  readonly #received = new Map<number, Vote>();
  readonly #outside = new Map<number, Sighting>();
  #initial: Vote | undefined;
  #finalizeAt = Number.POSITIVE_INFINITY;
  /** Since when it reaches too few to lead; undefined while it reaches a quorum. */
  #lonelySince: number | undefined;
  #isCandidate = true;
  round = 0;
  /** Undefined: no vote (observer, amnesiac, joining). */
  vote: Vote | undefined;

  constructor(
    self: number,
    electorate: Electorate,
    times: {
      readonly finalizeWait: number;
      readonly sightingAge: number;
      readonly patience: number;
    },
  ) {
    this.#self = self;
    this.#electorate = electorate;
    this.#finalizeWait = times.finalizeWait;
    this.#sightingAge = times.sightingAge;
    this.#patience = times.patience;
  }

  /** What the others are told. */
  get told(): Vote | undefined {
    return this.#isKeptBack(this.vote) ? undefined : this.vote;
  }

  /**
   * Judges by its links whether this peer is a candidate. Who has long reached too few to lead keeps its own vote
   * back: those few would wait for it, and be missed where they could follow another. It votes for whoever has as much.
   * @returns whether it has become a candidate or is none any more: tell everybody
   */
  judgeCandidacy(now: number): boolean {
    const before = this.told;
    if (this.#electorate.reachesQuorum()) this.#lonelySince = undefined;
    else this.#lonelySince ??= now;
    this.#isCandidate = this.#lonelySince === undefined || now - this.#lonelySince < this.#patience;
    return this.told !== before;
  }

  #isKeptBack(vote: Vote | undefined): boolean {
    return vote?.leader === this.#self && !this.#isCandidate;
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

  /** A notification from a voter, or from a peer that is none. */
  receive(from: number, voter: boolean, message: Notification, now: number): Answer {
    if (message.state !== 'looking') {
      this.#sight(from, voter, message, now);
      return NOTHING;
    }
    this.#outside.delete(from);
    const { vote } = message;
    if (!voter || this.vote === undefined) return NOTHING;
    if (vote === undefined) return this.#hearNoVote(from, message.round);
    if (!this.#electorate.mayLead(vote.leader)) return NOTHING;
    return this.#compare(from, message.round, vote, now);
  }

  /**
   * Who has no vote asks for a leader; a peer that looks for one itself has nothing to tell it, but does not wait for it
   * either. Its round counts: who keeps its own vote back may be needed for another's, and hears none of a round that is over.
   */
  #hearNoVote(from: number, round: number): Answer {
    this.#received.delete(from);
    if (this.vote?.leader === from) this.start(Math.max(round, this.round), this.#initial);
    else if (round > this.round) this.#enter(round, this.#initial);
    else return NOTHING;
    return BROADCAST;
  }

  /** Step 4. */
  #compare(from: number, round: number, vote: Vote, now: number): Answer {
    if (round < this.round) return { type: 'reply' };
    let answer = NOTHING;
    if (round > this.round) {
      this.#enter(round, this.#prefers(vote, this.#initial) ? vote : this.#initial);
      answer = BROADCAST;
    } else if (this.#isDisowned(from, vote)) {
      // As if its link had ended: a round in which nobody has voted for what is gone.
      this.start(this.round, this.#initial);
      return BROADCAST;
    } else if (this.#prefers(vote, this.vote)) {
      this.#adopt(vote);
      answer = BROADCAST;
    }
    this.#received.set(from, vote);
    this.#count(now);
    return answer;
  }

  /**
   * Whom this peer cannot reach it does not vote for, or many would wait for one that only few can see. Nor
   * for itself by what it has not: that is a vote for an earlier life of it, on another disk.
   */
  #prefers(vote: Vote, own: Vote | undefined): boolean {
    if (own !== undefined && !this.#isBetter(vote, own)) return false;
    if (vote.leader !== this.#self) return this.#electorate.isReachable(vote.leader);
    return this.#initial !== undefined && isEqual(vote, this.#initial);
  }

  #isBetter(vote: Vote, own: Vote): boolean {
    const isRival = this.#isKeptBack(own) && vote.leader !== own.leader;
    return isGreater(vote, isRival ? { ...own, leader: NOBODY } : own);
  }

  /** Whether the candidate of this peer says of itself that it has less than it is voted for. */
  #isDisowned(from: number, vote: Vote): boolean {
    const own = this.vote;
    return own?.leader === from && vote.leader === from && isGreater(own, vote);
  }

  /** Catches up with a later round, in which nothing has been heard yet. */
  #enter(round: number, vote: Vote | undefined): void {
    this.round = round;
    this.#received.clear();
    this.#adopt(vote);
  }

  #adopt(vote: Vote | undefined): void {
    this.vote = vote;
    this.#finalizeAt = Number.POSITIVE_INFINITY;
  }

  /** Starts the wait for a better vote once a quorum agrees; no wait when nobody else is left to vote. */
  #count(now: number): void {
    const ids = this.#agreeing();
    if (!this.#electorate.isQuorum(ids)) {
      this.#finalizeAt = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#electorate.isEverybody(ids)) this.#finalizeAt = now;
    else if (this.#finalizeAt === Number.POSITIVE_INFINITY)
      this.#finalizeAt = now + this.#finalizeWait;
  }

  #agreeing(): Set<number> {
    const ids = new Set<number>();
    const own = this.vote;
    if (own === undefined) return ids;
    for (const [id, vote] of this.#received) if (isEqual(vote, own)) ids.add(id);
    // Whoever came out of this very round with that leader voted for it, and waits for it now.
    for (const [id, { voter, leader, epoch, round }] of this.#outside) {
      const agrees = leader === own.leader && epoch === own.epoch && round === this.round;
      if (agrees && voter) ids.add(id);
    }
    ids.add(this.#self);
    return ids;
  }

  /** Step 5: what peers outside an election say of their leader. */
  #sight(from: number, voter: boolean, message: Notification, now: number): void {
    this.#received.delete(from);
    if (message.vote === undefined) return;
    const { leader, epoch } = message.vote;
    this.#outside.set(from, {
      leader,
      epoch,
      state: message.state,
      round: message.round,
      voter,
      seenAt: now,
    });
  }

  /** A link ended: what its peer said no longer counts. */
  forget(from: number): void {
    this.#outside.delete(from);
    this.#received.delete(from);
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
    if (this.#leads(this.vote)) return this.vote;
    for (const { leader, epoch } of this.#outside.values()) {
      const agreed = this.#agreedOutside(leader, epoch);
      if (agreed === undefined) continue;
      this.round = Math.max(this.round, agreed);
      return { leader, epoch };
    }
    return undefined;
  }

  /** Whether that candidate says that this very round has made it leader, by votes that this peer may not see. */
  #leads({ leader, epoch }: Vote): boolean {
    const said = this.#outside.get(leader);
    if (said?.state !== 'leading' || said.leader !== leader) return false;
    return said.epoch === epoch && said.round === this.round;
  }

  /** Compares leader and epoch alone: comparing zxids or rounds blocked rejoining for good (ZOOKEEPER-1732). */
  #agreedOutside(leader: number, epoch: number): number | undefined {
    // It would follow too: without itself, one of two could never rejoin the other.
    const ids = new Set([this.#self]);
    let sameRound = true;
    let round = 0;
    for (const [id, sighting] of this.#outside) {
      if (sighting.leader !== leader || sighting.epoch !== epoch) continue;
      if (sighting.voter) ids.add(id);
      if (sighting.round !== this.round) sameRound = false;
      round = Math.max(round, sighting.round);
    }
    const stands =
      leader === this.#self ? sameRound : this.#outside.get(leader)?.state === 'leading';
    return stands && this.#electorate.isQuorum(ids) ? round : undefined;
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
