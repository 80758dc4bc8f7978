/**
 * A bug put back on purpose, as data: edits to a copy of the source. What is shipped knows nothing of
 * it. The simulator, run on the copy, must notice.
 */
import type { SwarmOverrides } from '../../../lib/testing/swarm.ts';

/** One edit. `find` must match exactly once, whatever the white space: a source that moves on breaks the tool, not silently the test. */
export interface Patch {
  /** Relative to the top of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Injection {
  /** Kebab-case. */
  readonly id: string;
  /** Where it comes from: a row of the table of known bugs, or the model of the protocol. */
  readonly origin: string;
  /** What the copy does wrong, in a sentence. */
  readonly title: string;
  readonly patches: readonly Patch[];
  /** Predicates that may catch it; another one is a surprise, and counts as an escape. */
  readonly expects: readonly string[];
  /** Which machine shows it; ZAB alone is quicker. */
  readonly machine: 'zab' | 'replica' | 'recipes';
  /** Makes the faults it needs likelier; never a scenario. */
  readonly bias?: SwarmOverrides;
  /** A test that must fail on the copy, instead of random schedules. */
  readonly directed?: string;
  /** What the directed test needs of the machine; without it nothing can be noticed. */
  readonly needs?: 'disk-shim';
}

/** Three equal voters and nobody else: where rare interleavings are least rare. */
export const THREE: NonNullable<SwarmOverrides['fixed']> = {
  voters: [1, 2, 3].map((id) => ({ id, weight: 1, group: 0 })),
  observers: [],
};

/** Processes that end, or cannot be heard, in the middle of what they do together. */
export const INTERRUPTED: SwarmOverrides = {
  fixed: THREE,
  faults: [
    ['partition', 6],
    ['crash', 4],
    ['clog', 3],
    ['stall', 2],
  ],
};

/** Runs in which nothing but that recipe is used. */
export function uses(
  application: string,
  faults: SwarmOverrides = INTERRUPTED,
): Pick<Injection, 'machine' | 'bias'> {
  return { machine: 'recipes', bias: { ...faults, applications: [application] } };
}

const LEARNER = 'lib/zab/synchronization-learner.ts';

/** ZooKeeper's logs have no chain: without these two checks a strange history is taken (rule G3). */
export const WITHOUT_CHAIN: readonly Patch[] = [
  {
    file: LEARNER,
    find: 'if (!followsIn(previous.zxid, entry.zxid, epochMax)) return undefined;',
    replace: 'if (entry.zxid <= previous.zxid) return undefined;',
  },
  {
    file: LEARNER,
    find: 'return last === undefined || last.chain === previous.chain ? result : undefined;',
    replace: 'return result;',
  },
  {
    file: LEARNER,
    find: 'if (message.historyZxid !== end.zxid || message.historyChain !== end.chain) {',
    replace: 'if (message.historyZxid !== end.zxid) {',
  },
];
