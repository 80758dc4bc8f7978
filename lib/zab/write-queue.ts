/**
 * What is to become durable, in order, and what may be said only then. One batch is in flight at a
 * time (rule G4); everything queued meanwhile goes into the next: group commit without a timer.
 * A role change throws away what was not handed over and brings the queued view back to what the disk
 * has or is about to have (rule G8, ZOOKEEPER-4712).
 */
import { assert, present } from '../base/assert.ts';
import { lesser, ZERO, type Zxid } from '../base/zxid.ts';
import type { Configuration } from './configuration.ts';
import type { History, HistoryCopy } from './history.ts';
import type { Entry } from './log-entry.ts';
import type { Birth } from './messages.ts';
import type { Base, Batch, Epochs, LinkId } from './ready.ts';

/** A step that waits for the batch in which its cause is written. */
export type Continuation =
  | { readonly type: 'birth' }
  | { readonly type: 'renewed' }
  /** The leader's own acceptedEpoch: LEADERINFO may go out (step 9, ZOOKEEPER-1291). */
  | { readonly type: 'epoch-chosen' }
  /** The follower's promise (step 10). */
  | { readonly type: 'epoch-promised'; readonly counted: boolean }
  /** The leader's own history and currentEpoch: its ACK-LD (step 12). */
  | { readonly type: 'own-history' }
  /** The follower's history and currentEpoch (step 17). */
  | {
      readonly type: 'history-taken';
      readonly link: LinkId;
      readonly zxid: Zxid;
      readonly chain: number;
    };

/** A batch to be; what makes it one is known last. */
interface Draft {
  /** 0 until it is handed over. */
  id: number;
  /** ZERO until nothing is added any more: what becomes known to be committed later may be of another history. */
  committed: Zxid;
  renew?: string;
  birth?: Birth;
  genesis?: Configuration;
  truncate?: Zxid;
  stage?: { first: boolean; chunks: Uint8Array[] };
  install?: Base;
  entries: Entry[];
  epochs?: Epochs;
}

interface Pending {
  readonly draft: Draft;
  /** Of its entries and chunks. */
  bytes: number;
  readonly continuations: { readonly incarnation: number; readonly step: Continuation }[];
  /** End of the queued log when this draft was begun. */
  readonly startLast: Zxid;
  /** The log before the first cut or flip of this draft. */
  undo: HistoryCopy | undefined;
  /** End of the log once it is durable; ZERO until nothing is added any more. */
  last: Zxid;
}

/** What an entry takes in memory beside its bytes. */
const ENTRY_BYTES = 64;

export class WriteQueue {
  /** Undefined before the group is born: then only births are written. */
  readonly #history: () => History | undefined;
  readonly #batchBytesMax: number;
  /** Full drafts, in their order; each is what the store would have been given, had it been idle then. */
  #sealed: Pending[] = [];
  #sealedBytes = 0;
  #pending: Pending | undefined;
  #inFlight: Pending | undefined;
  #nextId = 1;
  /** When something first waited since the store last wrote; undefined: nothing did when it was last asked. */
  #waitsSince: number | undefined;
  /** Rises with every role change; continuations of an earlier one are dropped. */
  incarnation = 0;

  /** @param batchBytesMax with which a batch is full: what a turn adds comes on top. */
  constructor(history: () => History | undefined, batchBytesMax: number) {
    this.#history = history;
    this.#batchBytesMax = batchBytesMax;
  }

  /** No batch is with the store. */
  get idle(): boolean {
    return this.#inFlight === undefined;
  }

  get empty(): boolean {
    return this.#sealed.length === 0 && this.#pending === undefined;
  }

  /** Ms in which something has waited for the store and nothing was written. To be asked with every tick. */
  waitedFor(now: number): number {
    if (this.idle && this.empty) this.#waitsSince = undefined;
    else this.#waitsSince ??= now;
    return now - (this.#waitsSince ?? now);
  }

  /**
   * Bytes that wait for the store. A learner leaves at `writeQueueBytesMax`; what a leader proposes is
   * bounded by whoever proposes it.
   */
  get bytes(): number {
    return this.#sealedBytes + (this.#pending?.bytes ?? 0);
  }

  /** Appends to the queued log too, after the draft has noted where that ended: a discard goes back to there. */
  append(entry: Entry): void {
    const pending = this.#open();
    this.#log().appendChained(entry);
    pending.draft.entries.push(entry);
    pending.bytes += entry.bytes.length + ENTRY_BYTES;
  }

  /** Cuts the queued log too. */
  truncate(to: Zxid): void {
    const pending = this.#open();
    const history = this.#log();
    pending.undo ??= history.copy();
    assert(pending.draft.entries.length === 0, 'a cut comes before the entries of its batch');
    pending.draft.truncate = to;
    history.truncate(to);
  }

  stage(first: boolean, bytes: Uint8Array): void {
    const pending = this.#open();
    const { draft } = pending;
    if (first || draft.stage === undefined) draft.stage = { first, chunks: [] };
    draft.stage.chunks.push(bytes);
    pending.bytes += bytes.length;
  }

  /** Flips to the staged checkpoint: the queued log begins anew at its zxid. */
  install(base: Base): void {
    const pending = this.#open();
    const history = this.#log();
    pending.undo ??= history.copy();
    assert(pending.draft.entries.length === 0, 'a flip comes before the entries of its batch');
    pending.draft.install = base;
    history.restart(base);
  }

  epochs(epochs: Epochs): void {
    this.#draft().epochs = epochs;
  }

  birth(birth: Birth, genesis: Configuration | undefined): void {
    const draft = this.#draft();
    draft.birth = birth;
    if (genesis !== undefined) draft.genesis = genesis;
  }

  renew(store: string): void {
    this.#draft().renew = store;
  }

  /** Runs `step` once everything queued so far is durable. */
  whenDurable(step: Continuation): void {
    this.#open().continuations.push({ incarnation: this.incarnation, step });
  }

  /**
   * At the end of every turn, where a batch may end: a draft that is full waits as it is, and what follows is
   * another batch. However much waits for the disk, the host never stands still for one long write.
   */
  seal(committed: Zxid): void {
    if ((this.#pending?.bytes ?? 0) < this.#batchBytesMax) return;
    const sealed = this.#close(committed);
    if (sealed === undefined) return;
    this.#sealed.push(sealed);
    this.#sealedBytes += sealed.bytes;
  }

  /** Hands the next batch over. */
  take(committed: Zxid): Batch | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const next = this.#shift() ?? this.#close(committed);
    if (next === undefined) return undefined;
    next.draft.id = this.#nextId;
    this.#nextId += 1;
    this.#inFlight = next;
    return next.draft;
  }

  #shift(): Pending | undefined {
    const sealed = this.#sealed.shift();
    this.#sealedBytes -= sealed?.bytes ?? 0;
    return sealed;
  }

  #close(committed: Zxid): Pending | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    pending.last = this.#last();
    pending.draft.committed = lesser(committed, pending.last);
    return pending;
  }

  /** The store has written the batch: how far the log is durable now, and the steps that waited for it. */
  persisted(id: number): { readonly batch: Draft; readonly steps: readonly Continuation[] } {
    const done = this.#inFlight;
    assert(
      done !== undefined && done.draft.id === id,
      'the batch in flight is the one that was persisted',
    );
    this.#inFlight = undefined;
    this.#waitsSince = undefined;
    const history = this.#history();
    if (history !== undefined) history.durable = this.#durableNow(history, done);
    const steps = done.continuations
      .filter(({ incarnation }) => incarnation === this.incarnation)
      .map(({ step }) => step);
    return { batch: done.draft, steps };
  }

  /** What waits in the queue may cut or replace what has just become durable: only the common part counts. */
  #durableNow(history: History, done: Pending): Zxid {
    let durable = done.last;
    for (const { draft } of this.#waiting()) {
      if (draft.install !== undefined) return history.durable;
      const { truncate: cut } = draft;
      if (cut !== undefined && cut < durable) durable = cut;
    }
    return durable;
  }

  /** Throws away what was not handed over; the queued log is again what the disk has or is about to have. */
  discard(): void {
    const history = this.#history();
    for (const { undo, startLast } of this.#waiting().reverse()) {
      if (undo !== undefined) history?.restore(undo);
      history?.truncate(startLast);
    }
    this.#sealed = [];
    this.#sealedBytes = 0;
    this.#pending = undefined;
  }

  #waiting(): Pending[] {
    return this.#pending === undefined ? [...this.#sealed] : [...this.#sealed, this.#pending];
  }

  #log(): History {
    return present(this.#history(), 'a log to change');
  }

  #last(): Zxid {
    return this.#history()?.last.zxid ?? ZERO;
  }

  #draft(): Draft {
    return this.#open().draft;
  }

  #open(): Pending {
    this.#pending ??= {
      draft: { id: 0, committed: ZERO, entries: [] },
      bytes: 0,
      continuations: [],
      startLast: this.#last(),
      undo: undefined,
      last: ZERO,
    };
    return this.#pending;
  }
}
