/**
 * S50: what the scanner of a registry has written of its instances. It hears of probes from those who scan, and of
 * candidates, instances and statuses from G.
 */
import { formatZxid } from '../../base/zxid.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { askerOf, lifeOf, type Owner, type Step, stepsOf } from './steps.ts';

/** Probes of one instance by one life of a process. */
interface Series {
  /** The last ones in a row that have passed; below 0: that have not. */
  now: number;
  /** The longest rows. */
  passed: number;
  failed: number;
}

/** One who stands to be the scanner. */
interface Candidate {
  readonly sequence: number;
  /** The life of its process. */
  readonly asker: string;
}

export class ScanBook {
  readonly #root: string;
  readonly #scanners: string;
  readonly #services: string;
  readonly #statuses: string;
  readonly #fall: number;
  /** Those in G, by path. */
  readonly #candidates = new Map<string, Candidate>();
  readonly #instances = new Set<string>();
  /** By id: what is told of it in G. */
  readonly #states = new Map<string, string>();
  /** By life and id. */
  readonly #series = new Map<string, Series>();

  /** @param fall probes in a row that must fail before an instance is down */
  constructor(path: string, service: string, fall: number) {
    this.#root = `${path}/`;
    this.#scanners = `${path}/scanner/`;
    this.#services = `${path}/services/${service}/`;
    this.#statuses = `${path}/status/${service}/`;
    this.#fall = fall;
  }

  get predicate(): Predicate {
    return {
      name: 'S50',
      title: 'one scanner at a time writes what it has found',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  /** Nodes of those who stand, and of instances. */
  get standing(): string[] {
    return [...this.scanners, ...this.#instances];
  }

  /** Nodes of those who stand, the scanner's first. */
  get scanners(): string[] {
    const all = [...this.#candidates].sort(([, a], [, b]) => a.sequence - b.sequence);
    return all.map(([path]) => path);
  }

  /** A probe has ended. */
  probed(process: Owner, id: string, passed: boolean): void {
    const key = `${lifeOf(process)} ${id}`;
    const series = this.#series.get(key) ?? { now: 0, passed: 0, failed: 0 };
    series.now = passed ? Math.max(0, series.now) + 1 : Math.min(0, series.now) - 1;
    series.passed = Math.max(series.passed, series.now);
    series.failed = Math.max(series.failed, -series.now);
    this.#series.set(key, series);
  }

  /** From now on: names the instances of which something else is told than what is so, or although they are gone. */
  owed(stateOf: (id: string) => string): () => readonly string[] {
    const ids = [...this.#instances].map((path) => path.slice(this.#services.length));
    let before = [...new Set([...ids, ...this.#states.keys()])];
    const wrong = (id: string): string[] => {
      const told = this.#states.get(id);
      const truth = this.#instances.has(`${this.#services}${id}`) ? stateOf(id) : undefined;
      return told === truth ? [] : [`${id} is ${truth}, and said to be ${told}`];
    };
    return () => {
      before = before.filter((id) => wrong(id).length > 0);
      return before.flatMap(wrong);
    };
  }

  #decided(decided: Decided): void {
    for (const step of stepsOf(decided, this.#root)) {
      const { type, path } = step;
      if (path.startsWith(this.#statuses)) this.#told(step, decided);
      else if (path.startsWith(this.#scanners)) {
        const candidate = { sequence: Number(path.slice(-10)), asker: askerOf(decided) };
        if (type === 'create') this.#candidates.set(path, candidate);
        if (type === 'delete') this.#candidates.delete(path);
      } else if (path.startsWith(this.#services)) {
        if (type === 'create') this.#instances.add(path);
        if (type === 'delete') this.#instances.delete(path);
      }
    }
  }

  #told(step: Step, decided: Decided): void {
    if (step.type === 'check') return;
    const asker = askerOf(decided);
    const id = step.path.slice(this.#statuses.length);
    const what = `${formatZxid(decided.entry.zxid)} of ${asker}: ${step.type} ${id}`;
    const first = this.#candidates.get(this.scanners[0] ?? '');
    demand(first?.asker === asker, 'S50', () => `${what}, and the scanner is ${first?.asker}`);
    if (!('data' in step)) {
      this.#states.delete(id);
      return;
    }
    const { state } = JSON.parse(step.data);
    const before = this.#states.get(id);
    this.#states.set(id, state);
    if (state === before) return;
    const { passed = 0, failed = 0 } = this.#series.get(`${asker} ${id}`) ?? {};
    demand(state === 'up' ? passed > 0 : failed >= this.#fall, 'S50', () => {
      return `${what}, ${state}, after ${passed} that have passed and ${failed} that have not`;
    });
  }
}
