/** What many schedules came to, for a reader. */
import { FAULT_TYPES } from '../../lib/testing/faults.ts';
import { CONTENDERS } from '../../lib/testing/grants/contention.ts';
import { Statistics } from '../../lib/testing/statistics.ts';
import type { Report } from './run.ts';

/** What a run of some hundred schedules must have reached. */
const REACHED: readonly string[] = [
  'phase election',
  'phase discovery',
  'phase synchronization',
  'phase broadcast',
  'role looking',
  'role following',
  'role leading',
  'role observing',
  'role quarantined',
  'established',
  'sync DIFF',
  'sync TRUNC',
  'sync SNAP',
  'round confirmed',
  'minority phases',
  'checkpoint complete',
  'installed',
  'told watch',
  'told settled',
  'expire',
  'reap',
  'rolled back',
  'frames torn',
  'node hidden',
  'node guarded',
  'slow-disk',
  'queues measured',
  'flipped bit in the log found',
  'flipped bit in the checkpoint found',
  'flipped bit in the meta found',
  'cloned',
  'old copies',
  'founded by word',
];

/** What contenders of every kind must have met in some hundred schedules with recipes. */
const MET: readonly string[] = ['granted', 'lost', 'TIMED_OUT', 'SESSION_EXPIRED', 'CLOSED'];
/** What all others do, and what cuts them short. */
const DEEDS: readonly (readonly [string, readonly string[]])[] = [
  ['putter', ['put']],
  ['worker', ['taken', 'lost']],
  ['arriver', ['passed']],
  ['onlooker', ['passed']],
  ['visitor', ['passed']],
  ['member', ['entered', 'left']],
  ['owner', ['owned']],
  ['adder', ['added']],
  ['namer', ['named']],
];
const CUT_SHORT: readonly string[] = ['TIMED_OUT', 'SESSION_EXPIRED', 'CLOSED'];
const WRITES: readonly string[] = [
  'writes taken by a resource',
  'writes refused by their fence',
  'writes guarded by a grant',
  'writes refused by the tree',
];

export class Summary {
  readonly #statistics = new Statistics();
  readonly failures: Report[] = [];
  readonly #sizes = new Map<number, number>();
  schedules = 0;
  simulated = 0;

  add(report: Report): void {
    this.schedules += 1;
    this.simulated += report.simulated;
    this.#statistics.merge(report.counts);
    this.#sizes.set(report.voters, (this.#sizes.get(report.voters) ?? 0) + 1);
    if (report.predicate !== undefined) this.failures.push(report);
  }

  count(what: string): number {
    return this.#statistics.counts.get(what) ?? 0;
  }

  /** Those who took part, and what each has met. */
  #recipes(): string[] {
    const contenders = CONTENDERS.map((name) => [name, MET] as const);
    const others = DEEDS.map(([name, deeds]) => [name, [...deeds, ...CUT_SHORT]] as const);
    const actors = [...contenders, ...others].flatMap(([name, deeds]) => {
      const counts = deeds.map((what) => [what, this.count(`${name}: ${what}`)] as const);
      if (counts.every(([, count]) => count === 0)) return [];
      return [`  ${name}: ${counts.map((count) => count.join(' ')).join(', ')}`];
    });
    if (this.count('grants') === 0) return actors;
    const writes = WRITES.map((what) => `${what} ${this.count(what)}`).join(', ');
    const waits = `${this.count('waited')} waited for, ${this.count('not at once')} not to be had at once`;
    return [`${this.count('grants')} grants, ${waits}`, `  ${writes}`, ...actors];
  }

  lines(realMs: number): string[] {
    const hours = this.simulated / 3_600_000;
    const speed = this.simulated / realMs;
    const sizes = [...this.#sizes].sort(([one], [two]) => one - two);
    const faults = FAULT_TYPES.map(([type]) => `${type} ${this.count(`fault ${type}`)}`);
    const lines = [
      `${this.schedules} schedules, ${hours.toFixed(1)} simulated hours in ${(realMs / 1000).toFixed(1)} s: ${speed.toFixed(0)} times real time`,
      `voters: ${sizes.map(([size, count]) => `${count} of ${size}`).join(', ')}`,
      `faults: ${faults.join(', ')}`,
      `reached: ${REACHED.map((what) => `${what} ${this.count(what)}`).join(', ')}`,
      `${this.count('entries committed')} entries committed, ${this.count('frames')} frames`,
    ];
    lines.push(...this.#recipes());
    const rest = [...this.#statistics.counts].filter(([what]) => {
      return !what.startsWith('fault ') && !REACHED.includes(what) && !what.startsWith('ms ');
    });
    lines.push(`also: ${rest.map(([what, count]) => `${what} ${count}`).join(', ')}`);
    return lines;
  }
}
