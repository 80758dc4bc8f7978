/** Who runs each task and who stands by for it, as one consumer has heard. */
import { joinPath, nameOf, parentOf } from '../base/path.ts';
import { utf8 } from '../client/codec.ts';
import type { TreeUpdate } from '../client/feed.ts';
import { lineOf } from './names.ts';

/** The data of a member's node, as JSON. */
export interface StandbyRecord {
  readonly owner: string;
  readonly state: 'RUNNING' | 'STANDBY';
  /** How often it has failed at this task before. */
  readonly failures: number;
  /** Of the last time. */
  readonly error?: string;
}

/** One that runs a task or stands by for it. */
export interface StandbyMember {
  /** Its node. */
  readonly path: string;
  /** Who it says it is: `host:pid`, unless the option `owner` says otherwise. */
  readonly owner: string;
  /** What it says of itself: for a moment after a failure all stand by. */
  readonly state: 'RUNNING' | 'STANDBY';
  /** The czxid of its node: the fence of its term. */
  readonly fence: bigint;
  /** How often its work has thrown or resigned since it was started. */
  readonly failures: number;
  /** What the work threw the last time: the first 1,000 characters of the message. */
  readonly error?: string;
}

type Members = Map<string, StandbyMember>;

export class StandbyTasks {
  readonly #root: string;
  readonly #tasks = new Map<string, Members>();
  #view: ReadonlyMap<string, readonly StandbyMember[]> | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  take({ changes }: TreeUpdate<Uint8Array>): ReadonlyMap<string, readonly StandbyMember[]> {
    let hasChanged = this.#view === undefined;
    for (const change of changes) {
      const { path } = change;
      const folder = path === '/' ? undefined : parentOf(path);
      if (folder === this.#root && path !== this.#root) {
        const task = nameOf(path);
        hasChanged ||= change.type !== 'changed';
        if (change.type === 'deleted') this.#tasks.delete(task);
        else if (!this.#tasks.has(task)) this.#tasks.set(task, new Map());
        continue;
      }
      const members = folder === undefined ? undefined : this.#membersIn(folder);
      if (members === undefined) continue;
      hasChanged = true;
      const record = change.type === 'deleted' ? undefined : recordOf(change.data);
      if (change.type === 'deleted' || record === undefined) members.delete(nameOf(path));
      else members.set(nameOf(path), { ...record, path, fence: change.stat.czxid });
    }
    if (!hasChanged && this.#view !== undefined) return this.#view;
    this.#view = this.#show();
    return this.#view;
  }

  #membersIn(folder: string): Members | undefined {
    if (folder === '/' || folder === this.#root) return undefined;
    const task = nameOf(folder);
    return folder === joinPath(this.#root, task) ? this.#tasks.get(task) : undefined;
  }

  #show(): ReadonlyMap<string, readonly StandbyMember[]> {
    const tasks = [...this.#tasks].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(
      tasks.map(([task, members]) => {
        const line = lineOf([...members.keys()]).map(({ name }) => members.get(name));
        return [task, line.filter((member) => member !== undefined)];
      }),
    );
  }
}

/** Undefined: it is no member. */
function recordOf(data: Uint8Array): StandbyRecord | undefined {
  try {
    const { owner, state, failures, error }: Partial<StandbyRecord> = JSON.parse(utf8.decode(data));
    if (typeof owner !== 'string' || typeof failures !== 'number') return undefined;
    if (state !== 'RUNNING' && state !== 'STANDBY') return undefined;
    return { owner, state, failures, ...(typeof error === 'string' && { error }) };
  } catch {
    return undefined;
  }
}
