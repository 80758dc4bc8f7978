import { QuorateError } from '../base/errors.ts';
import { onAbort } from '../client/abort.ts';
import type { Grant } from './grant.ts';
import type { QueueClaim } from './queue-claim.ts';

/**
 * An item that was taken: nobody else has it, until it is given back or the session that took it ends. Its
 * fence is higher each time it is taken.
 */
export interface QueueItem<T> extends Grant {
  /** Its name in the queue, the same from `put` to the end; a rising number behind it tells each attempt. */
  readonly name: string;
  /** What was put. */
  readonly data: T;
  /** The how manieth time it was taken: 1 for the first. */
  readonly attempt: number;
  /**
   * It is done: removes it from the queue. Idempotent. Waits as long as the session lives.
   * @throws {QuorateError} GRANT_LOST: it was not its holder's any more, and somebody else gets it or has it.
   * RELEASED: it was given back. SESSION_EXPIRED, CLOSED: the session has ended, and nobody can say
   */
  readonly ack: () => Promise<void>;
  /** Gives it back, to be taken again; at its place, before what came later. Never rejects. */
  readonly release: () => Promise<void>;
}

/** What an item stands on: the claim it was taken with, on a node of whoever took it. */
export interface Holding<T> {
  readonly claim: QueueClaim;
  /** Throws GRANT_LOST when the session cannot be relied on. */
  assertHeld(): void;
  /** It has ended: nobody has to tell it any more. */
  ended(item: TakenItem<T>): void;
}

export class TakenItem<T> implements QueueItem<T> {
  readonly name: string;
  readonly data: T;
  readonly attempt: number;
  readonly #holding: Holding<T>;
  /** Made when somebody asks for the signal: most never do. */
  #controller: AbortController | undefined;
  /** Why it is over. An error has a stack to be made of: one of a thousand items is lost, all are released. */
  #over: QuorateError | 'released' | undefined;
  #settled: Promise<void> | undefined;

  constructor(name: string, data: T, attempt: number, holding: Holding<T>) {
    this.name = name;
    this.data = data;
    this.attempt = attempt;
    this.#holding = holding;
  }

  get path(): string {
    return this.#holding.claim.node.path;
  }

  get fence(): bigint {
    return this.#holding.claim.node.fence;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over !== undefined) this.#controller.abort(this.#reason(this.#over));
    return this.#controller.signal;
  }

  get ended(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => onAbort(signal, resolve));
  }

  readonly assertHeld = (): void => {
    if (this.#over === undefined) this.#holding.assertHeld();
    if (this.#over === undefined) return;
    const { path } = this;
    const cause = this.#reason(this.#over);
    throw QuorateError.make('GRANT_LOST', cause.message, { path, cause });
  };

  readonly ack = async (): Promise<void> => {
    this.#settled ??= this.#acknowledge();
    await this.#settled;
  };

  readonly release = async (): Promise<void> => {
    const isOpen = this.#settled === undefined;
    this.#end('released');
    // Of one that was lost in the meantime the tree may still say that it is ours.
    if (isOpen) this.#settled = this.#holding.claim.settle(this.name, 'again').then(this.#refuse);
    await this.#settled?.catch(() => {});
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** The tree cannot be relied on to keep it for this one. */
  lose(reason: QuorateError): void {
    this.#end(reason);
  }

  /** Throws at once what is known to be lost: that is still to be given back. */
  #acknowledge(): Promise<void> {
    this.assertHeld();
    return this.#holding.claim.settle(this.name, 'done').then(
      () => this.#end('released'),
      (error: unknown) => {
        if (QuorateError.is(error, 'GRANT_LOST')) this.#end(error);
        // It is still to be given back, if the session lives.
        this.#settled = undefined;
        throw error;
      },
    );
  }

  /** Whoever acknowledges what was given back. */
  readonly #refuse = (): void => {
    throw this.#reason('released');
  };

  #reason(over: QuorateError | 'released'): QuorateError {
    if (over !== 'released') return over;
    const message = `the item ${this.name} was given back or acknowledged`;
    return QuorateError.make('RELEASED', message, { path: this.path });
  }

  #end(over: QuorateError | 'released'): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    this.#controller?.abort(this.#reason(over));
    this.#holding.ended(this);
  }
}
