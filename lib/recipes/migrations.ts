import { QuorateError } from '../base/errors.ts';
import { joinPath, pathFault } from '../base/path.ts';
import type { Client, ReadOptions } from '../client/client.ts';
import { utf8 } from '../client/codec.ts';
import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { checkPlace } from './any-client.ts';
import { inEachSession } from './each-session.ts';
import type { Grant } from './grant.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { Mutex } from './mutex.ts';
import { Patience } from './patience.ts';

/** One step of a migration. */
export interface Migration {
  /** Under which it is recorded: never change it, and never give it again. */
  readonly name: string;
  /**
   * Does it. What it writes through the client that it is given is applied only while nobody else is at it.
   * @param grant for what is not in the tree: `assertHeld` before each side effect, and its fence
   */
  run(client: Client, grant: Grant): unknown;
}

/** When a step was done. */
export interface MigrationRecord {
  /** The name of the step. */
  readonly name: string;
  /** In ms since 1970, by the clock of the leader. */
  readonly at: number;
}

/**
 * Steps that are each done once in the whole group, in their order, by whoever comes first: for what has to be
 * so before the application starts. See the guide `migrations.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Migrations } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const migrations = new Migrations(peer, '/migrations', [
 *   { name: '001-limits', run: (client) => client.ensurePath('/config/limits') },
 *   { name: '002-default', run: (client) => client.set('/config/limits', '10') },
 * ]);
 * console.log(await migrations.run());             // those that this process has done: both
 * console.log(await migrations.run());             // none
 * await peer.close();
 * ```
 */
export class Migrations {
  readonly #client: Client;
  readonly #path: string;
  readonly #folder: string;
  readonly #steps: readonly Migration[];

  /**
   * Free: nothing is asked before `run`.
   * @param path the node that the records stand below, in `done`
   * @throws {TypeError} the steps; RangeError: a name is no name of a node, or there twice
   */
  constructor(client: Client, path: string, steps: readonly Migration[]) {
    checkPlace('Migrations', client, path);
    if (!Array.isArray(steps)) throw new TypeError('Migrations: steps is an array');
    for (const step of steps) checkStep(step);
    if (new Set(steps.map(({ name }) => name)).size < steps.length) {
      throw new RangeError('Migrations: a name is there twice');
    }
    this.#client = client.as(utf8);
    this.#path = path;
    this.#folder = joinPath(path, 'done');
    this.#steps = [...steps];
  }

  /**
   * Sees to it that all steps are done, by this process or another one, which it waits for: without end unless
   * there is a `timeout`, which bounds that wait and not the work. Resolves with the names of those that it did.
   *
   * @throws what a step throws: it and those behind it are not done. GRANT_LOST: the session was lost; a step
   * may be half done, and is run again. BAD_ARGUMENTS: a step stands before one that is done already
   */
  async run(options?: WaitOptions): Promise<string[]> {
    checkCall('Migrations.run', options, WAIT_OPTIONS);
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    const done = await inEachSession(this.#client, wait, () => this.#done(wait.left));
    if (this.#pending(done).length === 0) return [];
    const mutex = new Mutex(this.#client, joinPath(this.#path, 'lock'));
    return await mutex.run((grant) => this.#run(grant), wait.left);
  }

  /** What was done so far, in that order, also by versions that know other steps. */
  async records(options?: ReadOptions): Promise<MigrationRecord[]> {
    const names = await this.#done(options);
    const nodes = await Promise.all(
      names.map(async (name) => ({
        name,
        stat: await this.#client.exists(joinPath(this.#folder, name), options),
      })),
    );
    const records = nodes.flatMap(({ name, stat }) => (stat === undefined ? [] : [{ name, stat }]));
    records.sort((a, b) => (a.stat.czxid < b.stat.czxid ? -1 : 1));
    return records.map(({ name, stat }) => ({ name, at: stat.ctime }));
  }

  async #run(grant: Grant): Promise<string[]> {
    const guarded = this.#client.guardedBy(grant);
    await unlessLost(grant, () => guarded.ensurePath(this.#folder, WITHOUT_END));
    const done = await unlessLost(grant, () => {
      return this.#done({ consistency: 'linearizable', ...WITHOUT_END });
    });
    const ran: string[] = [];
    for (const step of this.#pending(done)) {
      grant.assertHeld();
      await step.run(guarded, grant);
      const record = joinPath(this.#folder, step.name);
      await unlessLost(grant, () => guarded.create(record, '', WITHOUT_END));
      ran.push(step.name);
    }
    return ran;
  }

  /** Those that are still to be done, in their order. */
  #pending(done: readonly string[]): readonly Migration[] {
    const isDone = ({ name }: Migration) => done.includes(name);
    const first = this.#steps.findIndex((step) => !isDone(step));
    if (first < 0) return [];
    const pending = this.#steps.slice(first);
    const late = pending.find(isDone);
    if (late === undefined) return pending;
    const message = `the migration ${pending[0]?.name} stands before ${late.name}, which is done already`;
    throw QuorateError.make('BAD_ARGUMENTS', message, { path: this.#path });
  }

  async #done(options?: ReadOptions): Promise<string[]> {
    try {
      return await this.#client.children(this.#folder, options);
    } catch (error) {
      if (QuorateError.is(error, 'NO_NODE')) return [];
      throw error;
    }
  }
}

/** However long the group takes to answer; whatever fails because the grant is over fails by that. */
async function unlessLost<R>(grant: Grant, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    grant.assertHeld();
    throw error;
  }
}

function checkStep(step: Migration): void {
  if (typeof step?.name !== 'string' || typeof step.run !== 'function') {
    throw new TypeError('Migrations: a step has a name and run()');
  }
  const { name } = step;
  if (name === '' || name.includes('/') || pathFault(`/${name}`) !== undefined) {
    throw new RangeError(`Migrations: '${name}' is no name of a node`);
  }
}
