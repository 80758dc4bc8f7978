/** What the tree knows of a schedule: the last tick that was run, and whether somebody is at it. */
import { joinPath, parentOf } from '../base/path.ts';
import type { Znode } from '../client/client.ts';
import type { Codec } from '../client/codec.ts';
import type { TreeUpdate } from '../client/feed.ts';
import { json } from '../client/json-codec.ts';
import { type Next, newestTick } from './ticks.ts';

/** The data of the schedule's node, as JSON: written in the transaction in which somebody takes the tick. */
export interface TickRecord {
  /** ISO 8601. In the state `waiting` it is when the schedule was first run: ticks count from there. */
  readonly tick: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** One that is `running` and has no run node has been interrupted. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Who ran it. */
  readonly owner: string;
  /** What the job threw. */
  readonly error?: string;
}

const anyJson = json<TickRecord | undefined>();

/** Refuses what is no record, so that nobody counts from the beginning of time. Empty: there is none yet. */
export const tickRecords: Codec<TickRecord | undefined, TickRecord> = {
  encode: (record) => anyJson.encode(record),
  decode(data) {
    const record = anyJson.decode(data);
    if (record === undefined || isRecord(record)) return record;
    throw new RangeError('that is no record of a schedule');
  },
};

function isRecord({ tick, attempt, state, owner }: Partial<TickRecord>): boolean {
  const isTime = typeof tick === 'string' && !Number.isNaN(Date.parse(tick));
  return isTime && Number.isInteger(attempt) && typeof state === 'string' && owner !== undefined;
}

/** The last tick of a schedule, as {@link Schedule.watch} tells it. */
export interface LastRun {
  /** Which tick. */
  readonly tick: Date;
  /** 1 for the first. */
  readonly attempt: number;
  /**
   * `failed`: the job threw. `interrupted`: whoever ran it lost the grant before the job had settled, died, or
   * was stopped.
   */
  readonly state: 'running' | 'done' | 'failed' | 'interrupted';
  /** Who ran it: `host:pid`, unless the option `owner` says otherwise. */
  readonly owner: string;
  /** Of a job that threw, the first 1,000 characters of the message. */
  readonly error?: string;
}

/** A schedule in one state of the tree. */
export interface TickState {
  /** Undefined: nobody has run it yet. */
  readonly record: TickRecord | undefined;
  /** Of the schedule's node: whoever takes a tick compares it. -1: the node is absent. */
  readonly version: number;
  /** Somebody has a run node: until it is gone, no tick is taken. */
  readonly isRunning: boolean;
}

/** Where the run nodes are. */
export const RUNS = 'runs';

/** The changes of a schedule's subtree as its states. */
export class TickStates {
  readonly #path: string;
  readonly #folder: string;
  readonly #runs = new Set<string>();
  #record: Znode<TickRecord | undefined> | undefined;
  #state: TickState = { record: undefined, version: -1, isRunning: false };

  constructor(path: string) {
    this.#path = path;
    this.#folder = joinPath(path, RUNS);
  }

  take({ changes }: TreeUpdate<TickRecord | undefined>): TickState {
    for (const change of changes) {
      const isThere = change.type !== 'deleted';
      if (change.path === this.#path) this.#record = isThere ? change : undefined;
      else if (parentOf(change.path) !== this.#folder) continue;
      else if (isThere) this.#runs.add(change.path);
      else this.#runs.delete(change.path);
    }
    const version = this.#record?.stat.version ?? -1;
    const isRunning = this.#runs.size > 0;
    const { record } = this.#state;
    const now = this.#record?.data;
    if (now !== record || version !== this.#state.version || isRunning !== this.#state.isRunning) {
      this.#state = { record: now, version, isRunning };
    }
    return this.#state;
  }
}

/** The same as an application is told. */
export class LastRuns {
  readonly #states: TickStates;
  #state: TickState | undefined;
  #last: LastRun | undefined;

  constructor(path: string) {
    this.#states = new TickStates(path);
  }

  take(update: TreeUpdate<TickRecord | undefined>): LastRun | undefined {
    const state = this.#states.take(update);
    if (state !== this.#state) this.#last = lastRunOf(state);
    this.#state = state;
    return this.#last;
  }
}

function lastRunOf({ record, isRunning }: TickState): LastRun | undefined {
  if (record === undefined || record.state === 'waiting') return undefined;
  const { tick, state } = record;
  return {
    ...record,
    tick: new Date(tick),
    state: state === 'running' && !isRunning ? 'interrupted' : state,
  };
}

/** How ticks are treated that did not go as planned. */
export interface TickRules {
  readonly missed: 'skip' | 'run';
  readonly interrupted: 'skip' | 'retry';
  readonly maxAttempts: number;
  /** Ms. */
  readonly grace: number;
}

/** What is to be done about a schedule. */
export type TickPlan =
  | { readonly type: 'take'; readonly tick: number; readonly attempt: number }
  /** Until then, or until something changes; undefined: only that. */
  | { readonly type: 'wait'; readonly until: number | undefined }
  /** There is no tick any more. */
  | { readonly type: 'end' };

/** @param now ms since 1970, by the clock of this process */
export function planTick(
  record: TickRecord,
  isRunning: boolean,
  rules: TickRules,
  next: Next,
  now: number,
): TickPlan {
  if (isRunning) return { type: 'wait', until: undefined };
  const last = Date.parse(record.tick);
  const { attempt } = record;
  const isInterrupted = record.state === 'running';
  if (isInterrupted && rules.interrupted === 'retry' && attempt < rules.maxAttempts) {
    return { type: 'take', tick: last, attempt: attempt + 1 };
  }
  const newest = newestTick(next, last, now);
  if (newest !== undefined && (rules.missed === 'run' || now - newest <= rules.grace)) {
    return { type: 'take', tick: newest, attempt: 1 };
  }
  const until = next(newest ?? last);
  return until === undefined ? { type: 'end' } : { type: 'wait', until };
}
