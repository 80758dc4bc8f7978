/**
 * S46: who runs each task of a hot standby, and who stands by. It hears of runs from those who run, and of
 * their nodes from G.
 */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { RunningTask } from '../../recipes/index.ts';
import { GrantBook, type Holder, type Holding, isHeld } from '../grants/grant-book.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { stepsOf } from './steps.ts';

/** The node of one who stands for a task. */
interface Member {
  readonly task: string;
  readonly owner: string;
  readonly sequence: number;
  state: string;
}

/** What is known of one owner at one task. */
interface Failures {
  count: number;
  message: string | undefined;
  /** The task was removed: who stands for it when it is there again may know nothing of it. */
  isForgotten: boolean;
}

const NEVER: Failures = { count: 0, message: undefined, isForgotten: false };

export class StandbyBook {
  readonly #folder: string;
  readonly #grants: GrantBook;
  /** Those in G, each with the transaction that has added it: one that is added again is another one. */
  readonly #tasks = new Map<string, Zxid>();
  /** By node of a member: for which of them it stands, or stood. */
  readonly #stoodFor = new Map<string, Zxid | undefined>();
  /** Those in G. */
  readonly #members = new Map<string, Member>();
  /** By owner and task. */
  readonly #failures = new Map<string, Failures>();
  /** By task: how often it was taken over. */
  readonly #terms = new Map<string, number>();

  constructor(path: string) {
    this.#folder = `${path}/`;
    // Whoever removes a task takes it away from those who run it.
    this.#grants = new GrantBook(this.#folder, (node) => {
      return this.#tasks.get(this.#taskOf(node)) !== this.#stoodFor.get(node);
    });
  }

  get predicate(): Predicate {
    return {
      name: 'S46',
      title: 'one runs a task of a hot standby, the first in its line',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  get tasks(): ReadonlyMap<string, Zxid> {
    return this.#tasks;
  }

  get standing(): string[] {
    return [...this.#members.keys()];
  }

  termsOf(task: string): number {
    return this.#terms.get(task) ?? 0;
  }

  /** Work is called. */
  begun<T>(process: Holder, running: RunningTask<T>, owner: string, since: Zxid): Holding {
    const { task, path } = running;
    const name = `${task} of ${formatZxid(this.#stoodFor.get(path) ?? 0n)}`;
    const holding = this.#grants.granted(process, running, [{ name, room: 1 }], 1, since);
    demand(isHeld(running), 'S46', () => `work is called by ${path}, which is over`);
    const member = this.#members.get(path);
    const isRunning = member === undefined || member.state === 'RUNNING';
    demand(isRunning && (member?.owner ?? owner) === owner, 'S46', () => {
      return `${owner} runs ${task} by ${path}, which is ${member?.state} of ${member?.owner}`;
    });
    this.#terms.set(task, this.termsOf(task) + 1);
    return holding;
  }

  /** At this moment it believes that it holds. */
  asserted(holding: Holding): void {
    this.#grants.asserted(holding);
  }

  /** Work has settled. @param failure how it has failed; undefined: it was not held any more */
  settled(holding: Holding, task: string, owner: string, failure: string | undefined): void {
    this.#grants.done(holding);
    if (failure === undefined) return;
    const key = `${owner} ${task}`;
    const { count, isForgotten: wasForgotten } = this.#failures.get(key) ?? NEVER;
    // It may be late, and the task that it has failed at another one.
    const isOfFormer = this.#tasks.get(task) !== this.#stoodFor.get(holding.grant.path);
    const isForgotten = wasForgotten || isOfFormer;
    this.#failures.set(key, { count: count + 1, message: failure, isForgotten });
  }

  #decided(decided: Decided): void {
    const { zxid } = decided.entry;
    for (const step of stepsOf(decided, this.#folder)) {
      const { type, path } = step;
      const task = this.#taskOf(path);
      if (path === `${this.#folder}${task}`) {
        if (type === 'create') this.#tasks.set(task, zxid);
        if (type === 'delete') this.#removed(task);
      } else if (type === 'create') this.#came(path, task, step.data);
      else if (type === 'set') this.#changed(path, task, step.data, zxid);
      else if (type === 'delete') this.#members.delete(path);
    }
    this.#grants.decided(decided);
  }

  #removed(task: string): void {
    this.#tasks.delete(task);
    for (const [key, failures] of this.#failures) {
      if (key.endsWith(` ${task}`)) failures.isForgotten = true;
    }
  }

  #came(path: string, task: string, data: string): void {
    const { owner, state, failures, error } = JSON.parse(data);
    demand(state === 'STANDBY', 'S46', () => `${path} comes as ${state}`);
    this.#stoodFor.set(path, this.#tasks.get(task));
    const key = `${owner} ${task}`;
    if (failures === 0 && this.#failures.get(key)?.isForgotten === true) this.#failures.delete(key);
    const known = this.#failures.get(key);
    demand(failures === (known?.count ?? 0) && error === known?.message, 'S46', () => {
      return `${owner} has failed at ${task} ${known?.count ?? 0} times (${known?.message}), and says ${data}`;
    });
    this.#members.set(path, { task, owner, state, sequence: Number(path.slice(-10)) });
  }

  #changed(path: string, task: string, data: string, zxid: Zxid): void {
    const member = this.#members.get(path);
    const { state, owner } = JSON.parse(data);
    demand(member !== undefined && member.owner === owner, 'S46', () => {
      return `${formatZxid(zxid)} makes ${path} one of ${owner}`;
    });
    if (member === undefined) return;
    member.state = state;
    if (state !== 'RUNNING') return;
    for (const [other, { task: its, state: is, sequence }] of this.#members) {
      if (other === path || its !== task) continue;
      demand(is !== 'RUNNING', 'S46', () => `${path} and ${other} are RUNNING`);
      demand(sequence > member.sequence, 'S46', () => `${path} is RUNNING ahead of ${other}`);
    }
  }

  #taskOf(path: string): string {
    return path.slice(this.#folder.length).split('/')[0] ?? '';
  }
}
