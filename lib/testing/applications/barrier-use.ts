/** Those who arrive at a barrier, close it again, and wait at a gate, in every process. */
import { Barrier } from '../../recipes/index.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { BarrierBook } from './barrier-book.ts';

const BARRIER = '/barriers/start';
const GATE = '/barriers/maintenance';
/** Mean ms that the gate is closed or open. */
const SHIFT = 1_500;

export class BarrierUse implements Application {
  readonly #size: number;
  readonly #book: BarrierBook;

  constructor(seed: number, places: number) {
    const prng = new Prng(seed, STREAM.application, 1);
    this.#size = prng.integer(1, Math.min(3, places));
    this.#book = new BarrierBook(BARRIER, GATE, this.#size);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { prng } = life.process;
    const barrier = new Barrier(life.client, BARRIER, { size: this.#size });
    const gate = new Barrier(life.client, GATE);
    const arriver = new Actor(life, 'arriver', 'S39');
    arriver.repeat(() => this.#arrive(arriver, barrier));
    const visitor = new Actor(life, 'visitor', 'S39');
    visitor.repeat(() => this.#wait(visitor, 'gate', gate));
    const keeper = new Actor(life, 'gatekeeper', 'S39');
    keeper.repeat(() => this.#keep(keeper, gate));
    if (prng.chance(0.5)) {
      const onlooker = new Actor(life, 'onlooker', 'S39');
      onlooker.repeat(() => this.#wait(onlooker, 'barrier', barrier));
    }
  }

  owed(): () => readonly string[] {
    return () => [];
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  async #arrive(arriver: Actor, barrier: Barrier): Promise<void> {
    const { process } = arriver;
    await this.#pass(arriver, 'barrier', (options) => barrier.arrive(options));
    if (process.prng.chance(0.6)) await barrier.raise();
  }

  async #wait(visitor: Actor, what: 'barrier' | 'gate', barrier: Barrier): Promise<void> {
    await this.#pass(visitor, what, (options) => barrier.wait(options));
  }

  async #pass(
    actor: Actor,
    what: 'barrier' | 'gate',
    wait: (options: { readonly signal: AbortSignal; readonly timeout?: number }) => Promise<void>,
  ): Promise<void> {
    const { process, life } = actor;
    const { stop: signal } = life;
    const asked = this.#book.answered;
    if (process.prng.chance(0.7)) await actor.patiently(() => wait({ signal }));
    else await wait({ signal, timeout: actor.impatience() });
    process.call(() => this.#book.passed(process, what, asked, actor.applied));
    actor.count('passed');
  }

  /** Whoever comes last has the gate open. */
  async #keep(keeper: Actor, gate: Barrier): Promise<void> {
    const { prng } = keeper.process;
    await keeper.pause(prng.exponential(SHIFT));
    if (prng.chance(0.5)) await gate.raise();
    await keeper.pause(prng.exponential(SHIFT));
    await gate.lift();
  }
}
