/** Additions to one number: those that come while one is on its way are one together. */
import { type Outcome, QuorateError } from '../base/errors.ts';
import { parentOf } from '../base/path.ts';
import type { Client, Znode } from '../client/client.ts';
import { bytes } from '../client/codec.ts';
import { isOvertaken, nodeItself } from '../client/guard.ts';
import { type CutShort, Deadline, NOT_APPLIED, type WaitOptions } from '../client/wait.ts';
import { makeFolder } from './folder.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { pause } from './patience.ts';

const TIMEOUT = 10_000;
/** Before it is asked again through the next session, ms. */
const PAUSE = 10;

/** One call. */
class Addition {
  readonly delta: number;
  readonly promise: Promise<number>;
  readonly #deadline: Deadline;
  #resolve: (sum: number) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  /** What became of it, once that is known: whoever has given up waiting is told by this. */
  readonly #settled: Promise<Outcome>;
  #settle: (outcome: Outcome) => void = () => {};
  /** It is on its way: it may be applied whatever the caller does. */
  isSent = false;
  isCut = false;
  /** There is no such sum. */
  isRefused = false;

  constructor(path: string, delta: number, options: WaitOptions | undefined) {
    this.delta = delta;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#deadline = new Deadline(options, TIMEOUT, {
      what: `add ${path}`,
      path,
      cutShort: (error: CutShort) => this.#cut(error),
    });
  }

  done(sum: number): void {
    this.#deadline.dispose();
    this.#settle('applied');
    this.#resolve(sum);
  }

  failed(error: unknown): void {
    this.#deadline.dispose();
    const isKnown = QuorateError.is(error);
    this.#reject(error);
    if (!isKnown) this.#settle('not-applied');
    else void error.settled.then(this.#settle);
  }

  refuse(path: string): void {
    this.isRefused = true;
    const message = `add ${path}: the sum would be beyond 2^53 - 1`;
    this.failed(QuorateError.make('INVALID_DATA', message, { path, ...NOT_APPLIED }));
  }

  /** It is to be sent again, unless its caller has given it up. */
  notApplied(): void {
    this.isSent = false;
    if (this.isCut) this.#settle('not-applied');
  }

  #cut(error: CutShort): void {
    this.isCut = true;
    this.#reject(error(this.isSent ? { outcome: 'unknown', settled: this.#settled } : NOT_APPLIED));
  }
}

/** An addition, and the number behind it. */
interface Sum {
  readonly addition: Addition;
  readonly sum: number;
}

export class Additions {
  readonly #client: Client<number>;
  readonly #path: string;
  #waiting: Addition[] = [];
  #isBusy = false;

  constructor(client: Client<number>, path: string) {
    this.#client = client;
    this.#path = path;
  }

  add(delta: number, options: WaitOptions | undefined): Promise<number> {
    const addition = new Addition(this.#path, delta, options);
    this.#waiting.push(addition);
    if (!this.#isBusy) {
      this.#isBusy = true;
      // Those of this turn go together.
      queueMicrotask(() => void this.#drain());
    }
    return addition.promise;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0).filter(({ isCut }) => !isCut);
      try {
        if (batch.length > 0) await this.#apply(batch);
      } catch (error) {
        for (const addition of batch) addition.failed(error);
      }
    }
    this.#isBusy = false;
  }

  /** Compare-and-set until it succeeds: others are as fast, and what failed here is read next. */
  async #apply(batch: readonly Addition[]): Promise<void> {
    for (;;) {
      let sent: readonly Addition[] = [];
      let before: Znode<number> | undefined;
      try {
        before = await this.#client.find(this.#path, WITHOUT_END);
        const sums = this.#sumsOf(batch, before?.data ?? 0);
        // From here to the write nobody can leave: who does now is in it.
        sent = sums.map(({ addition }) => addition);
        const last = sums.at(-1);
        if (last === undefined) return;
        for (const addition of sent) addition.isSent = true;
        await this.#write(last.sum, before);
        for (const { addition, sum } of sums) addition.done(sum);
        return;
      } catch (error) {
        if (!isOvertaken(error, before?.path) && !(await this.#mayTryAgain(error))) throw error;
        for (const addition of sent) addition.notApplied();
      }
    }
  }

  /** What each one makes of the number. One that goes too far is refused, and is not in the way of the others. */
  #sumsOf(batch: readonly Addition[], before: number): Sum[] {
    const sums: Sum[] = [];
    let number = before;
    for (const addition of batch) {
      if (addition.isCut || addition.isRefused) continue;
      const sum = number + addition.delta;
      if (!Number.isSafeInteger(sum)) {
        addition.refuse(this.#path);
        continue;
      }
      number = sum;
      sums.push({ addition, sum });
    }
    return sums;
  }

  async #write(total: number, before: Znode<number> | undefined): Promise<void> {
    if (before !== undefined) {
      const { stat } = before;
      const itself = this.#client.guardedBy(nodeItself(this.#path, stat));
      await itself.set(this.#path, total, { ...WITHOUT_END, version: stat.version });
      return;
    }
    try {
      await this.#client.create(this.#path, total, WITHOUT_END);
    } catch (error) {
      if (QuorateError.is(error, 'NO_NODE')) {
        await makeFolder(this.#client.session.as(bytes), parentOf(this.#path), WITHOUT_END);
      }
      throw error;
    }
  }

  /** It was not applied, that is known, and what was in the way passes. */
  async #mayTryAgain(error: unknown): Promise<boolean> {
    const isPassing = QuorateError.is(error, 'SESSION_EXPIRED', 'OVERLOADED');
    if (!isPassing || error.outcome !== 'not-applied') return false;
    await pause(PAUSE);
    return !this.#client.session.signal.aborted;
  }
}
