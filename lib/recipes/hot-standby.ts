import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf } from '../base/path.ts';
import { offAbort, onAbort } from '../client/abort.ts';
import type { Client, Session } from '../client/client.ts';
import { bytes } from '../client/codec.ts';
import type { Watch } from '../client/feed.ts';
import { json } from '../client/json-codec.ts';
import { checkCall, type StopOptions, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { report } from '../client/warn.ts';
import { checkPlace } from './any-client.ts';
import { type Claim, claim } from './claim.ts';
import { Contention } from './contention.ts';
import { errorText } from './error-text.ts';
import { FoldedWatch } from './folded-watch.ts';
import type { Grant } from './grant.ts';
import type { HeldClaim } from './held-claim.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { ownerHere } from './owner.ts';
import { Patience, pause } from './patience.ts';
import { QueueRules } from './queue-rules.ts';
import { type StandbyMember, type StandbyRecord, StandbyTasks } from './standby-tasks.ts';
import { whileHeld } from './while-held.ts';

/** What a {@link HotStandby} may be told. */
export interface HotStandbyOptions {
  /** How others see this one. @default 'host:pid' */
  readonly owner?: string;
  /** Ms for which this one does not stand for a task after it has failed or resigned. @default 1_000 */
  readonly failurePause?: number;
}

/** A task that this process runs, as nobody else does meanwhile. */
export interface RunningTask<T = string> extends Grant {
  /** Name of the task. */
  readonly task: string;
  /** The data of its node, as it was when this one took over. */
  readonly data: T;
}

/** Before the next attempt, when the group did not answer, ms. */
const RETRY = 100;
/** What is no failure of the work: it stands again. Without its node the task is about to be taken off the list. */
const NOT_YET = ['NO_NODE', 'GRANT_LOST', 'TIMED_OUT', 'OVERLOADED', 'SESSION_EXPIRED'] as const;

/**
 * Several tasks, each of which one process runs and the others stand by for: the first in its line is RUNNING,
 * and whoever comes next takes over when it dies, throws or resigns. See the guide `hot-standby.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { HotStandby } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const standby = new HotStandby(peer, '/bus');
 * await standby.add('orders-db', 'mysql://orders');
 * const stop = new AbortController();
 * await standby.run(
 *   async (running) => {
 *     running.assertHeld();                         // before each side effect
 *     console.log(`replicates ${running.task} from ${running.data}`);
 *     stop.abort();
 *   },
 *   { signal: stop.signal },
 * );
 * await peer.close();
 * ```
 */
export class HotStandby<T = string, In = T> {
  readonly #client: Client<T, In>;
  readonly #path: string;
  readonly #owner: string;
  readonly #failurePause: number;

  /**
   * Free: nobody stands before `run` is called.
   * @param client a session too: then it stands no more when that has ended
   * @param path the node that the tasks stand below
   */
  constructor(client: Client<T, In>, path: string, options?: HotStandbyOptions) {
    checkPlace('HotStandby', client, path);
    checkCall('HotStandby', options, ['owner', 'failurePause']);
    const { owner = ownerHere(), failurePause = 1_000 } = options ?? {};
    if (typeof owner !== 'string') throw new TypeError('HotStandby: owner is a text');
    if (typeof failurePause !== 'number') {
      throw new TypeError('HotStandby: failurePause is a number of milliseconds');
    }
    if (!(failurePause >= 0)) throw new RangeError('HotStandby: failurePause is 0 or more');
    this.#client = client;
    this.#path = path;
    this.#owner = owner;
    this.#failurePause = failurePause;
  }

  /**
   * Adds a task, for all that run.
   * @throws {QuorateError} NODE_EXISTS: there is one of that name
   */
  async add(task: string, data: In, options?: WaitOptions): Promise<void> {
    checkCall('HotStandby.add', options, WAIT_OPTIONS);
    await this.#client.create(this.#pathOf(task), data, { ...options, parents: true });
  }

  /**
   * Removes a task: whoever runs it loses the grant as soon as it hears of it, and is not waited for. Nobody has
   * learned of it who is cut off, until its session may have ended: in a task that is added again under that name
   * only the fence, and `guardedBy`, keep its late work out.
   * @throws {QuorateError} NO_NODE: there is none of that name
   */
  async remove(task: string, options?: WaitOptions): Promise<void> {
    checkCall('HotStandby.remove', options, WAIT_OPTIONS);
    await this.#client.delete(this.#pathOf(task), { ...options, recursive: true });
  }

  /**
   * Stands for every task that there is, also for those that are added later, and calls `work` for each one that
   * it is to run, until it is stopped. A `work` that throws or returns has failed: the next one in the line takes
   * over, and this one stands again behind all others, after a pause. What it throws goes to the event `error`.
   * Resolves when the signal has stopped it, or the client is closed, and all work has settled.
   *
   * @throws {QuorateError} NO_AUTH and the like; SESSION_EXPIRED of a `Session`
   */
  async run(work: (running: RunningTask<T>) => unknown, options?: StopOptions): Promise<void> {
    if (typeof work !== 'function') throw new TypeError('HotStandby: the work is a function');
    checkCall('HotStandby.run', options, ['signal']);
    const ending = new AbortController();
    const end = () => ending.abort();
    const stop = options?.signal;
    if (stop?.aborted === true) return;
    if (stop !== undefined) onAbort(stop, end);
    const standing = new Map<string, AbortController>();
    /** By task: resolves when nothing of it is at work. */
    const settled = new Map<string, Promise<void>>();
    let fault: unknown;
    const begin = (task: string) => {
      const own = new AbortController();
      // One that was removed and is there again may still be at work here.
      const former = settled.get(task) ?? Promise.resolve();
      const over = former
        .then(() => this.#stand(task, work, own.signal))
        .catch((error: unknown) => {
          fault ??= error;
          end();
        })
        .finally(() => {
          if (settled.get(task) === over) settled.delete(task);
        });
      standing.set(task, own);
      settled.set(task, over);
    };
    try {
      const { signal } = ending;
      for await (const names of this.#client.watchChildren(this.#path, { signal })) {
        for (const task of names) if (!standing.has(task)) begin(task);
        for (const [task, own] of standing) {
          if (names.includes(task)) continue;
          own.abort();
          standing.delete(task);
        }
      }
    } catch (error) {
      const isEnd = ending.signal.aborted && QuorateError.is(error, 'ABORTED');
      if (!isEnd && !QuorateError.is(error, 'CLOSED')) fault ??= error;
    } finally {
      if (stop !== undefined) offAbort(stop, end);
      for (const own of standing.values()) own.abort();
      await Promise.all(settled.values());
    }
    if (fault !== undefined) throw fault;
  }

  /** Who runs each task, and who stands by in which order, now and after every change. */
  watch(options?: StopOptions): Watch<ReadonlyMap<string, readonly StandbyMember[]>> {
    checkCall('HotStandby.watch', options, ['signal']);
    const view = this.#client.as(bytes);
    return new FoldedWatch(
      (stop) => view.watchTree(this.#path, stop),
      () => new StandbyTasks(this.#path),
      options,
    );
  }

  #pathOf(task: string): string {
    const path = joinPath(this.#path, task);
    checkPlace('HotStandby', this.#client, path);
    if (nameOf(path) === task) return path;
    throw QuorateError.make('BAD_ARGUMENTS', `HotStandby: '${task}' is no name of a task`);
  }

  /** Stands for one task, again and again. */
  async #stand(
    task: string,
    work: (running: RunningTask<T>) => unknown,
    stop: AbortSignal,
  ): Promise<void> {
    let record: StandbyRecord = { owner: this.#owner, state: 'STANDBY', failures: 0 };
    while (!stop.aborted) {
      try {
        const term = await this.#elected(task, record, stop);
        const failure = await this.#serve(term, task, record, work, stop);
        if (failure === undefined) continue;
        record = { ...record, failures: record.failures + 1, error: failure };
        await pause(this.#failurePause, stop);
      } catch (error) {
        if (stop.aborted || QuorateError.is(error, 'CLOSED')) return;
        if (!QuorateError.is(error, ...NOT_YET)) throw error;
        await pause(RETRY, stop);
      }
    }
  }

  #elected(task: string, record: StandbyRecord, signal: AbortSignal): Promise<HeldClaim> {
    const view = this.#client.as(json<StandbyRecord>());
    const rules = new TaskRules(this.#pathOf(task), record);
    return new Contention(view, rules).claim({ signal });
  }

  /** Says that it is the one, for as long as that takes. @returns the data of the task */
  async #takeOver(term: HeldClaim, task: string, record: StandbyRecord): Promise<T> {
    const wait = { ...WITHOUT_END, signal: term.signal };
    const view = this.#client.as(json<StandbyRecord>()).guardedBy(term);
    await view.set(term.path, { ...record, state: 'RUNNING' }, wait);
    const { data } = await this.#client.get(this.#pathOf(task), wait);
    return data;
  }

  /** @returns why it has failed; undefined: it has not, but lost the term or was stopped */
  async #serve(
    term: HeldClaim,
    task: string,
    record: StandbyRecord,
    work: (running: RunningTask<T>) => unknown,
    stop: AbortSignal,
  ): Promise<string | undefined> {
    const giveUp = () => term.giveUp();
    // Whoever releases it has resigned, as whoever returns; a term that was lost or stopped is no failure.
    const isOwnEnd = () => term.stillHeld() || (term.isReleased && !stop.aborted);
    if (stop.aborted) giveUp();
    else onAbort(stop, giveUp);
    let hasBegun = false;
    try {
      const data = await this.#takeOver(term, task, record);
      // The task may have been removed together with the answer.
      if (!(await term.stands(new Patience({ ...WITHOUT_END, signal: term.signal }))))
        return undefined;
      hasBegun = true;
      await whileHeld(term, () => work(runningTask(term, task, data)));
      return isOwnEnd() ? 'it resigned' : undefined;
    } catch (error) {
      if (!isOwnEnd()) return undefined;
      // Nothing that the work has done.
      if (QuorateError.is(error, ...NOT_YET) && !hasBegun) throw error;
      report(this.#client, error);
      return errorText(error);
    } finally {
      offAbort(stop, giveUp);
      await term.release();
    }
  }
}

/** A line in the node of a task: who stands there does not bring back one that was removed. */
class TaskRules extends QueueRules<StandbyRecord> {
  readonly #folder: string;
  readonly #record: StandbyRecord;

  constructor(folder: string, record: StandbyRecord) {
    super([folder], 'latch', record);
    this.#folder = folder;
    this.#record = record;
  }

  override stand(
    session: Session<unknown, StandbyRecord>,
    _: unknown,
    wait: Patience,
  ): Promise<Claim> {
    const folders = [this.#folder];
    const checks = [{ check: this.#folder }];
    return claim({ session, kind: 'latch', folders, data: this.#record, checks }, wait);
  }
}

function runningTask<T>(term: HeldClaim, task: string, data: T): RunningTask<T> {
  const { path, fence, signal, ended, assertHeld, release } = term;
  return {
    path,
    fence,
    signal,
    ended,
    assertHeld,
    release,
    task,
    data,
    [Symbol.asyncDispose]: release,
  };
}
