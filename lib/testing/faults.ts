/** What may go wrong, as data: a schedule is drawn up front, so that any part of it can be left out. */
import type { FlippedPart } from './bit-flip.ts';
import type { Prng } from './prng.ts';
import type { CrashPoint } from './world.ts';

/** Whom a fault meets, decided when it strikes: a role, or else the so-manieth peer. */
export interface Target {
  readonly role: 'leader' | 'follower' | 'any';
  readonly nth: number;
}

export type PartitionShape =
  /** Two sides that do not hear one another. */
  | 'split'
  /** One side hears the other, but not the other way round. */
  | 'asymmetric'
  /** Everybody hears the two neighbours only. */
  | 'ring'
  /** Two sides that share one peer. */
  | 'bridge'
  /** One peer alone. */
  | 'isolate'
  /** The leader hears nobody. */
  | 'deaf-leader'
  /** Nobody hears the leader. */
  | 'mute-leader';

export type Fault = { readonly at: number } & (
  | {
      readonly type: 'crash';
      readonly target: Target;
      readonly silent: boolean;
      readonly keep: boolean;
      readonly downtime: number;
      readonly point: CrashPoint | undefined;
    }
  | {
      readonly type: 'crash-all';
      readonly silent: boolean;
      readonly keep: boolean;
      readonly downtime: number;
    }
  /** Several at once, as when a room loses its power. */
  | {
      readonly type: 'kill-room';
      readonly order: number;
      readonly share: number;
      readonly downtime: number;
    }
  | {
      readonly type: 'partition';
      readonly shape: PartitionShape;
      readonly order: number;
      readonly share: number;
      readonly duration: number;
    }
  | { readonly type: 'clog'; readonly from: Target; readonly to: Target; readonly duration: number }
  /** Some peers are cut off one after the other, and come back one after the other in another order. */
  | {
      readonly type: 'swizzle';
      readonly order: number;
      readonly share: number;
      readonly pause: number;
    }
  | {
      readonly type: 'slow';
      readonly target: Target;
      readonly factor: number;
      readonly duration: number;
    }
  | {
      readonly type: 'break';
      readonly one: Target;
      readonly two: Target;
      readonly halfOpen: boolean;
    }
  /** Every connection breaks, again and again. */
  | { readonly type: 'storm'; readonly times: number; readonly pause: number }
  | {
      readonly type: 'disk-slow';
      readonly target: Target;
      readonly latency: number;
      readonly duration: number;
    }
  /** Writes neither end nor fail. */
  | { readonly type: 'disk-hang'; readonly target: Target; readonly duration: number }
  /** `cut`: it strikes the next write that cuts the log. */
  | {
      readonly type: 'disk-error';
      readonly target: Target;
      readonly duration: number;
      readonly cut: boolean;
    }
  | { readonly type: 'wipe'; readonly target: Target; readonly downtime: number }
  | { readonly type: 'rollback'; readonly target: Target; readonly age: number }
  /** A bit of what is on the disk is another one when it is opened next. */
  | {
      readonly type: 'bit-flip';
      readonly target: Target;
      readonly part: FlippedPart;
      readonly order: number;
      readonly downtime: number;
    }
  /** Runs on an empty disk for a while, then on its own again: a volume that was not mounted. */
  | {
      readonly type: 'other-disk';
      readonly target: Target;
      readonly downtime: number;
      readonly duration: number;
    }
  /** A disk comes back as it was before a start, and is opened `opens` times more; nobody lives on who remembers. */
  | {
      readonly type: 'old-copy';
      readonly target: Target;
      readonly age: number;
      readonly opens: number;
      readonly downtime: number;
    }
  | { readonly type: 'clone'; readonly target: Target; readonly duration: number }
  | {
      readonly type: 'stall';
      readonly target: Target;
      readonly duration: number;
      readonly timersFirst: boolean;
      readonly asleep: boolean;
    }
  | { readonly type: 'clock-jump'; readonly target: Target; readonly milliseconds: number }
  | { readonly type: 'drift'; readonly target: Target; readonly rate: number }
  | { readonly type: 'hand-over'; readonly stop: boolean; readonly downtime: number }
  /** One vote after the other, `rounds` times; `restless`: whoever is told leaves its leader first. */
  | {
      readonly type: 'oracle';
      readonly votes: readonly { readonly target: Target; readonly leader: Target }[];
      readonly rounds: number;
      readonly pause: number;
      readonly restless: boolean;
    }
);

export type FaultType = Fault['type'];

export const FAULT_TYPES: readonly (readonly [FaultType, number])[] = [
  ['crash', 10],
  ['crash-all', 2],
  ['kill-room', 3],
  ['partition', 10],
  ['clog', 4],
  ['swizzle', 3],
  ['slow', 4],
  ['break', 5],
  ['storm', 2],
  ['disk-slow', 4],
  ['disk-hang', 3],
  ['disk-error', 3],
  ['wipe', 2],
  ['bit-flip', 2],
  ['rollback', 1],
  ['other-disk', 1],
  ['clone', 1],
  ['stall', 5],
  ['clock-jump', 2],
  ['drift', 2],
  ['hand-over', 3],
  ['oracle', 4],
  ['old-copy', 1],
];

function drawTarget(prng: Prng): Target {
  return { role: prng.pick(['leader', 'leader', 'follower', 'any', 'any']), nth: prng.below(64) };
}

/** Mostly short, now and then longer than any time-out. */
function drawDuration(prng: Prng): number {
  return prng.chance(0.25) ? prng.between(3_000, 12_000) : prng.exponential(1_200);
}

const SHAPES: readonly PartitionShape[] = [
  'split',
  'split',
  'asymmetric',
  'ring',
  'bridge',
  'isolate',
  'deaf-leader',
  'mute-leader',
];
const POINTS: readonly CrashPoint[] = ['write-begun', 'written', 'told', 'sent', 'configuring'];

/** Draws a fault of a type for a moment. */
export function drawFault(prng: Prng, type: FaultType, at: number): Fault {
  const target = drawTarget(prng);
  const duration = drawDuration(prng);
  const downtime = duration;
  const silent = prng.chance(0.3);
  const keep = prng.chance(0.5);
  switch (type) {
    case 'crash': {
      const point = prng.chance(0.6) ? prng.pick(POINTS) : undefined;
      return { type, at, target, silent, keep, downtime, point };
    }
    case 'crash-all':
      return { type, at, silent, keep, downtime };
    case 'kill-room':
      return { type, at, order: prng.uint32(), share: prng.float(), downtime };
    case 'partition':
      return {
        type,
        at,
        shape: prng.pick(SHAPES),
        order: prng.uint32(),
        share: prng.float(),
        duration,
      };
    case 'clog':
      return { type, at, from: target, to: drawTarget(prng), duration };
    case 'swizzle': {
      const [order, share] = [prng.uint32(), prng.float()];
      return { type, at, order, share, pause: prng.exponential(600) };
    }
    case 'slow':
      return { type, at, target, factor: prng.pick([5, 50, 50]), duration: duration * 2 };
    case 'break':
      return { type, at, one: target, two: drawTarget(prng), halfOpen: prng.chance(0.4) };
    case 'storm':
      return { type, at, times: prng.integer(2, 10), pause: prng.exponential(100) };
    case 'disk-slow':
      return { type, at, target, latency: prng.pick([20, 200, 2_000]), duration };
    case 'disk-hang': {
      const long = prng.chance(0.4);
      return { type, at, target, duration: prng.between(long ? 3_000 : 10, long ? 60_000 : 3_000) };
    }
    case 'disk-error':
      return { type, at, target, duration: prng.chance(0.5) ? 0 : duration, cut: prng.chance(0.3) };
    case 'stall':
      return {
        type,
        at,
        target,
        duration,
        timersFirst: prng.chance(0.5),
        asleep: prng.chance(0.2),
      };
    case 'clock-jump':
      return { type, at, target, milliseconds: prng.between(-3_600_000, 3_600_000) };
    case 'drift':
      return { type, at, target, rate: prng.between(0.95, 1.05) };
    case 'hand-over':
      return { type, at, stop: prng.chance(0.5), downtime };
    case 'oracle': {
      const votes = [];
      for (let count = prng.integer(1, 6); count > 0; count -= 1) {
        votes.push({ target: drawTarget(prng), leader: drawTarget(prng) });
      }
      const rounds = prng.pick([1, 1, 3, 10]);
      return { type, at, votes, rounds, pause: prng.exponential(60), restless: prng.chance(0.5) };
    }
    default:
      return drawRobbery(prng, type, { at, target, duration });
  }
}

type Robbery = 'wipe' | 'bit-flip' | 'rollback' | 'other-disk' | 'old-copy' | 'clone';

/** A fault that takes promises back, or doubles them. */
function drawRobbery(
  prng: Prng,
  type: Robbery,
  common: { readonly at: number; readonly target: Target; readonly duration: number },
): Fault {
  const { at, target, duration } = common;
  switch (type) {
    case 'wipe':
      return { type, at, target, downtime: duration };
    case 'bit-flip': {
      const part = prng.pick(['log', 'log', 'checkpoint', 'meta'] as const);
      return { type, at, target, part, order: prng.uint32(), downtime: prng.exponential(500) };
    }
    case 'rollback':
      return { type, at, target: { ...target, role: 'follower' }, age: prng.between(500, 20_000) };
    case 'old-copy':
      return {
        type,
        at,
        target: { ...target, role: 'follower' },
        age: prng.between(500, 10_000),
        opens: prng.integer(0, 3),
        downtime: prng.exponential(300),
      };
    case 'other-disk':
      return { type, at, target, downtime: prng.exponential(300), duration };
    case 'clone':
      return {
        type,
        at,
        target: { ...target, role: 'follower' },
        duration: prng.between(1_000, 6_000),
      };
  }
}
