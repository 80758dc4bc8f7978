/** A closed loop: so many operations under way at any time, each followed by the next. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Target } from './target.ts';

/** 'mixed': nine reads, one write; 'mixed-unordered': reads that do not wait for others' writes. 'lock': each worker its own. */
export type Operation = 'write' | 'read' | 'linearizable' | 'mixed' | 'mixed-unordered' | 'lock';

export interface Order {
  readonly operation: Operation;
  readonly inFlight: number;
  readonly seconds: number;
}

export interface Result {
  readonly operations: number;
  readonly failed: number;
  readonly seconds: number;
  /** Ms from call to answer; of every operation but local reads, which are too cheap to be timed one by one. */
  readonly p50: number;
  readonly p99: number;
}

/** Ms of the machine's one monotonic clock: comparable between processes. */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** After so many operations a worker lets the event loop turn: a local read does not by itself. */
const TURN = 256;

export class Load {
  readonly #target: Target;
  readonly #waiting: { readonly since: number; readonly resolve: (at: number) => void }[] = [];
  #stopped = true;

  constructor(target: Target) {
    this.#target = target;
  }

  async run({ operation, inFlight, seconds }: Order): Promise<Result> {
    const histogram = createHistogram();
    const begun = performance.now();
    const end = begun + seconds * 1000;
    const counts = await this.#workers(
      operation,
      inFlight,
      histogram,
      () => performance.now() < end,
    );
    const elapsed = (performance.now() - begun) / 1000;
    const operations = counts.reduce((sum, { done }) => sum + done, 0);
    const failed = counts.reduce((sum, { failures }) => sum + failures, 0);
    const [p50, p99] = [50, 99].map((percent) => histogram.percentile(percent) / 1e6);
    return { operations, failed, seconds: elapsed, p50: p50 ?? 0, p99: p99 ?? 0 };
  }

  /** Writes until `stop()`; resolves with what failed meanwhile. */
  async keepWriting(inFlight: number): Promise<{ done: number; failed: number }> {
    this.#stopped = false;
    const counts = await this.#workers('write', inFlight, undefined, () => !this.#stopped);
    return {
      done: counts.reduce((sum, { done }) => sum + done, 0),
      failed: counts.reduce((sum, { failures }) => sum + failures, 0),
    };
  }

  stop(): void {
    this.#stopped = true;
  }

  /** When the first write that was begun after `since` was acknowledged, by {@link machineNow}. */
  firstAcknowledged(since: number): Promise<number> {
    return new Promise((resolve) => this.#waiting.push({ since, resolve }));
  }

  #workers(
    operation: Operation,
    inFlight: number,
    histogram: RecordableHistogram | undefined,
    goOn: () => boolean,
  ): Promise<{ done: number; failures: number }[]> {
    const workers = Array.from({ length: inFlight }, (_, at) => {
      if (operation === 'read') return this.#read(at, goOn);
      return this.#work(operation, at, histogram, goOn);
    });
    return Promise.all(workers);
  }

  /** Local reads: neither timed nor counted one by one, because that would cost more than they do. */
  async #read(first: number, goOn: () => boolean): Promise<{ done: number; failures: number }> {
    let key = first;
    while (goOn()) {
      for (let at = 0; at < TURN; at += 1) {
        await this.#target.read(key);
        key += 1;
      }
      await turn();
    }
    return { done: key - first, failures: 0 };
  }

  async #work(
    operation: Operation,
    first: number,
    histogram: RecordableHistogram | undefined,
    goOn: () => boolean,
  ): Promise<{ done: number; failures: number }> {
    let done = 0;
    let failures = 0;
    for (let key = first; goOn(); key += 1) {
      const begun = machineNow();
      try {
        const isMixed = operation === 'mixed' || operation === 'mixed-unordered';
        const isWrite = operation === 'write' || (isMixed && key % 10 === 0);
        if (isWrite) await this.#target.write(key);
        else if (operation === 'lock') await this.#target.lock(first);
        else if (operation === 'linearizable') await this.#target.linearizable(key);
        else if (operation === 'mixed-unordered') await this.#target.unordered(key);
        else await this.#target.read(key);
        done += 1;
        histogram?.record(Math.max(1, Math.round((machineNow() - begun) * 1e6)));
        if (this.#waiting.length > 0 && isWrite) this.#acknowledged(begun);
      } catch {
        failures += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      if (key % TURN === 0) await turn();
    }
    return { done, failures };
  }

  #acknowledged(begun: number): void {
    const now = machineNow();
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1) {
      const waiting = this.#waiting[at];
      if (waiting === undefined || begun < waiting.since) continue;
      this.#waiting.splice(at, 1);
      waiting.resolve(now);
    }
  }
}
