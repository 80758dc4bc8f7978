import { unreachable } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import { offAbort, onAbort } from '../client/abort.ts';
import type { Client } from '../client/client.ts';
import type { Watch } from '../client/feed.ts';
import { checkCall, type StopOptions } from '../client/wait.ts';
import { report } from '../client/warn.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { type Claim, claim } from './claim.ts';
import { errorText } from './error-text.ts';
import { type Fold, FoldedWatch } from './folded-watch.ts';
import type { Grant } from './grant.ts';
import { HeldClaim } from './held-claim.ts';
import { keepTrying, WITHOUT_END } from './keep-trying.ts';
import { Patience, pause } from './patience.ts';
import {
  checkScheduleOptions,
  type ScheduleOptions,
  type ScheduleRules,
} from './schedule-options.ts';
import {
  type LastRun,
  LastRuns,
  planTick,
  RUNS,
  type TickPlan,
  type TickRecord,
  type TickState,
  TickStates,
  tickRecords,
} from './tick-record.ts';
import { checked, cronTicks, type Next } from './ticks.ts';
import { isTrusted } from './turn.ts';
import { whileHeld } from './while-held.ts';

/** One run of a job: a grant that nobody else has while the job is at work. */
export interface ScheduledRun extends Grant {
  /** The time that it was due, not that of the run. */
  readonly tick: Date;
  /** 1, or more where an interrupted run is made again. */
  readonly attempt: number;
}

type Job = (run: ScheduledRun) => unknown;
type RecordClient = Client<TickRecord | undefined, TickRecord>;

/** The clock may be set, or stand still while a machine sleeps: it is looked at that often, ms. */
const LOOK = 30_000;
/** Before the next attempt, when the group did not answer, ms. */
const RETRY = 100;
const PASSING = ['TIMED_OUT', 'OVERLOADED', 'SESSION_EXPIRED', 'SESSION_MOVED'] as const;

/**
 * A job that runs once per tick in the whole group, at most once unless it is told otherwise. See the guide
 * `schedule.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Schedule } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const stop = new AbortController();
 * const everyTenth = (after: Date) => new Date(Math.floor(after.getTime() / 100 + 1) * 100);
 * const report = new Schedule(peer, '/cron/report', { next: everyTenth });      // or: { cron: '0 3 * * *' }
 * await report.run(
 *   async (run) => {
 *     await peer.guardedBy(run).update('/reports/last', () => run.tick.toISOString());
 *     stop.abort();
 *   },
 *   { signal: stop.signal },
 * );
 * await peer.close();
 * ```
 */
export class Schedule {
  readonly #client: RecordClient;
  readonly #path: string;
  readonly #rules: ScheduleRules;

  /**
   * Free: nothing is asked before `run` is called.
   * @param client a session too: then it runs no more when that has ended
   * @param path the node that keeps the last tick; nothing else stands there. The same options everywhere
   */
  constructor(client: AnyClient, path: string, options: ScheduleOptions) {
    checkPlace('Schedule', client, path);
    this.#rules = checkScheduleOptions(options);
    this.#client = client.as(tickRecords);
    this.#path = path;
  }

  /**
   * Takes part until it is stopped: at each tick one of all who take part runs its job, and no tick is taken
   * while a job is at work anywhere in the group. What a job throws is kept in the tree and goes to the event
   * `error`, and the schedule goes on. Resolves when the signal has stopped it, or the client is closed, and
   * the job has settled; or when there is no tick any more.
   *
   * @throws {TypeError} the package for cron expressions is not installed, or refuses this one
   * @throws {QuorateError} INVALID_DATA: the node holds something else. NO_AUTH, QUOTA_EXCEEDED and the like.
   * SESSION_EXPIRED of a `Session`
   */
  async run(job: (run: ScheduledRun) => unknown, options?: StopOptions): Promise<void> {
    if (typeof job !== 'function') throw new TypeError('Schedule: the job is a function');
    checkCall('Schedule.run', options, ['signal']);
    const { cron, timeZone, next } = this.#rules;
    const ticks = cron === undefined ? checked(next) : await cronTicks(cron, timeZone);
    const stop = options?.signal;
    while (!isStopped(stop)) {
      try {
        if ((await this.#step(ticks, job, stop)) === 'end') return;
      } catch (error) {
        if (QuorateError.is(error, 'CLOSED')) return;
        if (QuorateError.is(error, 'ABORTED') && isStopped(stop)) return;
        await this.#goOn(error, stop);
        if (QuorateError.is(this.#client.session.signal.reason, 'CLOSED')) return;
      }
    }
  }

  /** The last tick that was run, now and after every change; undefined: none was. As this peer knows it. */
  watch(options?: StopOptions): Watch<LastRun | undefined> {
    checkCall('Schedule.watch', options, ['signal']);
    return this.#fold(() => new LastRuns(this.#path), options);
  }

  #fold<S>(
    fold: () => Fold<TickRecord | undefined, S>,
    options: StopOptions | undefined,
  ): Watch<S> {
    return new FoldedWatch((stop) => this.#client.watchTree(this.#path, stop), fold, options);
  }

  /** Looks once at what is to be done, and does it. */
  async #step(next: Next, job: Job, stop: AbortSignal | undefined): Promise<'end' | 'again'> {
    const wait = new Patience(stop === undefined ? {} : { signal: stop });
    const states = this.#fold(() => new TickStates(this.#path), undefined);
    const state = await states.until(() => true, { ...wait.left });
    if (state.record === undefined) {
      await this.#begin(wait);
      return 'again';
    }
    const plan = planTick(state.record, state.isRunning, this.#rules, next, Date.now());
    switch (plan.type) {
      case 'take': {
        const taken = await this.#take(plan, state.version, wait);
        if (taken !== undefined) await this.#serve(taken, job, stop);
        return 'again';
      }
      case 'wait':
        await changeOf(states, state, plan.until, wait);
        return 'again';
      case 'end':
        return 'end';
      default:
        return unreachable(plan);
    }
  }

  /** The first to come says since when ticks count. */
  async #begin(wait: Patience): Promise<void> {
    const record = this.#record(Date.now(), 0, 'waiting');
    // Throws if there is something that is no record: a watch of the tree passes over it.
    const node = await this.#client.find(this.#path, wait.left);
    if (node?.data !== undefined) return;
    try {
      if (node === undefined) {
        await this.#client.create(this.#path, record, { parents: true, ...wait.left });
      } else {
        const { version } = node.stat;
        await this.#client.set(this.#path, record, { version, ...wait.left });
      }
    } catch (error) {
      if (!QuorateError.is(error, 'NODE_EXISTS', 'NO_NODE', 'BAD_VERSION')) throw error;
    }
  }

  /**
   * Records the tick and makes the run node in one transaction, which one of all can do.
   * @returns undefined: somebody else was first
   */
  async #take(
    plan: TickPlan & { readonly type: 'take' },
    version: number,
    wait: Patience,
  ): Promise<TakenTick | undefined> {
    const record = this.#record(plan.tick, plan.attempt, 'running');
    const wish = {
      session: this.#client.session,
      kind: 'run',
      folders: [joinPath(this.#path, RUNS)],
      data: undefined,
      checks: [{ set: this.#path, data: record, version }],
    } as const;
    try {
      // To its answer: what is given up half-way may have been taken, and nobody would run it.
      const answer = new Patience({ ...WITHOUT_END, ...wait.left });
      const claimed = await claim(wish, answer);
      await untilTrusted(claimed, answer);
      return new TakenTick(claimed, record, version + 1);
    } catch (error) {
      if (!QuorateError.is(error, 'BAD_VERSION', 'NO_NODE')) throw error;
      // Throws if there is no record any more, but something else.
      await this.#client.find(this.#path, wait.left);
      return undefined;
    }
  }

  async #serve(run: TakenTick, job: Job, stop: AbortSignal | undefined): Promise<void> {
    const giveUp = () => run.giveUp();
    if (isStopped(stop)) giveUp();
    else if (stop !== undefined) onAbort(stop, giveUp);
    try {
      // The answer may have come late, or in a moment in which nobody is to begin any more.
      if (!run.stillHeld()) return;
      await whileHeld(run, () => job(run));
      if (run.stillHeld()) await this.#finish(run, { ...run.record, state: 'done' });
    } catch (error) {
      if (!run.stillHeld()) return;
      report(this.#client, error);
      await this.#finish(run, { ...run.record, state: 'failed', error: errorText(error) });
    } finally {
      if (stop !== undefined) offAbort(stop, giveUp);
      await run.release();
    }
  }

  /** What became of the job, and the end of its run node, in one transaction. */
  async #finish(run: TakenTick, record: TickRecord): Promise<void> {
    run.giveUp();
    const session = run.session.as(tickRecords);
    await keepTrying(session, async () => {
      try {
        const { path, version } = run;
        const told = { set: this.#path, data: record, version };
        await session.multi([told, { delete: path }], WITHOUT_END);
      } catch (error) {
        if (QuorateError.is(error, ...PASSING, 'CLOSED', 'QUARANTINED')) throw error;
        // It was applied, or an operator was there. What is refused for good would be so for ever: interrupted.
        if (!QuorateError.is(error, 'BAD_VERSION', 'NO_NODE')) report(this.#client, error);
      }
    });
  }

  #record(tick: number, attempt: number, state: TickRecord['state']): TickRecord {
    return { tick: new Date(tick).toISOString(), attempt, state, owner: this.#rules.owner };
  }

  /** After what passes. Throws on what does not, or with the end of a session that no other follows. */
  async #goOn(error: unknown, stop: AbortSignal | undefined): Promise<void> {
    if (!QuorateError.is(error, ...PASSING)) throw error;
    await pause(RETRY, stop);
    // A client has the next session by now; a session, once it has ended, has none.
    const { aborted, reason } = this.#client.session.signal;
    if (aborted && !QuorateError.is(reason, 'CLOSED')) throw error;
  }
}

function isStopped(stop: AbortSignal | undefined): boolean {
  return stop?.aborted === true;
}

/** Who has heard nothing of the group for a while may be about to lose what it was given: it hears first. */
async function untilTrusted(claimed: Claim, wait: Patience): Promise<void> {
  try {
    while (claimed.session.trustedFor === 0) await isTrusted(claimed, wait);
  } catch (error) {
    void claimed.remove();
    throw error;
  }
}

/** A tick that this process has taken. */
class TakenTick extends HeldClaim implements ScheduledRun {
  readonly tick: Date;
  readonly attempt: number;
  readonly record: TickRecord;
  /** Of the schedule's node, since it was taken. */
  readonly version: number;

  constructor(claimed: Claim, record: TickRecord, version: number) {
    super(claimed);
    this.tick = new Date(record.tick);
    this.attempt = record.attempt;
    this.record = record;
    this.version = version;
  }
}

/** Waits until the state is another one or the time has come, by a clock that is looked at now and then. */
async function changeOf(
  states: Watch<TickState>,
  seen: TickState,
  until: number | undefined,
  wait: Patience,
): Promise<void> {
  const timeout = Math.min(LOOK, until === undefined ? LOOK : Math.max(0, until - Date.now()));
  const isOther = (state: TickState) =>
    state.version !== seen.version || state.isRunning !== seen.isRunning;
  try {
    await states.until(isOther, { ...wait.left, timeout });
  } catch (error) {
    if (!QuorateError.is(error, 'TIMED_OUT')) throw error;
  }
}
