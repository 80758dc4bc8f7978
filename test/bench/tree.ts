/** The replicated state machine alone, in memory: its speed, its size, its checkpoints. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import { PERMISSION } from '../../lib/tree/acl.ts';
import type { CheckpointPart } from '../../lib/tree/checkpoint-record.ts';
import { Prep } from '../../lib/tree/prep.ts';
import { type Reader, TRUSTED } from '../../lib/tree/reader.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import type { Txn, TxnBody } from '../../lib/tree/txn.ts';
import { type Figure, report } from './measure.ts';

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

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  for (let round = 0; round < 4; round += 1) gc();
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

/** Operations per second of several runs; the greatest is what the machine can do undisturbed. */
function perSecond(name: string, runs: number, count: number, work: () => void): Figure {
  const rounds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    work();
    rounds.push((count / (performance.now() - start)) * 1000);
  }
  return { name, unit: '/s', rounds };
}

/** Reads and writes on a tree of so many nodes. */
export function measureSpeed(nodes = 100_000): Figure[] {
  const subject = new Subject(nodes);
  const { state } = subject;
  const some = 20_000;
  const paths = Array.from({ length: some }, (_, index) => pathOf((index * 7919) % nodes));
  const nobody: Reader = { identities: [{ scheme: 'ip', id: '10.0.0.1' }] };
  const data = new Uint8Array(DATA_BYTES).fill(1);
  const size = nodes.toLocaleString('en-US');
  return [
    perSecond(`get with Stat and data, of ${size} (>= 2 million)`, 30, some, () => {
      for (const path of paths) state.get(path, nobody);
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

/** A checkpoint under writes, and its restore. */
export function measureCheckpoint(nodes = 1_000_000, slice = 500): Figure[] {
  const subject = new Subject(nodes);
  const data = new Uint8Array(DATA_BYTES).fill(2);
  collect();
  const checkpoint = subject.state.checkpoint();
  const pauses: number[] = [];
  for (let touched = 0; ; touched += 1) {
    const start = performance.now();
    const part = checkpoint.next(slice);
    pauses.push(performance.now() - start);
    if (part === undefined) break;
    for (let write = 0; write < 20; write += 1)
      subject.set(pathOf((touched * 104_729 + write * 31) % nodes), data, 1);
  }
  pauses.sort((a, b) => a - b);
  // Each part is given up when it is read, as one decoded from a disk is.
  const parts: (CheckpointPart | undefined)[] = [];
  const saving = subject.state.checkpoint();
  for (let part = saving.next(slice); part !== undefined; part = saving.next(slice))
    parts.push(part);
  collect();
  const start = performance.now();
  const restorer = new Restorer();
  for (const [index, part] of parts.entries()) {
    if (part !== undefined) restorer.add(part);
    parts[index] = undefined;
  }
  restorer.finish();
  const restore = performance.now() - start;
  const at = (share: number): number => pauses[Math.floor((pauses.length - 1) * share)] ?? 0;
  return [
    { name: `slice of ${slice} nodes, 99.9 % (<= 5)`, unit: 'ms', rounds: [at(0.999)] },
    { name: 'longest slice, collector included', unit: 'ms', rounds: [at(1)] },
    { name: 'restore of a million nodes (<= 2,000)', unit: 'ms', rounds: [restore] },
  ];
}

/** All of it. Memory first, while the process is small. */
export function tree(): void {
  for (const measure of [measureMemory, measureSpeed, measureCheckpoint]) {
    for (const figure of measure()) report(figure);
  }
}
