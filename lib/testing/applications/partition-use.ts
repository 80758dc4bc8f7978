/** Those who share partitions out, one in every process: what they own is granted (S33). */
import { type Partition, Partitioner } from '../../recipes/index.ts';
import { GrantBook, type Holding, isHeld } from '../grants/grant-book.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';

const PATH = '/shares';
const PARTITIONS: readonly string[] = ['a', 'b', 'c', 'd'];
/** Mean ms between two looks of an owner, of work that goes on for too long, and of a membership that ends. */
const STEP = 400;
const LATE = 800;
const TERM = 6_000;

export class PartitionUse implements Application {
  readonly #book = new GrantBook(`${PATH}/locks/`);
  /** Who works on what now. */
  readonly #owned = new Map<string, Holding>();

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { process } = life;
    const partitioner = new Partitioner(life.client, PATH, {
      partitions: PARTITIONS,
      owner: `${process.peer.id}`,
      quiet: process.prng.pick([0, 0, 500]),
    });
    const owner = new Actor(life, 'owner', 'S33');
    owner.repeat(() => this.#takePart(owner, partitioner));
  }

  /** Every partition has an owner, all at once. */
  owed(): () => readonly string[] {
    return () => PARTITIONS.filter((name) => this.#owned.get(name)?.process.alive !== true);
  }

  left(): readonly string[] {
    return [...this.#book.standing];
  }

  /** Until everybody is stopped, or for a while. */
  async #takePart(owner: Actor, partitioner: Partitioner): Promise<void> {
    const { process, life } = owner;
    const leave = new AbortController();
    if (process.prng.chance(0.5)) {
      setTimeout(() => leave.abort(), process.prng.exponential(TERM));
    }
    const signal = AbortSignal.any([life.stop, leave.signal]);
    await partitioner.run((partition) => this.#work(owner, partition), { signal });
  }

  async #work(owner: Actor, partition: Partition): Promise<void> {
    const { process } = owner;
    const { prng } = process;
    const { name } = partition;
    const line = { name, room: 1 };
    const holding = process.call(() => {
      return this.#book.granted(process, partition, [line], 1, owner.applied);
    });
    this.#owned.set(name, holding);
    owner.count('owned');
    owner.stage.note(process, () => `owns ${name} by ${partition.path}`, name.length);
    try {
      while (isHeld(partition)) {
        process.call(() => this.#book.asserted(holding));
        await Promise.race([partition.ended, owner.pause(prng.exponential(STEP))]);
      }
      // What is over may take its time to settle.
      if (prng.chance(0.3)) await owner.pause(prng.exponential(LATE));
    } finally {
      this.#book.done(holding);
      if (this.#owned.get(name) === holding) this.#owned.delete(name);
    }
  }
}
