/** Calls that wait: one object each, which is all that a call in flight costs. */
import { type Outcome, QuorateError } from '../base/errors.ts';
import type { DeliveryOf, ReadObserver, WriteObserver } from '../peer/request-pipeline.ts';
import type { ReadResult } from '../replica/read.ts';
import type { OperationResult } from '../tree/request.ts';
import type { Failure } from './failure.ts';
import type { CutShort, Fate } from './wait.ts';
import { NOT_APPLIED } from './wait.ts';

/** How a call ends: both at most once, and only one of them. */
export interface Settlement<R> {
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

type Success<K> = Exclude<K, { readonly type: 'error' }>;

/** What a call makes of an answer. */
export interface Finish<A extends { readonly type: string }, R> {
  readonly result: (answer: Success<A>) => R;
  readonly error: (failure: Failure, fate: Fate) => QuorateError;
}

/**
 * A write in flight.
 *
 * A caller that no longer waits is not answered at once: the write may never have left this peer, and
 * then it is withdrawn and certainly not applied. The turn that follows tells.
 */
export class WriteCall<R> implements WriteObserver {
  readonly #settlement: Settlement<R>;
  readonly #finish: Finish<OperationResult, R>;
  readonly #done: () => void;
  /** Set when the caller gave up and has not been answered yet. */
  #cut: CutShort | undefined;
  /** Set when the caller was told `unknown`: tells what it turned out to be. */
  #settle: ((outcome: Outcome) => void) | undefined;
  #answered = false;

  /** @param done called when the caller is answered */
  constructor(settlement: Settlement<R>, finish: Finish<OperationResult, R>, done: () => void) {
    this.#settlement = settlement;
    this.#finish = finish;
    this.#done = done;
  }

  reply(delivery: DeliveryOf<'reply'>): void {
    const { outcome, result } = delivery;
    if (this.#answered) {
      if (outcome !== 'unknown') this.#settle?.(outcome);
      return;
    }
    const fate = outcome === 'unknown' ? this.#unknown() : { outcome, settled: settledAs(outcome) };
    if (result.type !== 'error') this.#resolve(result);
    else if (this.#cut !== undefined && result.code === 'ABORTED') this.#reject(this.#cut(fate));
    else this.#reject(this.#finish.error(result, fate));
  }

  settled(delivery: DeliveryOf<'settled'>): void {
    this.#settle?.(delivery.outcome);
  }

  over(cause: QuorateError): void {
    if (this.#answered) this.#settle?.('unknown');
    else if (this.#cut !== undefined) this.#reject(this.#cut(UNKNOWN_FOR_EVER));
    else this.#reject(QuorateError.make(cause.code, cause.message, { ...UNKNOWN_FOR_EVER, cause }));
  }

  /** The caller gives up. */
  cutShort(error: CutShort): void {
    this.#cut = error;
  }

  /** The write was not withdrawn: nobody knows yet. */
  giveUp(): void {
    if (!this.#answered && this.#cut !== undefined) this.#reject(this.#cut(this.#unknown()));
  }

  #unknown(): Fate {
    const settled = new Promise<Outcome>((resolve) => {
      this.#settle = resolve;
    });
    return { outcome: 'unknown', settled };
  }

  #resolve(result: Success<OperationResult>): void {
    this.#answered = true;
    this.#done();
    try {
      this.#settlement.resolve(this.#finish.result(result));
    } catch (error) {
      this.#settlement.reject(error);
    }
  }

  #reject(error: unknown): void {
    this.#answered = true;
    this.#done();
    this.#settlement.reject(error);
  }
}

const UNKNOWN_FOR_EVER: Fate = { outcome: 'unknown', settled: Promise.resolve('unknown') };
const APPLIED: Promise<Outcome> = Promise.resolve('applied');

function settledAs(outcome: 'applied' | 'not-applied'): Promise<Outcome> {
  return outcome === 'applied' ? APPLIED : NOT_APPLIED.settled;
}

/** A read that could not be answered at once. */
export class ReadCall<R> implements ReadObserver {
  readonly #settlement: Settlement<R>;
  readonly #finish: (result: ReadResult) => R;
  readonly #done: () => void;

  /** @param finish throws the error of a failed read */
  constructor(settlement: Settlement<R>, finish: (result: ReadResult) => R, done: () => void) {
    this.#settlement = settlement;
    this.#finish = finish;
    this.#done = done;
  }

  read(delivery: DeliveryOf<'read'>): void {
    this.#done();
    try {
      this.#settlement.resolve(this.#finish(delivery.result));
    } catch (error) {
      this.#settlement.reject(error);
    }
  }

  over(cause: QuorateError): void {
    this.#done();
    this.#settlement.reject(
      QuorateError.make(cause.code, cause.message, { ...NOT_APPLIED, cause }),
    );
  }

  /** The caller gives up. */
  cutShort(error: CutShort): void {
    this.#settlement.reject(error(NOT_APPLIED));
  }
}
