/**
 * S47: which steps of a migration were done, in which order, and by whom. It hears of steps from those who do
 * them, and of their records from G.
 */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Grant } from '../../recipes/index.ts';
import { GrantBook, type Holder, type Holding } from '../grants/grant-book.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { askerOf, stepsOf } from './steps.ts';

/** A record in G. */
interface Done {
  readonly at: Zxid;
  readonly asker: string;
}

export class StepBook {
  readonly #folder: string;
  readonly #steps: readonly string[];
  readonly #grants: GrantBook;
  /** By migration: the records, in their order. */
  readonly #done = new Map<string, Map<string, Done>>();
  /** By the path of the grant. */
  readonly #held = new Map<string, Holding>();
  /** Steps that have ended well, by the grant under which: their record is about to be made. */
  readonly #ended = new Set<string>();

  /** @param steps of every migration, in their order */
  constructor(path: string, steps: readonly string[]) {
    this.#folder = `${path}/`;
    this.#steps = steps;
    this.#grants = new GrantBook(this.#folder);
  }

  get predicate(): Predicate {
    return {
      name: 'S47',
      title:
        'the steps of a migration are done in order, each until it is recorded, never two at once',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  get standing(): string[] {
    return [...this.#grants.standing];
  }

  /** A step is called, by a holder that has seen as far as `since`. */
  begun(process: Holder, migration: string, step: string, grant: Grant, since: Zxid): Holding {
    const holding = this.#holdingOf(process, migration, grant, since);
    const done = this.#doneOf(migration);
    const what = `peer ${process.peer.id} begins ${step} of ${migration}`;
    const own = done.get(step);
    demand(own === undefined || own.at > since, 'S47', () => {
      return `${what} at ${formatZxid(since)}, done at ${formatZxid(own?.at ?? since)}`;
    });
    const before = this.#steps.slice(0, this.#steps.indexOf(step));
    const missing = before.filter((name) => !done.has(name));
    demand(missing.length === 0, 'S47', () => `${what} before ${missing.join(', ')}`);
    return holding;
  }

  /** At this moment it believes that it holds. */
  asserted(holding: Holding): void {
    this.#grants.asserted(holding);
  }

  /** A step has settled; `isDone`: as it should. */
  settled(holding: Holding, migration: string, step: string, isDone: boolean): void {
    this.#grants.done(holding);
    if (isDone) this.#ended.add(`${migration} ${step} ${holding.grant.path}`);
  }

  /** Somebody who has seen as far as `told` is told that all these are done, and that it has done some. */
  finished(
    process: Holder,
    migration: string,
    all: readonly string[],
    ran: readonly string[],
    told: Zxid,
  ): void {
    const done = this.#doneOf(migration);
    for (const step of all) {
      const at = done.get(step)?.at;
      demand(at !== undefined && at <= told, 'S47', () => {
        return `peer ${process.peer.id} is told that ${step} of ${migration} is done`;
      });
    }
    const life = `${process.peer.id}/${process.peer.disk.boot}`;
    for (const step of ran) {
      demand(done.get(step)?.asker === life, 'S47', () => {
        return `${life} is told that it has done ${step} of ${migration}: ${done.get(step)?.asker} has`;
      });
    }
  }

  /** Somebody is told what was done, in which order. */
  listed(migration: string, names: readonly string[]): void {
    const done = [...this.#doneOf(migration).keys()].slice(0, names.length);
    demand(names.join() === done.join(), 'S47', () => {
      return `${migration} is told as ${names.join()}, and it was ${done.join()}`;
    });
  }

  #decided(decided: Decided): void {
    this.#grants.decided(decided);
    const { zxid } = decided.entry;
    const steps = stepsOf(decided, this.#folder);
    for (const { type, path } of steps) {
      const [migration = '', folder, name] = path.slice(this.#folder.length).split('/');
      if (folder !== 'done' || name === undefined) continue;
      demand(type !== 'delete', 'S47', () => `the record ${path} is gone`);
      if (type !== 'create') continue;
      const done = this.#doneOf(migration);
      const next = this.#steps[done.size];
      demand(name === next, 'S47', () => `${path} is recorded, and ${next} was to be`);
      const guards = steps.flatMap((step) => (step.type === 'check' ? [step.path] : []));
      const wasDone = guards.some((guard) => this.#ended.has(`${migration} ${name} ${guard}`));
      demand(
        wasDone,
        'S47',
        () => `${path} is recorded by ${guards.join()}, which has not done it`,
      );
      done.set(name, { at: zxid, asker: askerOf(decided) });
    }
  }

  /** One grant is for all steps that its holder does. */
  #holdingOf(process: Holder, migration: string, grant: Grant, since: Zxid): Holding {
    const known = this.#held.get(grant.path);
    if (known !== undefined) {
      known.isWorking = true;
      this.#grants.asserted(known);
      return known;
    }
    const line = { name: migration, room: 1, log: `/log/${migration}` };
    const holding = this.#grants.granted(process, grant, [line], 1, since);
    this.#held.set(grant.path, holding);
    return holding;
  }

  #doneOf(migration: string): Map<string, Done> {
    const known = this.#done.get(migration) ?? new Map();
    this.#done.set(migration, known);
    return known;
  }
}
