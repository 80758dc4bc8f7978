/**
 * S45: which ticks of a schedule were taken, by whom, and what became of them. It hears of runs from those who
 * run them, and of the record and the run nodes from G.
 */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { LastRun, ScheduledRun } from '../../recipes/index.ts';
import { GrantBook, type Holder, type Holding, isHeld } from '../grants/grant-book.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { askerOf, type Step, stepsOf } from './steps.ts';

/** What everybody who has the schedule has declared. */
export interface TickRules {
  /** Ms from one tick to the next. */
  readonly period: number;
  readonly missed: 'skip' | 'run';
  readonly interrupted: 'skip' | 'retry';
  readonly maxAttempts: number;
  readonly grace: number;
}

/** The data of the schedule's node. */
interface TickRecord {
  readonly tick: number;
  readonly attempt: number;
  readonly state: string;
  readonly owner: string;
  readonly error: string | undefined;
}

/** One attempt at a tick that somebody has taken. */
interface Attempt {
  readonly fence: Zxid;
  /** Its run node. */
  readonly path: string;
  readonly owner: string;
  /** How its job has settled while it was held. */
  settled: string | undefined;
  /** What the record says of its end; undefined: it goes on, or was interrupted. */
  ended: 'done' | 'failed' | undefined;
}

/** How far one who watches has been told. */
export interface Seen {
  tick: number;
  attempt: number;
  isOver: boolean;
}

export class TickBook {
  readonly #path: string;
  readonly #rules: TickRules;
  readonly #grants: GrantBook;
  readonly #line: { readonly name: string; readonly room: number; readonly log: string };
  readonly #attempts = new Map<string, Attempt>();
  /** By process: ticks that were the newest ones, and not missed, when it looked at its clock. */
  readonly #due = new Map<string, Set<number>>();
  /** Run nodes in G. */
  readonly #runs = new Set<string>();
  #record: TickRecord | undefined;
  #taken = 0;

  constructor(path: string, log: string, rules: TickRules) {
    this.#path = path;
    this.#rules = rules;
    this.#grants = new GrantBook(`${path}/runs/`);
    this.#line = { name: path, room: 1, log };
  }

  get predicate(): Predicate {
    return {
      name: 'S45',
      title: 'a tick of a schedule runs once, in order, or again where that was declared',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  /** Run nodes in G. */
  get standing(): string[] {
    return [...this.#runs];
  }

  /** How often a tick was taken. */
  get taken(): number {
    return this.#taken;
  }

  /** The tick after the last one that was taken, in ms since 1970. */
  get upcoming(): number {
    return this.#record === undefined ? 0 : this.#newest(this.#record.tick) + this.#rules.period;
  }

  /** Somebody looks what is to be done, and its clock says that. */
  looked(process: Holder, now: number): void {
    const newest = this.#newest(now);
    if (this.#rules.missed === 'skip' && now - newest > this.#rules.grace) return;
    const owner = lifeOf(process);
    const due = this.#due.get(owner) ?? new Set();
    this.#due.set(owner, due.add(newest));
  }

  /** A job is called. */
  begun(process: Holder, run: ScheduledRun, since: Zxid): Holding {
    const holding = this.#grants.granted(process, run, [this.#line], 1, since);
    demand(isHeld(run), 'S45', () => `a job is called by ${run.path}, which is over`);
    const what = `peer ${process.peer.id} runs ${keyOf(run.tick.getTime(), run.attempt)}`;
    const attempt = this.#attempts.get(keyOf(run.tick.getTime(), run.attempt));
    demand(attempt?.fence === run.fence && attempt.path === run.path, 'S45', () => {
      return `${what} by ${run.path}, which did not take it`;
    });
    return holding;
  }

  /** At this moment it believes that it holds. */
  asserted(holding: Holding): void {
    this.#grants.asserted(holding);
  }

  /** A job has settled. @param how undefined: it was not held any more */
  settled(holding: Holding, run: ScheduledRun, how: string | undefined): void {
    const attempt = this.#attempts.get(keyOf(run.tick.getTime(), run.attempt));
    if (attempt !== undefined) attempt.settled = how;
    this.#grants.done(holding);
  }

  /** Somebody who watches is told. */
  told(seen: Seen, last: LastRun): void {
    const tick = last.tick.getTime();
    const key = keyOf(tick, last.attempt);
    const attempt = this.#attempts.get(key);
    demand(attempt !== undefined, 'S45', () => `${key} is told, and nobody has taken it`);
    const isOver = last.state !== 'running';
    const isLater = tick > seen.tick || (tick === seen.tick && last.attempt > seen.attempt);
    const isSame = tick === seen.tick && last.attempt === seen.attempt && isOver >= seen.isOver;
    demand(isLater || isSame, 'S45', () => {
      return `${key} is told as ${last.state} after ${keyOf(seen.tick, seen.attempt)}`;
    });
    const stands = attempt !== undefined && this.#runs.has(attempt.path);
    const truth = attempt?.ended ?? (stands ? 'running' : 'interrupted');
    demand(!isOver || last.state === truth, 'S45', () => `${key} is ${truth}, not ${last.state}`);
    Object.assign(seen, { tick, attempt: last.attempt, isOver });
  }

  #decided(decided: Decided): void {
    this.#grants.decided(decided);
    const steps = stepsOf(decided, this.#path);
    if (steps.length === 0) return;
    const stood = [...this.#runs];
    const begun = this.#follow(steps, 'create');
    const gone = this.#follow(steps, 'delete');
    const written = steps.flatMap((step) => {
      return step.path === this.#path && 'data' in step ? [recordOf(step.data)] : [];
    });
    const [record] = written;
    const { zxid } = decided.entry;
    demand(begun.length === 0 || record?.state === 'running', 'S45', () => {
      return `${formatZxid(zxid)} makes ${begun.join()}, and records no tick`;
    });
    if (record === undefined) return;
    const asker = askerOf(decided);
    if (record.state === 'running') this.#take(record, asker, stood, begun, zxid);
    else if (record.state === 'waiting') {
      const last = this.#record;
      demand(last === undefined, 'S45', () => `${last?.tick} is written over from the beginning`);
    } else this.#end(record, asker, gone);
    this.#record = record;
  }

  /** Run nodes that come, or go. */
  #follow(steps: readonly Step[], type: 'create' | 'delete'): string[] {
    const paths = steps.flatMap((step) => {
      return step.type === type && step.path.startsWith(`${this.#path}/runs/`) ? [step.path] : [];
    });
    for (const path of paths) {
      if (type === 'create') this.#runs.add(path);
      else this.#runs.delete(path);
    }
    return paths;
  }

  #take(
    record: TickRecord,
    asker: string,
    stood: readonly string[],
    begun: readonly string[],
    fence: Zxid,
  ): void {
    const { tick, attempt, owner } = record;
    const key = keyOf(tick, attempt);
    demand(stood.length === 0, 'S45', () => `${key} is taken while ${stood.join()} is at work`);
    const [path = ''] = begun;
    demand(begun.length === 1 && owner === asker, 'S45', () => {
      return `${key} is taken by ${asker} as ${owner}, with ${begun.length} nodes`;
    });
    const last = this.#record;
    const { interrupted, maxAttempts, period } = this.#rules;
    const mayRetry =
      interrupted === 'retry' && last?.state === 'running' && last.attempt < maxAttempts;
    if (tick === last?.tick) {
      const isNext = mayRetry && attempt === last.attempt + 1;
      demand(isNext, 'S45', () => `${key} is run again after attempt ${last.attempt}`);
    } else {
      demand(last !== undefined && tick > last.tick, 'S45', () => `${key} after ${last?.tick}`);
      demand(attempt === 1 && tick % period === 0, 'S45', () => `${key} is no tick`);
      demand(!mayRetry, 'S45', () => `${last?.tick} is not run again, but ${key}`);
      const isDue = this.#due.get(asker)?.has(tick) === true;
      demand(isDue, 'S45', () => `${key} was not the newest tick by any clock of ${asker}`);
    }
    this.#taken += 1;
    const taken = { fence, path, owner, settled: undefined, ended: undefined };
    this.#attempts.set(key, taken);
  }

  #end({ tick, attempt, state, owner, error }: TickRecord, asker: string, gone: string[]): void {
    const key = keyOf(tick, attempt);
    const last = this.#record;
    const taken = this.#attempts.get(key);
    const isLast = last?.tick === tick && last.attempt === attempt && last.state === 'running';
    const isOwn = owner === asker && taken?.owner === asker && gone.includes(taken.path);
    demand(isLast && isOwn, 'S45', () => `${asker} records ${key} as ${state}, which it has not`);
    const told = error === undefined ? state : `${state}: ${error}`;
    demand(taken?.settled === told, 'S45', () => {
      return `${key} has ended as ${taken?.settled}, and the record says ${told}`;
    });
    if (taken !== undefined) taken.ended = state === 'done' ? 'done' : 'failed';
  }

  #newest(time: number): number {
    return Math.floor(time / this.#rules.period) * this.#rules.period;
  }
}

/** As who runs a schedule calls itself. */
export function lifeOf({ peer }: Holder): string {
  return `${peer.id}/${peer.disk.boot}`;
}

function keyOf(tick: number, attempt: number): string {
  return `tick ${tick}, attempt ${attempt}`;
}

function recordOf(data: string): TickRecord {
  const { tick, attempt, state, owner, error } = JSON.parse(data);
  return { tick: Date.parse(tick), attempt, state, owner, error };
}
