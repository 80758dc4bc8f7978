/**
 * What a seed means: the group, its timers, its network and disks, its clients and its faults. Every
 * knob is drawn, and many faults are left out altogether in most runs, so that rare combinations
 * are not drowned by the common ones.
 */
import { COUNTER_MAX } from '../base/zxid.ts';
import { LINK_LIMITS } from '../transport/limits.ts';
import type { ConfiguredVoter } from '../zab/options.ts';
import { drawFault, FAULT_TYPES, type Fault, type FaultType } from './faults.ts';
import { Prng } from './prng.ts';
import type { NetworkOptions } from './sim-network.ts';

/** The labels of the random streams of a run. */
export const STREAM = {
  swarm: 1,
  network: 2,
  peer: 3,
  client: 4,
  fault: 5,
  heal: 6,
  store: 7,
  program: 8,
  application: 9,
} as const;

export interface Timers {
  readonly heartbeat: number;
  readonly syncTimeout: number;
  readonly initTimeout: number;
  readonly finalizeWait: number;
  readonly notificationMax: number;
  readonly reelectionDelay: number;
}

export interface Swarm {
  readonly seed: number;
  readonly voters: readonly ConfiguredVoter[];
  readonly observers: readonly number[];
  /** The group exists already when the run begins. */
  readonly born: boolean;
  /** Nobody waits for those who are late: a quorum founds the group by the operator's word. */
  readonly bootstrap: boolean;
  readonly timers: Timers;
  readonly network: NetworkOptions;
  readonly writeLatency: number;
  readonly writeSpike: number;
  readonly turnTime: number;
  /** Messages of one turn travel in frames of so many at most. */
  readonly messagesPerFrame: number;
  /** Mean ms between two pieces of client work. */
  readonly workInterval: number;
  /** Entries between two checkpoints; 0: none are taken. */
  readonly checkpointEvery: number;
  readonly counterMax: number;
  /** Bytes that a learner holds back before it writes a half synchronization. */
  readonly syncBufferBytes: number;
  /** Bytes of entries applied in one turn. */
  readonly deliverBytesMax: number;
  readonly groupBytes: number;
  readonly lagMax: number;
  /** Bytes kept for a learner behind its history. */
  readonly heldBytesMax: number;
  /** Ms between two looks for nodes whose time is over. */
  readonly reapInterval: number;
  /** Writes that may wait in one session. */
  readonly pendingMax: number;
  /** Bytes of a checkpoint made in one turn. */
  readonly sliceBytes: number;
  /** Clients with sessions; mean ms between two things that each does. */
  readonly clients: number;
  readonly clientInterval: number;
  /** Length of the safety phase. */
  readonly duration: number;
  readonly faults: readonly Fault[];
}

/** What a caller fixes instead of the seed. */
export interface SwarmOverrides {
  readonly size?: number;
  /** Indexes of the faults to keep. */
  readonly keep?: ReadonlySet<number>;
  readonly duration?: number;
  readonly workInterval?: number;
  readonly without?: readonly FaultType[];
  /** The only kinds of faults, with how often each is drawn. */
  readonly faults?: readonly (readonly [FaultType, number])[];
  /** Exactly these faults, and none that are drawn. */
  readonly schedule?: readonly Fault[];
  /** The only applications, by name, where the run has any. */
  readonly applications?: readonly string[];
  /** Knobs that the seed does not draw. */
  readonly fixed?: Partial<Omit<Swarm, 'seed' | 'faults'>>;
}

const SIZES: readonly (readonly [number, number])[] = [
  [1, 3],
  [2, 5],
  [3, 45],
  [4, 10],
  [5, 28],
  [6, 9],
];

function drawVoters(prng: Prng, size: number): ConfiguredVoter[] {
  const ids = new Set<number>();
  const dense = prng.chance(0.7);
  while (ids.size < size) ids.add(dense ? ids.size + 1 : prng.integer(1, 255));
  const sorted = [...ids].sort((one, two) => one - two);
  const kind = prng.weighted<'plain' | 'weights' | 'groups'>([
    ['plain', 8],
    ['weights', size > 2 ? 1 : 0],
    ['groups', size > 4 ? 2 : 0],
  ]);
  const voters = sorted.map((id, index) => {
    if (kind === 'weights') return { id, weight: prng.pick([0, 1, 1, 2, 3]), group: 0 };
    if (kind === 'groups') return { id, weight: 1, group: index % 3 };
    return { id, weight: 1, group: 0 };
  });
  return voters.some(({ weight }) => weight > 0)
    ? voters
    : sorted.map((id) => ({ id, weight: 1, group: 0 }));
}

function drawTimers(prng: Prng): Timers {
  const heartbeat = prng.pick([200, 250, 300]);
  const syncTimeout = heartbeat * prng.integer(4, 8);
  return {
    heartbeat,
    syncTimeout,
    initTimeout: prng.pick([2_000, 4_000, 8_000]),
    finalizeWait: prng.pick([20, 50, 200]),
    // Those who look must be heard often enough not to be taken for dead.
    notificationMax: Math.min(prng.pick([500, 1_000]), syncTimeout / 2),
    reelectionDelay: prng.pick([2_000, 5_000]),
  };
}

function drawNetwork(prng: Prng, queues: Prng): NetworkOptions {
  return {
    latency: prng.pick([0.1, 0.3, 1, 5]),
    jitter: prng.pick([0.1, 0.5, 2, 10]),
    spikeChance: prng.pick([0, 0.001, 0.01, 0.05]),
    spike: prng.pick([50, 200, 800]),
    perKilobyte: prng.pick([0, 0.01, 1]),
    queueBytes: queues.pick([16_384, LINK_LIMITS.queueBytes, LINK_LIMITS.queueBytes]),
  };
}

/** Which faults this run knows at all. */
function drawTypes(prng: Prng, without: readonly FaultType[]): (readonly [FaultType, number])[] {
  const share = prng.pick([0.25, 0.5, 1]);
  const chosen = FAULT_TYPES.filter(([type]) => prng.chance(share) && !without.includes(type));
  return chosen.length > 0 ? chosen : [['crash', 1]];
}

function drawFaults(seed: number, duration: number, overrides: SwarmOverrides): Fault[] {
  const prng = new Prng(seed, STREAM.fault);
  const drawn = drawTypes(prng, overrides.without ?? []);
  const types = overrides.faults ?? drawn;
  const count = prng.integer(10, 40);
  const faults: Fault[] = [];
  for (let index = 0; index < count; index += 1) {
    const own = new Prng(seed, STREAM.fault, index);
    faults.push(drawFault(own, own.weighted(types), own.between(500, duration)));
  }
  const { keep, schedule } = overrides;
  return (schedule ?? faults).filter((_, index) => keep === undefined || keep.has(index));
}

/** Everything about the run with this seed. */
export function drawSwarm(seed: number, overrides: SwarmOverrides = {}): Swarm {
  const prng = new Prng(seed, STREAM.swarm);
  const drawn = prng.weighted(SIZES);
  const size = overrides.size ?? drawn;
  const duration = overrides.duration ?? 60_000;
  const voters = drawVoters(prng, size);
  const taken = new Set(voters.map(({ id }) => id));
  const free = [251, 252, 253, 254, 255, 250].filter((id) => !taken.has(id));
  const observers = free.slice(0, prng.pick([0, 0, 0, 1, 1, 2]));
  return {
    seed,
    voters,
    observers,
    born: prng.chance(0.6),
    bootstrap: new Prng(seed, STREAM.swarm, 1).chance(0.4),
    timers: drawTimers(prng),
    network: drawNetwork(prng, new Prng(seed, STREAM.network, 3)),
    writeLatency: prng.pick([0.2, 1, 5, 20]),
    writeSpike: prng.pick([0, 0, 0.01, 0.05]),
    turnTime: prng.pick([0, 0.1, 1, 5]),
    messagesPerFrame: new Prng(seed, STREAM.network, 1).pick([1, 2, 1_000, 1_000]),
    workInterval: overrides.workInterval ?? prng.pick([50, 200, 500]),
    checkpointEvery: prng.pick([0, 10, 50, 200, 200]),
    counterMax: prng.pick([COUNTER_MAX, COUNTER_MAX, COUNTER_MAX, 40, 150]),
    syncBufferBytes: prng.pick([0, 200, 4_096, 4_194_304]),
    deliverBytesMax: new Prng(seed, STREAM.network, 4).pick([1, 1_000, 262_144]),
    groupBytes: prng.pick([100, 1_024, 65_536]),
    lagMax: prng.pick([200, 1_000, 100_000]),
    heldBytesMax: new Prng(seed, STREAM.network, 2).pick([2_000, 1_000_000]),
    reapInterval: prng.pick([500, 2_000, 10_000]),
    pendingMax: prng.pick([2, 16, 4_096]),
    sliceBytes: prng.pick([100, 1_000, 100_000]),
    clients: prng.integer(2, 6),
    clientInterval: overrides.workInterval ?? prng.pick([200, 500, 1_000]),
    duration,
    faults: drawFaults(seed, duration, overrides),
    ...overrides.fixed,
  };
}
