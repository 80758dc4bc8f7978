/** From the probes of an instance to its status. */
import type { InstanceStatus } from './instance.ts';

/** What one probe has found. */
export interface Finding {
  readonly passed: boolean;
  readonly load?: number | undefined;
  readonly detail?: string | undefined;
}

/** How many in a row it takes to change a state. */
export interface VerdictRules {
  readonly fall: number;
  readonly rise: number;
}

const DETAIL_MAX = 500;

/** What the scanner remembers from probe to probe. */
export class Verdicts {
  readonly #rules: VerdictRules;
  /** How often each has passed in a row; below 0: how often it has not. */
  readonly #series = new Map<string, number>();

  constructor(rules: VerdictRules) {
    this.#rules = rules;
  }

  /** @returns what is to be written; undefined: all is as it was, or it is too early to say */
  judge(
    key: string,
    before: InstanceStatus | undefined,
    finding: Finding,
    now: number,
  ): InstanceStatus | undefined {
    const series = this.#series.get(key) ?? 0;
    const next = finding.passed ? Math.max(0, series) + 1 : Math.min(0, series) - 1;
    this.#series.set(key, next);
    const state = this.#stateOf(before?.state, next);
    if (state === undefined) return undefined;
    const isTold = finding.passed === (state === 'up');
    // One that does not pass for once, or passes for once, is told as it was.
    if (!isTold) return undefined;
    const { load } = finding;
    const detail = finding.detail?.slice(0, DETAIL_MAX).toWellFormed();
    const status = {
      state,
      ...(load === undefined ? {} : { load }),
      ...(detail === undefined ? {} : { detail }),
      since: before?.state === state ? before.since : now,
    };
    return isSame(before, status) ? undefined : status;
  }

  /** Forgets all but these. */
  forget(present: ReadonlySet<string>): void {
    for (const key of this.#series.keys()) if (!present.has(key)) this.#series.delete(key);
  }

  #stateOf(before: 'up' | 'down' | undefined, series: number): 'up' | 'down' | undefined {
    const { fall, rise } = this.#rules;
    if (series <= -fall) return 'down';
    if (series >= rise || (before === undefined && series > 0)) return 'up';
    return before;
  }
}

function isSame(before: InstanceStatus | undefined, after: InstanceStatus): boolean {
  return (
    before !== undefined &&
    before.state === after.state &&
    before.load === after.load &&
    before.detail === after.detail
  );
}
