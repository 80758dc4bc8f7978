/** The partitions that are assigned to one member, and its work on them. */
import { QuorateError } from '../base/errors.ts';
import type { Contention } from './contention.ts';
import type { Grant } from './grant.ts';
import type { HeldClaim } from './held-claim.ts';
import { serve } from './serve.ts';

/** A partition that this member owns, for as long as its signal has not aborted. */
export interface Partition extends Grant {
  /** Which one it is. */
  readonly name: string;
}

/** What is done with an owned partition. */
export type PartitionWork = (partition: Partition) => unknown;

/** One partition, from its assignment until its work has settled and it is given on. */
interface Tenure {
  readonly revoked: AbortController;
  readonly settled: Promise<void>;
}

export class OwnedPartitions {
  readonly #lockOf: (name: string) => Contention<string>;
  readonly #work: PartitionWork;
  readonly #fail: (error: unknown) => void;
  readonly #tenures = new Map<string, Tenure>();
  /** What the plan gives to this member. */
  #assigned: ReadonlySet<string> = new Set();

  /**
   * @param lockOf whoever holds it owns the partition
   * @param fail told of what the work throws in a partition that it still has
   */
  constructor(
    lockOf: (name: string) => Contention<string>,
    work: PartitionWork,
    fail: (error: unknown) => void,
  ) {
    this.#lockOf = lockOf;
    this.#work = work;
    this.#fail = fail;
  }

  /** Begins what is new, and ends what is no longer assigned: those first. */
  assign(names: ReadonlySet<string>): void {
    this.#assigned = names;
    for (const [name, { revoked }] of this.#tenures) if (!names.has(name)) revoked.abort();
    for (const name of names) if (!this.#tenures.has(name)) this.#begin(name);
  }

  /** Ends all. Resolves when all work has settled. */
  async end(): Promise<void> {
    const tenures = [...this.#tenures.values()];
    this.assign(new Set());
    await Promise.all(tenures.map(({ settled }) => settled));
  }

  #begin(name: string): void {
    const revoked = new AbortController();
    const settled = this.#hold(name, revoked.signal).catch(this.#fail);
    const tenure = { revoked, settled };
    this.#tenures.set(name, tenure);
    // It may have been assigned again while its work was settling.
    const next = () => {
      if (!revoked.signal.aborted) return;
      this.#tenures.delete(name);
      if (this.#assigned.has(name)) this.#begin(name);
    };
    void settled.then(() => {
      // Work that has returned is not begun again, until the partition has been somewhere else.
      if (revoked.signal.aborted) next();
      else revoked.signal.addEventListener('abort', next, { once: true });
    });
  }

  /** Until it is revoked, or the work has returned. Lost, it is taken again. */
  async #hold(name: string, revoked: AbortSignal): Promise<void> {
    const lock = this.#lockOf(name);
    for (;;) {
      let held: HeldClaim;
      try {
        held = await lock.claim({ signal: revoked });
      } catch (error) {
        if (revoked.aborted || QuorateError.is(error, 'CLOSED')) return;
        throw error;
      }
      const partition = Object.assign(held, { name });
      if (await serve(held, () => this.#work(partition), revoked)) return;
    }
  }
}
