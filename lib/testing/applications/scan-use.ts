/** Instances of a service that fall ill and recover, and those who scan them, in every process. */
import { QuorateError } from '../../base/errors.ts';
import { Scanner, ServiceRegistry } from '../../recipes/index.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { Mishap } from '../programs/sim-process.ts';
import { STREAM } from '../swarm.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { operate } from './operator.ts';
import { ScanBook } from './scan-book.ts';

const PATH = '/watched';
const NAME = 'orders';
/** Ms from round to round, and that one probe may take. */
const INTERVAL = 500;
const TIMEOUT = 300;
/** Mean ms that an instance is there, until its health changes, that a probe takes, and of scanning. */
const TERM = 12_000;
const SHIFT = 3_000;
const PROBE = 60;
const SCAN = 8_000;

interface Patient {
  readonly actor: Actor;
  isWell: boolean;
}

export class ScanUse implements Application {
  readonly #rules: { readonly fall: number; readonly rise: number; readonly concurrency: number };
  readonly #book: ScanBook;
  /** By id. */
  readonly #patients = new Map<string, Patient>();
  /** All stay as they are, and every probe is answered. */
  #isCalm = false;
  #count = 0;

  constructor(seed: number) {
    const prng = new Prng(seed, STREAM.application, 6);
    const fall = prng.pick([2, 3]);
    this.#rules = { fall, rise: prng.pick([1, 2]), concurrency: prng.pick([1, 8]) };
    this.#book = new ScanBook(PATH, NAME, fall);
  }

  get predicate(): Predicate {
    return this.#book.predicate;
  }

  begin(life: Life): void {
    const { prng } = life.process;
    const registry = new ServiceRegistry(life.client, PATH);
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const instance = new Actor(life, 'instance', 'S50');
      instance.repeat(() => this.#serve(instance, registry));
    }
    const scanner = new Actor(life, 'scanner', 'S50');
    scanner.repeat(() => this.#scan(scanner));
    if (prng.chance(0.3)) {
      operate(life, 'S50', async ({ client }) => {
        const [first] = this.#book.scanners;
        if (first !== undefined) await client.delete(first);
      });
    }
  }

  /** Of each instance is told what it is by now, and nothing of those that are gone. */
  owed(): () => readonly string[] {
    this.#isCalm = true;
    return this.#book.owed((id) => (this.#isWell(id) ? 'up' : 'down'));
  }

  left(): readonly string[] {
    return this.#book.standing;
  }

  #isWell(id: string): boolean {
    const patient = this.#patients.get(id);
    return patient?.isWell === true && patient.actor.process.alive;
  }

  async #serve(instance: Actor, registry: ServiceRegistry): Promise<void> {
    const { process, life, client } = instance;
    const { prng } = process;
    this.#count += 1;
    const id = `i${this.#count}`;
    const patient = { actor: instance, isWell: prng.chance(0.8) };
    this.#patients.set(id, patient);
    const registration = await instance.patiently(() => {
      const wait = { signal: life.stop, timeout: Number.POSITIVE_INFINITY };
      return registry.register({ name: NAME, id, address: '10.0.0.1', port: 80 }, wait);
    });
    instance.count('registered');
    const end = process.monotonic() + prng.exponential(TERM);
    while (!life.stop.aborted && client.status.state !== 'closed') {
      await instance.pause(prng.exponential(SHIFT));
      if (this.#isCalm) continue;
      if (process.monotonic() >= end) break;
      patient.isWell = prng.chance(0.6);
    }
    await registration.close();
    this.#patients.delete(id);
  }

  /** Until everybody is stopped, or for a while. Nothing that passes ends it before. */
  async #scan(scanner: Actor): Promise<void> {
    const { process, client, life } = scanner;
    const leave = new AbortController();
    if (process.prng.chance(0.4)) {
      setTimeout(() => leave.abort(), process.prng.exponential(SCAN));
    }
    const signal = AbortSignal.any([life.stop, leave.signal]);
    const times = { interval: INTERVAL, timeout: TIMEOUT };
    const probe = ({ id }: { readonly id: string }, over: AbortSignal): Promise<undefined> => {
      return this.#probe(scanner, id, over);
    };
    try {
      await new Scanner(client, PATH, { ...this.#rules, ...times, probe }).run({ signal });
    } catch (error) {
      const isEnd = !process.alive || QuorateError.is(error, 'CLOSED', 'QUARANTINED');
      process.call(() => demand(isEnd, 'S50', () => `Scanner.run has ended by ${String(error)}`));
    }
  }

  /** What takes too long has failed. */
  async #probe(scanner: Actor, id: string, over: AbortSignal): Promise<undefined> {
    const { process } = scanner;
    let isTold = false;
    const tell = (passed: boolean): void => {
      if (!isTold) this.#book.probed(process, id, passed);
      isTold = true;
    };
    over.addEventListener('abort', () => tell(false));
    await scanner.pause(this.#isCalm ? 1 : process.prng.exponential(PROBE));
    const isWell = this.#isWell(id);
    tell(isWell);
    scanner.count(isWell ? 'passed' : 'failed');
    if (!isWell) throw new Mishap(`${id} is ill`);
    return undefined;
  }
}
