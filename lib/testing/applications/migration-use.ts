/** Those who migrate, in every process: one migration after the other, some by a version that knows fewer steps. */
import { QuorateError } from '../../base/errors.ts';
import type { Client } from '../../client/client.ts';
import { type Grant, type Migration, Migrations } from '../../recipes/index.ts';
import { isHeld } from '../grants/grant-book.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { Mishap } from '../programs/sim-process.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { StepBook } from './step-book.ts';

const PATH = '/migrations';
const STEPS: readonly string[] = ['001', '002', '003', '004'];
/** Mean ms of one piece of work, and of work that goes on for too long. */
const STEP = 200;
const LATE = 2_000;

export class MigrationUse implements Application {
  readonly #book = new StepBook(PATH, STEPS);
  /** Which migration is to be done now. */
  #current = 1;

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { prng } = life.process;
    const known = STEPS.slice(0, prng.pick([4, 4, 3]));
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const migrator = new Actor(life, 'migrator', 'S47');
      migrator.repeat(() => this.#migrate(migrator, known));
    }
  }

  owed(): () => readonly string[] {
    return () => [];
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  async #migrate(migrator: Actor, known: readonly string[]): Promise<void> {
    const { process, client, life } = migrator;
    const name = `m${this.#current}`;
    const steps = known.map((step): Migration => {
      return {
        name: step,
        run: (guarded, grant) => this.#step(migrator, name, step, guarded, grant),
      };
    });
    const migrations = new Migrations(client, `${PATH}/${name}`, steps);
    const isPatient = process.prng.chance(0.7);
    const { stop: signal } = life;
    try {
      const ran = await (isPatient
        ? migrator.patiently(() => migrations.run({ signal }))
        : migrations.run({ signal, timeout: migrator.impatience() }));
      process.call(() => this.#book.finished(process, name, known, ran, migrator.applied));
      migrator.count(ran.length > 0 ? 'migrated' : 'had nothing to do');
    } catch (error) {
      const isOwn = error instanceof Mishap || (isPatient && !signal.aborted);
      const isEnd = QuorateError.is(error, 'GRANT_LOST', 'CLOSED', 'QUARANTINED', 'OVERLOADED');
      const isKnown = !process.alive || error instanceof Mishap || isEnd;
      process.call(() => {
        demand(!isOwn || isKnown, 'S47', () => `Migrations.run has ended by ${String(error)}`);
      });
      if (!(error instanceof Mishap)) throw error;
      migrator.count('failed');
    }
    const records = await migrations.records();
    process.call(() =>
      this.#book.listed(
        name,
        records.map((record) => record.name),
      ),
    );
    const isDone = records.length === STEPS.length && name === `m${this.#current}`;
    if (isDone && process.prng.chance(0.5)) this.#current += 1;
  }

  async #step(
    migrator: Actor,
    migration: string,
    step: string,
    client: Client,
    grant: Grant,
  ): Promise<void> {
    const { process } = migrator;
    const { prng } = process;
    const book = this.#book;
    const holding = process.call(() => {
      return book.begun(process, migration, step, grant, migrator.applied);
    });
    migrator.count('step');
    migrator.stage.note(process, () => `does ${step} of ${migration} by ${grant.path}`);
    let isDone = false;
    try {
      for (let steps = prng.below(3); steps > 0; steps -= 1) {
        await migrator.pause(prng.exponential(STEP));
        if (!isHeld(grant)) break;
        process.call(() => book.asserted(holding));
        if (prng.chance(0.5)) await this.#write(client, `/log/${migration}`, grant);
      }
      if (prng.chance(0.2)) await migrator.pause(prng.exponential(LATE));
      if (prng.chance(0.2)) throw new Mishap('the step has failed');
      isDone = true;
    } finally {
      book.settled(holding, migration, step, isDone);
    }
  }

  /** A write that is to be refused to a late one. */
  async #write(client: Client, log: string, grant: Grant): Promise<void> {
    try {
      await client.update(log, () => String(grant.fence), { timeout: 1_000 });
    } catch (error) {
      if (!QuorateError.is(error)) throw error;
    }
  }
}
