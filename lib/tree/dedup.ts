import { assert, present } from '../base/assert.ts';
import { Fifo } from '../base/fifo.ts';
import { addHash, hashText, hashWords, subtractHash } from '../base/hash.ts';
import type { Zxid } from '../base/zxid.ts';
import type { WindowRecord } from './checkpoint-record.ts';
import type { OperationResult, Owner } from './request.ts';

/** Requests of one origin whose result the caller has not resolved yet: more are not accepted. */
export const WINDOW = 1024;

/** An answer given before: exactly once. */
export interface Answer {
  readonly zxid: Zxid;
  readonly result: OperationResult;
}

/** Who numbers a request: its session, or the owner itself if it is made through none. */
export interface Origin {
  readonly session: bigint;
  readonly owner: Owner;
}

/** What is known of the requests of one origin. */
export interface Progress {
  /** The last number applied: the next is one more. */
  readonly last: number;
  /** Results up to here are forgotten. */
  readonly resolved: number;
}

const scratch = new BigUint64Array(4);
const words = new Int32Array(scratch.buffer);

function digestOf(seed: number, a: number, b: number, zxid: bigint): number {
  scratch[0] = zxid;
  words[2] = a;
  words[3] = b;
  return hashWords(seed, words, 0, 4);
}

/** An answer as a window keeps it. */
interface Kept extends Answer {
  /** Its share of the window's digest, to be taken out when it is forgotten. */
  readonly digest: number;
}

/** The result is a function of the transaction, so its zxid and kind stand for it. */
function answerDigest(seed: number, cxid: number, zxid: Zxid, result: OperationResult): number {
  const word = result.type === 'error' ? result.code : result.type;
  return digestOf(hashText(seed, word), cxid, 0, zxid);
}

/** The requests of one origin: the last number, and the results that may still be asked for. */
class RequestWindow implements Progress {
  last = 0;
  resolved = 0;
  /** Whose it is, for the digest. */
  readonly seed: number;
  /** Made after so many captures; one that is older may be part of a checkpoint and is not written to. */
  readonly generation: number;
  /** Of every number in (resolved, last], in order. */
  readonly #answers: Fifo<Kept>;
  /** Sum of the answers' digests. */
  #sum = 0;
  /** Kept until something changes. */
  #digest: number | undefined;

  constructor(seed: number, generation: number, copied?: RequestWindow) {
    this.seed = seed;
    this.generation = generation;
    this.#answers = new Fifo(copied === undefined ? [] : copied.#answers.toArray());
    if (copied === undefined) return;
    this.last = copied.last;
    this.resolved = copied.resolved;
    this.#sum = copied.#sum;
  }

  get digest(): number {
    this.#digest ??= addHash(this.#sum, digestOf(this.seed, this.last, this.resolved, 0n));
    return this.#digest;
  }

  answer(cxid: number): Answer | undefined {
    const kept = cxid > this.resolved ? this.#answers.at(cxid - this.resolved - 1) : undefined;
    return kept === undefined ? undefined : { zxid: kept.zxid, result: kept.result };
  }

  record(cxid: number, resolved: number, zxid: Zxid, result: OperationResult): void {
    this.#put(cxid, zxid, result);
    for (const upTo = Math.min(resolved, cxid - 1); this.resolved < upTo; ) {
      const forgotten = present(this.#answers.shift(), 'answer of a window');
      this.resolved += 1;
      this.#sum = subtractHash(this.#sum, forgotten.digest);
    }
  }

  restore(record: WindowRecord): void {
    this.resolved = record.resolved;
    this.last = record.resolved;
    for (const { cxid, zxid, result } of record.answers) this.#put(cxid, zxid as Zxid, result);
    assert(this.last === record.last, 'a window has all its answers');
    this.#digest = undefined;
  }

  toRecord(): WindowRecord {
    const { last, resolved } = this;
    const answers = this.#answers.toArray().map(({ zxid, result }, index) => {
      return { cxid: resolved + 1 + index, zxid, result };
    });
    return { last, resolved, answers };
  }

  #put(cxid: number, zxid: Zxid, result: OperationResult): void {
    assert(cxid === this.last + 1, 'answers are recorded in the order of their numbers');
    this.last = cxid;
    const digest = answerDigest(this.seed, cxid, zxid, result);
    this.#answers.push({ zxid, result, digest });
    this.#digest = undefined;
    this.#sum = addHash(this.#sum, digest);
  }
}

interface OwnerEntry {
  readonly owner: Owner;
  readonly window: RequestWindow;
}

/** The windows at one moment, still to be turned into records. */
export interface CapturedWindows {
  readonly sessions: readonly (readonly [bigint, { toRecord(): WindowRecord }])[];
  readonly owners: readonly (readonly [Owner, { toRecord(): WindowRecord }])[];
}

function sessionSeed(session: bigint): number {
  return digestOf(1, 0, 0, session);
}

function storeKey({ peer, store }: Owner): string {
  return `${peer}:${store}`;
}

/**
 * The replicated exactly-once table (step 25): for every session, and for every incarnation that asks
 * through none, the last request applied and the results not yet resolved. A retry after a change of
 * leader finds its answer here or was never applied.
 */
export class Dedup {
  readonly #sessions = new Map<bigint, RequestWindow>();
  /** By peer and store: only the newest incarnation of each. */
  readonly #owners = new Map<string, OwnerEntry>();
  #generation = 0;
  #digest = 0;

  /** Digest of all windows. */
  get digest(): number {
    return this.#digest;
  }

  /** A session begins: its first request will be number 1. */
  open(session: bigint): void {
    this.#enter(new RequestWindow(sessionSeed(session), this.#generation), session);
  }

  /** A session ended, and its answers with it. */
  close(session: bigint): void {
    this.#lift(present(this.#sessions.get(session), 'window of a session'));
    this.#sessions.delete(session);
  }

  /** The newest incarnation of the owner's store that was heard of. */
  incarnation(owner: Owner): number {
    return this.#owners.get(storeKey(owner))?.owner.boot ?? 0;
  }

  /** Undefined: no such session. An owner that was never heard of has made no requests. */
  progress(origin: Origin): Progress | undefined {
    if (origin.session !== 0n) return this.#sessions.get(origin.session);
    return this.#ownerWindow(origin.owner) ?? { last: 0, resolved: 0 };
  }

  answer(origin: Origin, cxid: number): Answer | undefined {
    const window =
      origin.session === 0n ? this.#ownerWindow(origin.owner) : this.#sessions.get(origin.session);
    return window?.answer(cxid);
  }

  /** The next request of an origin has been applied. */
  record(
    origin: Origin,
    cxid: number,
    resolved: number,
    zxid: Zxid,
    result: OperationResult,
  ): void {
    const window = this.#writable(origin);
    this.#lift(window);
    window.record(cxid, resolved, zxid, result);
    this.#settle(window);
  }

  /** All as it is now. Costs a pointer for each; a window that changes later is copied first. */
  capture(): CapturedWindows {
    this.#generation += 1;
    return {
      sessions: [...this.#sessions],
      owners: [...this.#owners.values()].map(({ owner, window }) => [owner, window] as const),
    };
  }

  restoreSession(session: bigint, record: WindowRecord): void {
    const window = new RequestWindow(sessionSeed(session), this.#generation);
    window.restore(record);
    this.#enter(window, session);
  }

  restoreOwner(owner: Owner, record: WindowRecord): void {
    const window = this.#newOwner(owner);
    this.#lift(window);
    window.restore(record);
    this.#settle(window);
  }

  #ownerWindow(owner: Owner): RequestWindow | undefined {
    const entry = this.#owners.get(storeKey(owner));
    return entry?.owner.boot === owner.boot ? entry.window : undefined;
  }

  /** The window of an origin, a fresh copy if a checkpoint holds it. */
  #writable(origin: Origin): RequestWindow {
    const { session, owner } = origin;
    if (session !== 0n) {
      const window = present(this.#sessions.get(session), 'window of a session');
      if (window.generation === this.#generation) return window;
      const copy = new RequestWindow(window.seed, this.#generation, window);
      this.#sessions.set(session, copy);
      return copy;
    }
    const window = this.#ownerWindow(owner);
    if (window === undefined) return this.#newOwner(owner);
    if (window.generation === this.#generation) return window;
    const copy = new RequestWindow(window.seed, this.#generation, window);
    this.#owners.set(storeKey(owner), { owner, window: copy });
    return copy;
  }

  /** An incarnation's first request: the one before it will ask no more. */
  #newOwner(owner: Owner): RequestWindow {
    const key = storeKey(owner);
    const before = this.#owners.get(key);
    if (before !== undefined) this.#lift(before.window);
    const window = new RequestWindow(hashText(0, `${key}:${owner.boot}`), this.#generation);
    this.#owners.set(key, { owner, window });
    this.#settle(window);
    return window;
  }

  #enter(window: RequestWindow, session: bigint): void {
    this.#sessions.set(session, window);
    this.#settle(window);
  }

  #lift(window: RequestWindow): void {
    this.#digest = subtractHash(this.#digest, window.digest);
  }

  #settle(window: RequestWindow): void {
    this.#digest = addHash(this.#digest, window.digest);
  }
}
