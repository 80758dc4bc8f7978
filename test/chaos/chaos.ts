/** A whole run: a group, a load, faults, peace, and judgement. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildShim, shimIsMissing } from '../storage/shim/disk-shim.ts';
import { FaultDriver } from './fault-driver.ts';
import { eventually, Group, pause, within } from './group.ts';
import type { Dump, Feed, History, Operation } from './history.ts';
import { judge } from './linearizable.ts';
import { loadHistory } from './load-history.ts';
import { FAULT_KINDS, planFaults } from './plan.ts';
import { type Testimony, witness } from './witness.ts';
import { ROOT } from './workload.ts';

/** What a run is told. */
export interface ChaosOptions {
  readonly seed: number;
  readonly peers: number;
  /** Ms of faults. */
  readonly duration: number;
  /** Ms between two operations of a worker, on the average. */
  readonly idle: number;
  readonly print: (line: string) => void;
  /** Ends the run at once; what was heard until then is judged. */
  readonly signal?: AbortSignal;
}

/** What has come of it. */
export interface ChaosResult {
  readonly violations: readonly string[];
  readonly operations: number;
  readonly acknowledged: number;
}

const SHOWN = 40;

/** Runs it. The directory with the histories stays if anything was found. */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, peers, duration, print } = options;
  const directory = await mkdtemp(join(tmpdir(), 'quorate-chaos-'));
  print(`seed ${seed}, ${peers} peers, ${duration / 1_000} s of faults`);
  const run = new Run(options, directory);
  try {
    await Promise.race([run.strike(), aborted(options.signal)]);
  } catch (error) {
    run.violations.push(`the run was broken off: ${String(error)}`);
  } finally {
    await run.close();
  }
  const result = await run.judge();
  if (result.violations.length === 0) {
    await rm(directory, { recursive: true, force: true, maxRetries: 20 });
    print('no violation');
    return result;
  }
  print(`${result.violations.length} violations, seed ${seed}; histories are in ${directory}`);
  for (const violation of result.violations.slice(0, SHOWN)) print(`  ${violation}`);
  return result;
}

/** Rejects when it is time to go. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('it was told to end')), {
      once: true,
    });
  });
}

class Run {
  readonly violations: string[] = [];
  readonly #options: ChaosOptions;
  readonly #directory: string;
  readonly #begun: number = performance.now();
  #group: Group | undefined;
  #driver: FaultDriver | undefined;
  #dumps: readonly Dump[] = [];

  constructor(options: ChaosOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
  }

  async strike(): Promise<void> {
    const { seed, peers, duration, idle } = this.#options;
    const missing = await shimIsMissing();
    const shim = join(this.#directory, 'disk-shim.so');
    if (missing === false) await buildShim(shim);
    else this.#tell(`disk faults are skipped: ${missing}`);
    const failed = (text: string): void => {
      this.violations.push(text);
      this.#tell(`VIOLATION ${text}`);
    };
    const library = missing === false ? shim : undefined;
    const group = await Group.open({
      ...{ peers, directory: this.#directory, shim: library, idle, failed },
    });
    this.#group = group;
    await Promise.all(group.ids.map((id) => group.start(id)));
    await this.#allServe(group);
    this.#tell('all serve');
    const driver = new FaultDriver({
      ...{ group, canBreakDisks: missing === false, failed },
      tell: (text) => this.#tell(text),
    });
    this.#driver = driver;
    const end = performance.now() + duration;
    await driver.run(planFaults(seed, peers, duration), () => performance.now() > end);
    await this.#peace(group);
  }

  /** Everything is healed; what is asked is answered; then every peer tells its whole tree. */
  async #peace(group: Group): Promise<void> {
    for (const link of group.links) link.heal();
    for (const id of group.ids) group.resume(id);
    await this.#allServe(group);
    this.#tell('healed: all serve');
    await pause(1_000);
    await within(
      'the end of the load',
      Promise.all(group.ids.map((id) => group.ask(id, 'loadEnd'))),
    );
    await eventually('equal trees on all peers', async () => {
      try {
        for (const id of group.ids) await group.ask(id, 'sync');
        this.#dumps = await Promise.all(group.ids.map((id) => group.ask(id, 'dump')));
      } catch {
        return false;
      }
      return new Set(this.#dumps.map(({ zxid }) => zxid)).size === 1;
    });
    this.violations.push(...strangers(this.#dumps));
    // The last that the watches tell is told by then.
    await pause(500);
    for (const id of group.ids) await group.terminate(id);
  }

  async #allServe(group: Group): Promise<void> {
    for (const id of group.ids) {
      if (!group.isRunning(id)) await group.start(id);
      await eventually(`peer ${id} serves`, async () => (await group.status(id))?.serving === true);
    }
  }

  async close(): Promise<void> {
    await this.#group?.close();
  }

  async judge(): Promise<ChaosResult> {
    const group = this.#group;
    if (group === undefined) return { violations: this.violations, operations: 0, acknowledged: 0 };
    const history = await loadHistory(group.historyDirectory);
    const { operations } = history;
    this.violations.push(...history.complaints);
    const testimony = witness({
      ...history,
      feeds: [...history.feeds, ...this.#dumps.map(feedOf)],
    });
    this.violations.push(...testimony.violations);
    const registers = this.#judgeRegisters(history);
    const acknowledged = operations.filter(({ outcome }) => outcome === 'applied').length;
    if (acknowledged === 0) this.violations.push('nothing was acknowledged: nothing was tried');
    this.#count(history, testimony, registers);
    return { violations: this.violations, operations: operations.length, acknowledged };
  }

  #judgeRegisters({ operations }: History): string {
    const ofRegisters = operations.filter(({ request }) => {
      return 'path' in request && request.path.startsWith(`${ROOT}/reg/`);
    });
    const registers = grouped(ofRegisters, ({ request }) =>
      'path' in request ? request.path : '',
    );
    const counts = { linearizable: 0, impossible: 0, undecided: 0 };
    for (const [path, list] of registers) {
      const judgement = judge(list);
      counts[judgement] += 1;
      if (judgement === 'impossible') this.violations.push(`${path} was not linearizable`);
    }
    const longest = Math.max(0, ...registers.map(([, { length }]) => length));
    return `${counts.linearizable} linearizable, ${counts.undecided} undecided, ${counts.impossible} not; longest history ${longest}`;
  }

  #count({ operations, feeds }: History, testimony: Testimony, registers: string): void {
    const { print } = this.#options;
    const counts = this.#driver?.counts ?? new Map();
    print(`faults: ${FAULT_KINDS.map((kind) => `${kind} ${counts.get(kind) ?? 0}`).join(', ')}`);
    const kinds = grouped(operations, ({ request }) => request.kind);
    for (const [kind, list] of kinds) {
      const codes = grouped(list, endOf);
      const parts = codes.map(([code, { length }]) => `${code} ${length}`);
      print(`${kind}: ${list.length}: ${parts.join(', ')}`);
    }
    print(
      `witness: ${testimony.transactions} transactions from ${feeds.length} watches; ${testimony.dark} answers could not be judged`,
    );
    print(`registers: ${registers}`);
  }

  #tell(text: string): void {
    const time = ((performance.now() - this.#begun) / 1_000).toFixed(1).padStart(7);
    this.#options.print(`${time} s  ${text}`);
  }
}

function endOf({ reply, outcome }: Operation): string {
  if (reply === undefined) return 'never answered';
  return reply.type === 'failed' ? `${reply.code} (${outcome})` : 'done';
}

/** Who stands at the same transaction has the same tree. */
function strangers(dumps: readonly Dump[]): string[] {
  const texts = dumps.map(({ nodes }) =>
    JSON.stringify(nodes, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
  return dumps.flatMap(({ peer, zxid }, at) =>
    texts[at] === texts[0] ? [] : [`peer ${peer} has another tree at ${zxid} than the first`],
  );
}

/** A tree that was read path by path, as a watch would have told it. */
function feedOf({ peer, zxid, nodes }: Dump): Feed {
  const changes = nodes.map((node) => ({ type: 'created', node }) as const);
  return { peer, snapshot: { zxid, changes }, transactions: [] };
}

/** By a key, in the order of the keys. */
function grouped(
  operations: readonly Operation[],
  key: (operation: Operation) => string,
): [string, Operation[]][] {
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) {
    const group = groups.get(key(operation));
    if (group === undefined) groups.set(key(operation), [operation]);
    else group.push(operation);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
