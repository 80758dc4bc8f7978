/** Those who begin and end rounds of a double barrier together, one in every process. */
import { DoubleBarrier } from '../../recipes/index.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { RoundsBook } from './rounds-book.ts';

const PATH = '/phases/import';
/** Mean ms of the work inside. */
const WORK = 400;

export class RoundsUse implements Application {
  readonly #size: number;
  readonly #book: RoundsBook;

  constructor(seed: number, places: number) {
    const prng = new Prng(seed, STREAM.application, 2);
    this.#size = prng.integer(1, Math.min(3, places));
    this.#book = new RoundsBook(PATH, this.#size);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const barrier = new DoubleBarrier(life.client, PATH, { size: this.#size });
    const member = new Actor(life, 'member', 'S39');
    member.repeat(() => this.#takePart(member, barrier));
  }

  owed(): () => readonly string[] {
    return () => [];
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  async #takePart(member: Actor, barrier: DoubleBarrier): Promise<void> {
    const { process, life } = member;
    const { prng } = process;
    const { stop: signal } = life;
    const isPatient = prng.chance(0.7);
    const limit = isPatient ? {} : { timeout: member.impatience() };
    const enter = () => barrier.enter({ signal, ...limit });
    const attendance = await (isPatient ? member.patiently(enter) : enter());
    const inside = process.call(() => this.#book.entered(process, attendance, member.applied));
    member.count('entered');
    try {
      await member.pause(prng.exponential(WORK));
      if (prng.chance(0.2)) return;
      const leave = () => attendance.leave({ signal, ...limit });
      await (isPatient ? member.patiently(leave) : leave());
      process.call(() => this.#book.left(inside, member.applied));
      member.count('left');
    } finally {
      void attendance.release();
    }
  }
}
