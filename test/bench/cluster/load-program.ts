/** A process that puts load on one system, and does what the benchmark asks for over IPC. */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { answer } from '../../../examples/support/asked-process.ts';
import { Load, machineNow, type Order, type Result } from './load.ts';
import { QuorateTarget } from './quorate-target.ts';
import type { Target, TargetOptions } from './target.ts';

const [system, text] = process.argv.slice(2);
if (system === undefined || text === undefined)
  throw new Error('usage: load-program <system> <options as JSON>');
const options: TargetOptions = JSON.parse(text);

async function open(): Promise<Target> {
  if (system === 'quorate') return QuorateTarget.open(options);
  // Beside the rivals' own dependencies, in the checkout, however this file was compiled.
  const adapter = join(process.cwd(), 'test/bench/rivals', `${system}.mjs`);
  const { open: openRival } = await import(pathToFileURL(adapter).href);
  return openRival(options);
}

const target = await open();
const load = new Load(target);
const delay = monitorEventLoopDelay({ resolution: 1 });
let events = 0;
let last = 0;
let watches = 0;
let written: Promise<{ done: number; failed: number }> | undefined;

/** What the process can be asked for. */
export interface LoadCalls {
  prepare(keys: number): Promise<void>;
  run(order: Order): Promise<Result>;
  /** Writes until `stop`. */
  startWriting(inFlight: number): Promise<void>;
  stop(): Promise<{ done: number; failed: number }>;
  firstAcknowledged(since: number): Promise<number>;
  /** Registers watches of the shared node. */
  watch(count: number, sessions: 'one' | 'each'): Promise<void>;
  /** Changes the shared node; when that was asked for, by the machine's clock. */
  touch(): Promise<number>;
  /** When the last of the events of a round was delivered. */
  lastEvent(rounds: number): Promise<number>;
  /** Ms at the 99th percentile since the last call. */
  loopDelay(): Promise<{ p50: number; p99: number; max: number }>;
  /** Of quorate alone: its queue. */
  putItems(count: number): Promise<void>;
  takeItems(count: number): Promise<void>;
  status(): Promise<{ leader: number | undefined; epoch: number; zxid: bigint } | undefined>;
  close(): Promise<void>;
}

function quorate(): QuorateTarget {
  if (target instanceof QuorateTarget) return target;
  throw new TypeError(`${system} has no queue`);
}

const calls: LoadCalls = {
  prepare: (keys) => target.prepare(keys),
  run: (order) => load.run(order),
  startWriting: async (inFlight) => {
    written = load.keepWriting(inFlight);
  },
  stop: async () => {
    load.stop();
    return (await written) ?? { done: 0, failed: 0 };
  },
  firstAcknowledged: (since) => load.firstAcknowledged(since),
  watch: async (count, sessions) => {
    watches += count;
    await target.watch(count, sessions, () => {
      events += 1;
      last = machineNow();
    });
  },
  touch: async () => {
    const begun = machineNow();
    await target.touch();
    return begun;
  },
  lastEvent: async (rounds) => {
    const deadline = machineNow() + 10_000;
    while (events < rounds * watches && machineNow() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (events < rounds * watches) throw new Error(`${events} events of ${rounds * watches}`);
    await target.armed();
    return last;
  },
  loopDelay: async () => {
    const [p50 = 0, p99 = 0] = [50, 99].map((percent) => delay.percentile(percent) / 1e6);
    const max = delay.max / 1e6;
    delay.reset();
    delay.enable();
    return { p50, p99, max };
  },
  putItems: (count) => quorate().putItems(count),
  takeItems: (count) => quorate().takeItems(count),
  status: async () => {
    if (!(target instanceof QuorateTarget)) return undefined;
    const { leader, epoch, zxid } = target.peer.status;
    return { leader, epoch, zxid };
  },
  close: async () => {
    await target.close();
    setTimeout(() => process.exit(0), 100);
  },
};

answer(calls, () => process.exit(0));
