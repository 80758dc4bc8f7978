/** Takes items for all in this process who wait for one, through one session, as long as that lives. */
import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf } from '../base/path.ts';
import { onAbort } from '../client/abort.ts';
import type { Session, Znode } from '../client/client.ts';
import { assertGuarded, unguarded } from '../client/client-view.ts';
import { bytes } from '../client/codec.ts';
import type { RawSession } from './any-client.ts';
import { claim } from './claim.ts';
import { HeldClaim } from './held-claim.ts';
import { keepTrying, WITHOUT_END } from './keep-trying.ts';
import { Patience, pause } from './patience.ts';
import { QueueClaim } from './queue-claim.ts';
import { Claims } from './queue-claims.ts';
import { QueueDelays } from './queue-delays.ts';
import { TakenItem } from './queue-item.ts';
import {
  attemptOf,
  CLAIM,
  delayedOf,
  encodeClaim,
  noData,
  type QueuePlace,
  retired,
} from './queue-place.ts';
import type { Waiting } from './queue-waiting.ts';
import { Wakeup } from './wakeup.ts';

/** How many items one claim takes. */
const CLAIMED_AT_ONCE = 256;
/** How long it stays when nobody wants anything, ms: whoever comes next then need not register. */
const LINGER = 2_000;

/** Before something that the group was too busy for is asked again, ms. */
const PAUSE = 20;
/** How often that is asked for an item that was claimed, before it is given back. */
const READS = 50;

/** What a queue is told of how to take. */
export interface TakerOptions {
  readonly maxAttempts: number;
  /** How many items to have at hand beyond those that are waited for. */
  readonly prefetch: number;
  /** Takes what goes wrong where nobody waits. */
  report(error: unknown): void;
}

/** A claim, and those of its items that are somebody's. */
interface Held<T> {
  readonly claim: QueueClaim;
  readonly items: Set<TakenItem<T>>;
}

export class Taker<T> {
  readonly #session: Session<T, never>;
  readonly #raw: RawSession;
  readonly #place: QueuePlace;
  readonly #waiting: Waiting<T>;
  readonly #options: TakerOptions;
  readonly #wakeup: Wakeup = new Wakeup();
  readonly #stop = new AbortController();
  readonly #seen: Claims;
  readonly #delays: QueueDelays;
  /** What it has claimed and is not relieved of, by the paths of the claims. */
  readonly #held = new Map<string, Held<T>>();
  /** Items that somebody has, and the spare ones. */
  #itemCount = 0;
  /** Items that nobody has waited for yet. */
  #spare: TakenItem<T>[] = [];
  /** The transaction of its last claim: what is seen must not be older. */
  #claimedAt = 0n;
  /** Why it can go on no longer. */
  #failure: unknown;
  /** When the first delayed item is due, in ms since 1970. */
  #due = Number.POSITIVE_INFINITY;

  constructor(
    session: Session<T, never>,
    place: QueuePlace,
    waiting: Waiting<T>,
    options: TakerOptions,
  ) {
    this.#session = session;
    this.#raw = session.as(bytes);
    this.#place = place;
    this.#waiting = waiting;
    this.#options = options;
    this.#seen = new Claims(place.taken);
    this.#delays = new QueueDelays(this.#raw, place, options.report);
  }

  /** Until nobody wants anything for a while, or its session or its node is gone. */
  async run(): Promise<void> {
    await this.#place.make(this.#raw, WITHOUT_END);
    const wish = { session: this.#raw, kind: 'taker', folders: [this.#place.taken] } as const;
    const own = await claim({ ...wish, data: undefined }, new Patience(WITHOUT_END));
    const grant = new HeldClaim(own);
    const { signal } = this.#stop;
    onAbort(grant.signal, () => this.#lost(grant.signal.reason));
    this.#waiting.onDemand = this.#wakeup.wake;
    const following = this.#follow(signal);
    try {
      await this.#serve(grant);
    } finally {
      this.#stop.abort();
      this.#waiting.onDemand = () => {};
      await following;
      for (const { name, path } of this.#spare.splice(0)) {
        void this.#held
          .get(path)
          ?.claim.settle(name, 'untouched')
          .catch(() => {});
      }
      void this.#retire(grant);
    }
  }

  /** Its node stays as long as somebody is at work on what it has taken: nobody else is given that. */
  async #retire(grant: HeldClaim): Promise<void> {
    const ended = new Promise<void>((resolve) => onAbort(this.#session.signal, resolve));
    const over = Promise.all([...this.#held.values()].map(({ claim: own }) => own.over));
    if (this.#held.size > 0) void keepTrying(this.#raw, () => this.#resign(grant.path));
    if (!this.#session.signal.aborted) await Promise.race([ended, over]);
    await grant.release();
  }

  /** Says that it sees to nothing any more. */
  async #resign(path: string): Promise<void> {
    try {
      await unguarded(this.#raw).set(path, retired(), WITHOUT_END);
    } catch (error) {
      if (!QuorateError.is(error, 'NO_NODE')) throw error;
    }
  }

  async #serve(grant: HeldClaim): Promise<void> {
    const taker = nameOf(grant.path);
    let idleSince = performance.now();
    while (!grant.signal.aborted) {
      this.#wakeup.reset();
      if (this.#failure !== undefined) throw this.#failure;
      assertGuarded(this.#session);
      this.#handOut();
      const hasDone = (await this.#keepHouse(taker)) || (await this.#claimNext(grant));
      if (hasDone) continue;
      const now = performance.now();
      const isIdle = this.#waiting.size === 0 && this.#itemCount === this.#spare.length;
      if (!isIdle) idleSince = now;
      if (now - idleSince >= LINGER) return;
      const untilDue = this.#seen.isEldest(taker) ? this.#due - Date.now() : LINGER;
      await this.#wakeup.wait(Math.max(1, Math.min(LINGER, untilDue)), grant.signal);
    }
  }

  #handOut(): void {
    for (let [item] = this.#spare; item !== undefined; [item] = this.#spare) {
      if (!this.#waiting.give(item)) return;
      this.#spare.shift();
    }
  }

  /** What is to be looked at, until it is stopped. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { entries, taken, delayed } = this.#place;
    const raw = this.#raw;
    await Promise.all([
      this.#each(raw.watchTree(taken, { signal }), (update) => {
        this.#seen.take(update);
        for (const change of update.changes) {
          if (change.type === 'deleted') this.#claimGone(change.path);
        }
      }),
      // Of the items nobody needs to know more than that something has changed: there may be many.
      this.#each(raw.watchChildren(entries, { signal, limit: 0 }), () => {}),
      this.#each(raw.watchChildren(delayed, { signal, limit: 1 }), ([first]) => {
        this.#due = first === undefined ? Number.POSITIVE_INFINITY : delayedOf(first).due;
      }),
    ]);
  }

  async #each<I>(feed: AsyncIterable<I>, look: (item: I) => void): Promise<void> {
    try {
      for await (const item of feed) {
        look(item);
        this.#wakeup.wake();
      }
    } catch (error) {
      this.#failure = error;
      this.#wakeup.wake();
    }
  }

  /** What one does for all: items of who is gone are given back, those whose time has come let in. */
  async #keepHouse(taker: string): Promise<boolean> {
    if (!this.#seen.isEldest(taker)) return false;
    let hasDone = false;
    for (const orphan of this.#seen.orphans()) {
      const { maxAttempts } = this.#options;
      const left = new QueueClaim(this.#raw, orphan, orphan.items, this.#place, maxAttempts);
      await left.giveBack('again');
    }
    while (this.#due <= Date.now()) {
      // What is told while they are moved is newer than what was read for that.
      this.#due = Number.POSITIVE_INFINITY;
      const next = await this.#delays.moveDue();
      this.#due = Math.min(this.#due, next);
      hasDone = true;
    }
    return hasDone;
  }

  /** How many items to claim now. The spare ones are made up for while somebody is at work, half of them at a time. */
  #wanted(): number {
    const { prefetch } = this.#options;
    const [waiting, spare] = [this.#waiting.size, this.#spare.length];
    const isAtWork = this.#itemCount > spare;
    if (waiting === 0 && !(isAtWork && 2 * spare < prefetch)) return 0;
    return Math.min(CLAIMED_AT_ONCE, waiting + prefetch - spare);
  }

  /** Claims what is wanted, as far as there is anything. False: nothing to do before something changes. */
  async #claimNext(grant: HeldClaim): Promise<boolean> {
    const { maxAttempts } = this.#options;
    const count = this.#wanted();
    const { version, items: taken } = this.#seen;
    // What it claimed itself it has to have seen, to tell it from what is free.
    if (count <= 0 || version < 0 || this.#seen.zxid < this.#claimedAt) return false;
    const { entries, taken: folder } = this.#place;
    // Only now: whatever is not seen to be taken was not taken when the version was that one.
    const page = await this.#raw.children(entries, { ...WITHOUT_END, limit: taken.size + count });
    const names = page.filter((name) => !taken.has(name)).slice(0, count);
    if (names.length === 0) return false;
    const node = { taker: nameOf(grant.path), path: '', fence: 0n };
    const data = encodeClaim({ taker: node.taker, items: names });
    const create = { create: joinPath(folder, CLAIM), sequential: true, data } as const;
    const ops = [{ set: folder, data: noData(), version }, create] as const;
    try {
      const [, { path, stat }] = await this.#raw.guardedBy(grant).multi(ops, WITHOUT_END);
      this.#claimedAt = stat.czxid;
      const place = { ...node, path, fence: stat.czxid };
      const own = new QueueClaim(this.#raw, place, names, this.#place, maxAttempts);
      const held = { claim: own, items: new Set<TakenItem<T>>() };
      this.#held.set(path, held);
      void own.over.then(() => this.#relieved(path, held));
      await Promise.all(names.map((name) => this.#open(name, held, grant)));
      return true;
    } catch (error) {
      // Another one was faster, and that will be seen.
      if (QuorateError.is(error, 'BAD_VERSION')) return false;
      const isOwn = QuorateError.is(error, 'GRANT_LOST') && error.path === grant.path;
      if (!isOwn && !QuorateError.is(error, 'OVERLOADED')) throw error;
      await pause(PAUSE, grant.signal);
      return true;
    }
  }

  /** Reads an item that was claimed, and hands it to whoever waits. */
  async #open(name: string, held: Held<T>, grant: HeldClaim): Promise<void> {
    const own = held.claim;
    try {
      const node = await this.#read(joinPath(this.#place.entries, name));
      // Nobody is given what is lost already: the answer to a claim may come late.
      if (node === undefined || !grant.stillHeld()) {
        // An operator may have deleted the claim, too.
        await own.settle(name, 'untouched').catch(() => {});
        return;
      }
      const item: TakenItem<T> = new TakenItem(name, node.data, attemptOf(name), {
        claim: own,
        assertHeld: grant.assertHeld,
        ended: () => {
          this.#itemCount -= 1;
          held.items.delete(item);
          this.#wakeup.wake();
        },
      });
      held.items.add(item);
      this.#itemCount += 1;
      // Behind those that are at hand: whoever waits gets the first.
      this.#spare.push(item);
      this.#handOut();
    } catch (error) {
      // The end of the session is told by itself.
      const isEnd = QuorateError.is(error, 'SESSION_EXPIRED', 'CLOSED', 'QUARANTINED');
      if (isEnd || this.#session.signal.aborted) return;
      if (QuorateError.is(error, 'OVERLOADED')) {
        // Whoever has time for it may take it.
        void own.settle(name, 'untouched').catch(() => {});
        return;
      }
      // What cannot be read must not be in the way of the others.
      this.#options.report(error);
      void own.settle(name, 'dead').catch(() => {});
    }
  }

  /** Asks again for a while where nobody has time for it. */
  async #read(path: string): Promise<Znode<T> | undefined> {
    for (let left = READS; ; left -= 1) {
      try {
        return await this.#session.find(path, WITHOUT_END);
      } catch (error) {
        if (!QuorateError.is(error, 'OVERLOADED') || left <= 1) throw error;
        await pause(PAUSE, this.#session.signal);
      }
    }
  }

  /** An operator may take items away by deleting the claim. */
  #claimGone(path: string): void {
    const held = this.#held.get(path);
    // What is being settled is told by the answer to that.
    if (held === undefined || held.claim.isBusy) return;
    this.#takeAway(path, held);
  }

  /** All of it was settled; or it was deleted, and an answer has told so. */
  #relieved(path: string, held: Held<T>): void {
    this.#held.delete(path);
    if (!held.claim.isOver) this.#takeAway(path, held);
  }

  #takeAway(path: string, held: Held<T>): void {
    this.#spare = this.#spare.filter((item) => item.path !== path);
    const message = `the claim ${path} was deleted`;
    this.#lose(held, QuorateError.make('GRANT_LOST', message, { path }));
  }

  #lost(reason: unknown): void {
    const { path } = this.#place;
    const message = `what was taken from ${path} may be given to others`;
    const told = QuorateError.is(reason)
      ? reason
      : QuorateError.make('GRANT_LOST', message, { path, cause: reason });
    for (const held of this.#held.values()) this.#lose(held, told);
    this.#wakeup.wake();
  }

  #lose({ items }: Held<T>, reason: QuorateError): void {
    for (const item of [...items]) item.lose(reason);
  }
}
