/** Calls that wait for an answer. */
import { type Outcome, QuorateError } from '../base/errors.ts';
import type { DeliveryOf, ReadObserver, WriteObserver } from '../peer/request-pipeline.ts';
import type { ReadResult } from '../replica/read.ts';
import type { OperationResult } from '../tree/request.ts';
import type { Failure } from './failure.ts';
import type { SessionCore } from './session-core.ts';
import {
  type CutShort,
  type Cuttable,
  Deadline,
  type Fate,
  NOT_APPLIED,
  type WaitContext,
  type WaitOptions,
} from './wait.ts';

/** The answer to a write that was done. */
export type Done = Exclude<OperationResult, { readonly type: 'error' }>;

/** What was asked, and what is made of the answer. */
export interface Question<A, R> extends WaitContext {
  /** Throws what refuses the answer. */
  result(answer: A): R;
  error(failure: Failure, fate: Fate): QuorateError;
}

/** A call in flight: what it waits for, and the promise of its caller. */
abstract class Call<A, R> implements Cuttable {
  protected readonly core: SessionCore;
  protected readonly question: Question<A, R>;
  readonly #resolve: (result: R) => void;
  readonly #reject: (error: unknown) => void;
  #deadline: Deadline | undefined;

  constructor(
    core: SessionCore,
    question: Question<A, R>,
    resolve: (result: R) => void,
    reject: (error: unknown) => void,
  ) {
    this.core = core;
    this.question = question;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The ticket under which the answer will come. */
  ticket = 0;

  get what(): string {
    return this.question.what;
  }

  get path(): string | undefined {
    return this.question.path;
  }

  reason(): string | undefined {
    return this.question.reason?.();
  }

  /** From here on its signal and its time count. */
  wait(options: WaitOptions | undefined): void {
    this.#deadline = new Deadline(options, this.core.peer.options.requestTimeout, this);
  }

  abstract cutShort(error: CutShort): void;

  protected answer(answer: A): void {
    this.#deadline?.dispose();
    try {
      this.#resolve(this.question.result(answer));
    } catch (error) {
      this.#reject(error);
    }
  }

  protected fail(error: unknown): void {
    this.#deadline?.dispose();
    this.#reject(error);
  }
}

/** A read that could not be answered at once. */
export class ReadCall<R> extends Call<ReadResult, R> implements ReadObserver {
  read({ result }: DeliveryOf<'read'>): void {
    this.answer(result);
  }

  over(cause: QuorateError): void {
    this.fail(QuorateError.make(cause.code, cause.message, { ...NOT_APPLIED, cause }));
  }

  override cutShort(error: CutShort): void {
    this.core.abandon(this.ticket);
    this.fail(error(NOT_APPLIED));
  }
}

/**
 * A write in flight.
 *
 * A caller that no longer waits is not answered at once: the write may never have left this peer, and
 * then it is withdrawn and certainly not applied. The turn that follows tells.
 */
export class WriteCall<R> extends Call<Done, R> implements WriteObserver {
  /** Set when the caller gave up and has not been answered yet. */
  #cut: CutShort | undefined;
  /** Set when the caller was told `unknown`: tells what it turned out to be. */
  #settle: ((outcome: Outcome) => void) | undefined;
  #answered = false;

  reply({ outcome, result }: DeliveryOf<'reply'>): void {
    if (this.#answered) {
      if (outcome !== 'unknown') this.#settle?.(outcome);
      return;
    }
    this.#answered = true;
    if (result.type !== 'error') {
      this.answer(result);
      return;
    }
    const fate = outcome === 'unknown' ? this.#unknown() : { outcome, settled: settledAs(outcome) };
    const isWithdrawn = this.#cut !== undefined && result.code === 'ABORTED';
    this.fail(isWithdrawn ? this.#cut?.(fate) : this.question.error(result, fate));
  }

  settled(delivery: DeliveryOf<'settled'>): void {
    this.#settle?.(delivery.outcome);
  }

  over(cause: QuorateError): void {
    if (this.#answered) {
      this.#settle?.('unknown');
      return;
    }
    this.#answered = true;
    const closed = QuorateError.make(cause.code, cause.message, { ...UNKNOWN_FOR_EVER, cause });
    this.fail(this.#cut?.(UNKNOWN_FOR_EVER) ?? closed);
  }

  override cutShort(error: CutShort): void {
    this.#cut = error;
    this.core.abandon(this.ticket);
    this.core.peer.afterTurn(() => {
      if (this.#answered) return;
      this.#answered = true;
      this.fail(error(this.#unknown()));
    });
  }

  /** Nobody knows yet. */
  #unknown(): Fate {
    const settled = new Promise<Outcome>((resolve) => {
      this.#settle = resolve;
    });
    return { outcome: 'unknown', settled };
  }
}

const UNKNOWN_FOR_EVER: Fate = { outcome: 'unknown', settled: Promise.resolve('unknown') };
const APPLIED: Promise<Outcome> = Promise.resolve('applied');

function settledAs(outcome: 'applied' | 'not-applied'): Promise<Outcome> {
  return outcome === 'applied' ? APPLIED : NOT_APPLIED.settled;
}
