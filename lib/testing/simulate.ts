/** A schedule by its seed: which machine, which predicates, and what is told of the run. */
import { REPLICA_PREDICATES, ZAB_PREDICATES } from './predicates/all.ts';
import { replicaFactory } from './replica-machine.ts';
import { type Outcome, runSchedule } from './schedule.ts';
import { wireCodec } from './sim-codec.ts';
import type { SwarmOverrides } from './swarm.ts';
import { zabFactory } from './zab-machine.ts';

/**
 * What runs on every simulated peer: `replica`, all that a real peer runs but its clock, sockets and
 * files; `zab`, the broadcast alone with the thinnest state above it, which is faster.
 */
export type MachineKind = 'replica' | 'zab';

/** What {@link simulate} may be told. Whatever is left out is drawn from the seed. */
export interface SimulationOptions {
  /** @default 'replica' */
  readonly machine?: MachineKind;
  /** Voters, 1 to 9. */
  readonly size?: number;
  /** Virtual ms with faults, 1 to 3_600_000; what heals comes on top. @default 60_000 */
  readonly duration?: number;
  /** Hears one readable line for each event, at once. */
  readonly trace?: (line: string) => void;
}

/** What came of one simulated run. */
export interface Simulation {
  /** What it was asked for. */
  readonly seed: number;
  /** Which of {@link PREDICATES} did not hold: the run ended there. Undefined if all went well. */
  readonly violation:
    | {
        /** Its name and what it says. */
        readonly predicate: string;
        /** What was seen. */
        readonly detail: string;
      }
    | undefined;
  /** A hash over all events: equal for equal seeds, options and versions, on every machine. */
  readonly traceHash: string;
  /** Virtual ms. */
  readonly simulated: number;
  /** How often each kind of event was seen: faults, roles, phases, requests. */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Runs quorate's own core on a virtual clock, network and disk, breaks all three as the seed says, and
 * judges every step by {@link PREDICATES}. Synchronous, some hundred times as fast as real time; nothing is left behind.
 * The same seed is the same run: what fails once fails again, and tells why when it is traced.
 *
 * @example
 * ```ts
 * import { simulate } from 'quorate/testing';
 *
 * for (let seed = 1; seed <= 10; seed += 1) {
 *   const { violation, counts } = simulate(seed, { size: 3 });
 *   if (violation === undefined) continue;
 *   console.log(violation.predicate, violation.detail, counts);
 *   simulate(seed, { size: 3, trace: (line) => console.log(line) });    // the story of the failure
 *   break;
 * }
 * ```
 *
 * @param seed a non-negative safe integer
 * @throws RangeError for a number out of its range
 */
export function simulate(seed: number, options: SimulationOptions = {}): Simulation {
  const { machine = 'replica', size, duration, trace } = options;
  checkInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  if (size !== undefined) checkInteger('size', size, 1, 9);
  if (duration !== undefined) checkInteger('duration', duration, 1, 3_600_000);
  const outcome = runSeed(seed, machine, {
    overrides: { ...(size !== undefined && { size }), ...(duration !== undefined && { duration }) },
    ...(trace && { print: trace }),
  });
  const { violation, traceHash, simulated, counts } = outcome;
  return { seed, violation, traceHash, simulated, counts };
}

/** What {@link runSeed} may be told. */
export interface SeedOptions {
  readonly overrides?: SwarmOverrides;
  readonly print?: (line: string) => void;
}

/** Runs the schedule of a seed, with anything fixed that its swarm would draw. */
export function runSeed(seed: number, machine: MachineKind, options: SeedOptions = {}): Outcome {
  return runSchedule({
    seed,
    factory: machine === 'zab' ? zabFactory : replicaFactory,
    codec: wireCodec(),
    predicates: machine === 'zab' ? ZAB_PREDICATES : REPLICA_PREDICATES,
    ...options,
  });
}

function checkInteger(what: string, value: number, low: number, high: number): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  throw new RangeError(`${what} must be an integer from ${low} to ${high}, not ${value}`);
}
