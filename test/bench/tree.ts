/** The replicated state machine alone, in memory: its speed, its size, its checkpoints. */
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import { PERMISSION } from '../../lib/tree/acl.ts';
import { Prep } from '../../lib/tree/prep.ts';
import { type Reader, TRUSTED } from '../../lib/tree/reader.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import type { Txn, TxnBody } from '../../lib/tree/txn.ts';
import { decodeCheckpointPart, encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { collect, cpuSeconds, type Figure, report } from './measure.ts';

const owner = { peer: 1, store: '1'.repeat(32), boot: 1 };
const acl = [{ scheme: 'world', id: 'anyone', permissions: PERMISSION.all }];
const PARENTS = 1000;
const DATA_BYTES = 100;
const START = 1_700_000_000_000;

function pathOf(index: number): string {
  // Written as bytes and read again, as a decoder does it: not a rope of pieces.
  return Buffer.from(
    `/nodes/${index % PARENTS}/node-${String(index).padStart(8, '0')}`,
    'latin1',
  ).toString('latin1');
}

/** A tree of so many nodes of 100 bytes below a thousand parents. */
class Subject {
  readonly state: StateMachine;
  readonly session: Zxid;
  counter = 0;

  constructor(nodes: number) {
    this.state = new StateMachine();
    this.session = this.next();
    this.apply(this.session, {
      type: 'create-session',
      kind: 'peer',
      timeout: 6000,
      password: new Uint8Array(0),
      address: '',
      closes: [],
    });
    this.create('/nodes');
    for (let index = 0; index < PARENTS; index += 1) this.create(`/nodes/${index}`);
    for (let index = 0; index < nodes; index += 1) this.create(pathOf(index));
  }

  next(): Zxid {
    this.counter += 1;
    return makeZxid(1, this.counter);
  }

  txn(body: TxnBody): Txn {
    return { session: 0n, cxid: 0, resolved: 0, owner, time: START + this.counter, body };
  }

  apply(zxid: Zxid, body: TxnBody): void {
    this.state.apply(zxid, this.txn(body));
  }

  create(path: string): void {
    const data = new Uint8Array(DATA_BYTES).fill(this.counter);
    const node = {
      type: 'create',
      path,
      data,
      acl,
      kind: 'persistent',
      ttl: 0,
      owner: 0n,
    } as const;
    this.apply(this.next(), { type: 'change', changes: [node], spans: [1], multi: false });
  }

  set(path: string, data: Uint8Array, version: number): void {
    this.apply(this.next(), {
      type: 'change',
      changes: [{ type: 'set', path, data, version }],
      spans: [1],
      multi: false,
    });
  }
}

/** Operations per second of processor time, of several runs. */
function perSecond(name: string, runs: number, count: number, work: () => void): Figure {
  const rounds: number[] = [];
  for (let run = -3; run < runs; run += 1) {
    const start = cpuSeconds();
    work();
    if (run >= 0) rounds.push(count / (cpuSeconds() - start));
  }
  return { name, unit: '/s', rounds };
}

/** Reads and writes on a tree of so many nodes. */
export function measureSpeed(nodes = 100_000): Figure[] {
  const subject = new Subject(nodes);
  const { state } = subject;
  const some = 20_000;
  const paths = Array.from({ length: some }, (_, index) => pathOf((index * 7919) % nodes));
  const few = paths.slice(0, 1000);
  const nobody: Reader = { identities: [{ scheme: 'ip', id: '10.0.0.1' }] };
  const data = new Uint8Array(DATA_BYTES).fill(1);
  const size = nodes.toLocaleString('en-US');
  return [
    perSecond(`get with Stat and data, of ${size} (>= 2 million)`, 30, some, () => {
      for (const path of paths) state.get(path, nobody);
    }),
    // What lies in the processor's caches, and what has to come from memory, are two questions.
    perSecond('  of 1,000 of them again and again', 30, some, () => {
      for (let again = 0; again < some / 1000; again += 1) {
        for (const path of few) state.get(path, nobody);
      }
    }),
    perSecond(`exists, of ${size}`, 30, some, () => {
      for (const path of paths) state.exists(path, TRUSTED);
    }),
    perSecond('apply a set of 100 bytes', 10, some, () => {
      for (const path of paths) subject.set(path, data, 1);
    }),
    perSecond('prepare and apply it, batches of 64', 10, some, measurePrep(subject, paths, data)),
  ];
}

function measurePrep(subject: Subject, paths: readonly string[], data: Uint8Array): () => void {
  const { state, session } = subject;
  const prep = new Prep(state, { owner });
  let cxid = 0;
  return () => {
    for (let from = 0; from < paths.length; from += 64) {
      const proposed: [Zxid, Txn][] = [];
      for (const path of paths.slice(from, from + 64)) {
        cxid += 1;
        const zxid = subject.next();
        const operation = { type: 'set', path, data, version: -1 } as const;
        const verdict = prep.prepare(
          { session, cxid, resolved: Math.max(0, cxid - 100), owner, operation },
          zxid,
          START,
        );
        if (verdict.type !== 'txn') throw new Error(`refused: ${verdict.type}`);
        proposed.push([zxid, verdict.txn]);
      }
      for (const [zxid, txn] of proposed) {
        state.apply(zxid, txn);
        prep.applied(zxid);
      }
    }
  };
}

/** Resident memory of a node with 100 bytes of data. */
export function measureMemory(nodes = 1_000_000): Figure[] {
  collect();
  const before = process.memoryUsage.rss();
  const subject = new Subject(nodes);
  collect();
  const each = Math.round((process.memoryUsage.rss() - before) / subject.state.nodeCount);
  return [
    { name: `node with ${DATA_BYTES} bytes, of a million (<= 480)`, unit: 'B', rounds: [each] },
  ];
}

interface Span {
  readonly startTime: number;
  readonly duration: number;
}

/** How much of each span the collector did not take. */
function withoutCollector(spans: readonly Span[], pauses: readonly Span[]): number[] {
  return spans.map(({ startTime, duration }) => {
    const end = startTime + duration;
    const inside = pauses.filter((pause) => pause.startTime < end && pause.startTime >= startTime);
    return duration - inside.reduce((sum, pause) => sum + pause.duration, 0);
  });
}

/** Takes a checkpoint while the tree is written to: how long each slice took. */
async function measureSlices(subject: Subject, nodes: number, slice: number): Promise<Figure[]> {
  const pauses: Span[] = [];
  const observer = new PerformanceObserver((list) => pauses.push(...list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const data = new Uint8Array(DATA_BYTES).fill(2);
  const checkpoint = subject.state.checkpoint();
  const slices: Span[] = [];
  for (let touched = 0; ; touched += 1) {
    const startTime = performance.now();
    const part = checkpoint.next(slice);
    slices.push({ startTime, duration: performance.now() - startTime });
    if (part === undefined) break;
    for (let write = 0; write < 20; write += 1)
      subject.set(pathOf((touched * 104_729 + write * 31) % nodes), data, 1);
  }
  await setTimeout(10);
  pauses.push(...observer.takeRecords());
  observer.disconnect();
  const own = withoutCollector(slices, pauses).sort((a, b) => a - b);
  const longest = Math.max(...slices.map(({ duration }) => duration));
  const most = own[Math.floor((own.length - 1) * 0.999)] ?? 0;
  return [
    { name: `slice of ${slice} nodes, 99.9 % (<= 5)`, unit: 'ms', rounds: [most] },
    { name: '  longest, collector included', unit: 'ms', rounds: [longest] },
  ];
}

/** A checkpoint under writes, and its restore. */
async function measureCheckpoint(nodes = 1_000_000, slice = 500): Promise<Figure[]> {
  const subject = new Subject(nodes);
  collect();
  const slices = await measureSlices(subject, nodes, slice);
  // As they come from a disk: bytes, each chunk given up when it was read.
  const chunks: (Uint8Array | undefined)[] = [];
  const saving = subject.state.checkpoint();
  for (let part = saving.next(slice); part !== undefined; part = saving.next(slice))
    chunks.push(encodeCheckpointPart(part, chunks.length));
  collect();
  const start = performance.now();
  const cpu = cpuSeconds();
  const restorer = new Restorer();
  for (const [sequence, chunk] of chunks.entries()) {
    if (chunk !== undefined) restorer.add(decodeCheckpointPart(chunk, sequence));
    chunks[sequence] = undefined;
  }
  restorer.finish();
  const restore = (cpuSeconds() - cpu) * 1000;
  return [
    ...slices,
    {
      name: 'decode and restore of a million nodes, processor (<= 2,000)',
      unit: 'ms',
      rounds: [restore],
    },
    { name: '  by the clock', unit: 'ms', rounds: [performance.now() - start] },
  ];
}

/** All of it. Memory first, while the process is small. */
export async function tree(): Promise<void> {
  for (const measure of [measureMemory, measureSpeed, measureCheckpoint]) {
    for (const figure of await measure()) report(figure);
  }
}
