/** A whole run: a group, a load, faults, peace, and judgement. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildShim } from '../storage/shim/disk-shim.ts';
import { FaultDriver } from './fault-driver.ts';
import { eventually, Group, pause, within } from './group.ts';
import type { Dump } from './history.ts';
import { missingFaults } from './missing-faults.ts';
import type { Mission, Verdict } from './mission.ts';
import { FAULT_KINDS, type FaultKind, planFaults } from './plan.ts';
import { compareStores } from './store-dump.ts';

/** What a run is told. */
export interface ChaosOptions {
  readonly mission: Mission;
  readonly seed: number;
  /** Voters. */
  readonly peers: number;
  readonly observers: number;
  /** Ms of faults. */
  readonly duration: number;
  /** Ms between two operations of a worker, on the average. */
  readonly idle: number;
  readonly print: (line: string) => void;
  /** Ends the run at once; what was heard until then is judged. */
  readonly signal?: AbortSignal;
}

const SHOWN = 40;

/** Runs it. The directory with the histories stays if anything was found. */
export async function chaos(options: ChaosOptions): Promise<Verdict> {
  const { seed, peers, observers, duration, print, mission } = options;
  const directory = await mkdtemp(join(tmpdir(), 'quorate-chaos-'));
  print(`seed ${seed}, ${peers} voters, ${observers} observers, ${duration / 1_000} s of faults`);
  const run = new Run(options, directory);
  try {
    await Promise.race([run.strike(), aborted(options.signal)]);
  } catch (error) {
    run.violations.push(`the run was broken off: ${String(error)}`);
  } finally {
    await run.close();
    await mission.close();
  }
  const verdict = await run.judge();
  for (const line of verdict.lines) print(line);
  if (verdict.violations.length === 0) {
    await rm(directory, { recursive: true, force: true, maxRetries: 20 });
    print('no violation');
    return verdict;
  }
  print(`${verdict.violations.length} violations, seed ${seed}; histories are in ${directory}`);
  for (const violation of verdict.violations.slice(0, SHOWN)) print(`  ${violation}`);
  return verdict;
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
  readonly #lines: string[] = [];
  #group: Group | undefined;
  #driver: FaultDriver | undefined;
  #dumps: readonly Dump[] = [];
  #missing: ReadonlyMap<FaultKind, string> = new Map();

  constructor(options: ChaosOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
  }

  async strike(): Promise<void> {
    const { mission, seed, peers, observers, duration, idle } = this.#options;
    const missing = await missingFaults();
    this.#missing = missing;
    for (const [kind, reason] of missing) this.#tell(`skipped: ${kind}, as ${reason}`);
    const shim = missing.has('disk') ? undefined : join(this.#directory, 'disk-shim.so');
    if (shim !== undefined) await buildShim(shim);
    const failed = (text: string): void => {
      this.violations.push(text);
      this.#tell(`VIOLATION ${text}`);
    };
    const { program, sessionTimeout, resource } = mission;
    const group = await Group.open({
      ...{ program, sessionTimeout, resource, peers, observers, idle, failed },
      ...{ directory: this.#directory, shim },
    });
    this.#group = group;
    await Promise.all(group.ids.map((id) => group.start(id)));
    await this.#allServe(group);
    this.#tell('all serve');
    const driver = new FaultDriver({
      ...{ group, missing, failed },
      aim: () => mission.aim(),
      tell: (text) => this.#tell(text),
    });
    this.#driver = driver;
    const end = performance.now() + duration;
    const faults = planFaults(seed, peers + observers, duration, mission.style);
    await driver.run(faults, () => performance.now() > end);
    await this.#peace(group);
  }

  /** Everything is healed; what is asked is answered; then every peer tells its whole tree, and every disk what it holds. */
  async #peace(group: Group): Promise<void> {
    for (const link of group.links) link.heal();
    for (const id of group.ids) group.resume(id);
    await this.#allServe(group);
    this.#tell('healed: all serve');
    await pause(1_000);
    await this.#options.mission.settle(group);
    await within(
      'the end of the load',
      Promise.all(group.ids.map((id) => group.ask(id, 'loadEnd'))),
    );
    this.#dumps = await equalDumps(group);
    this.violations.push(...strangers(this.#dumps));
    // The last that the watches tell is told by then.
    await pause(500);
    for (const id of group.ids) await group.terminate(id);
    const [first] = this.#dumps;
    const stores = await compareStores(group.stores);
    this.violations.push(...stores.violations);
    this.#lines.push(
      `trees: ${this.#dumps.length} dumped, of ${first?.nodes.length} nodes at ${first?.zxid}`,
      stores.line,
    );
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

  async judge(): Promise<Verdict> {
    const group = this.#group;
    if (group === undefined) {
      return { violations: this.violations, operations: 0, acknowledged: 0, lines: [] };
    }
    const verdict = await this.#options.mission.judge(group.historyDirectory, this.#dumps);
    return {
      ...verdict,
      violations: [...this.violations, ...verdict.violations],
      lines: [this.#faults(), ...verdict.lines, ...this.#lines],
    };
  }

  #faults(): string {
    const done = FAULT_KINDS.map((kind) => {
      const reason = this.#missing.get(kind);
      const count = this.#driver?.counts.get(kind) ?? 0;
      return `${kind} ${reason === undefined ? count : `skipped (${reason})`}`;
    });
    return `faults: ${done.join(', ')}`;
  }

  #tell(text: string): void {
    const time = ((performance.now() - this.#begun) / 1_000).toFixed(1).padStart(7);
    this.#options.print(`${time} s  ${text}`);
  }
}

/** The trees of all peers, once they stand at the same transaction. */
async function equalDumps(group: Group): Promise<readonly Dump[]> {
  let dumps: readonly Dump[] = [];
  let reason = 'trees of different transactions';
  const what = (): string => `equal trees on all peers (${reason})`;
  await eventually(what, async () => {
    try {
      for (const id of group.ids) await group.ask(id, 'sync');
      dumps = await Promise.all(group.ids.map((id) => group.ask(id, 'dump')));
    } catch (error) {
      reason = String(error);
      return false;
    }
    return new Set(dumps.map(({ zxid }) => zxid)).size === 1;
  });
  return dumps;
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
