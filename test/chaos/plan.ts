/** Which faults strike whom and when: a pure function of the seed. */
import { Prng } from '../../lib/testing/prng.ts';

/** Everything that is done to the group. */
export type FaultKind =
  | 'kill'
  | 'freeze'
  | 'block'
  | 'cut'
  | 'half-cut'
  | 'delay'
  | 'throttle'
  | 'wipe'
  | 'rollback'
  | 'damage'
  | 'disk'
  | 'full-disk'
  | 'deploy'
  | 'kill-all';

/** What a disk refuses. */
export type DiskFailure = 'write ENOSPC' | 'write EIO once' | 'sync EIO' | 'sync ENOSPC once';

/** One fault. Durations are ms, `at` since the load began. */
export interface Fault {
  readonly number: number;
  readonly at: number;
  readonly kind: FaultKind;
  /** Whoever leads then, or a peer. */
  readonly victim: number | 'leader';
  /** It strikes whoever holds something just then instead, where that is known. */
  readonly aimed: boolean;
  readonly duration: number;
  /** Of a cut: the links of the victim to so many others; all of them if there are fewer. */
  readonly others: number;
  /** Of a cut: connections are refused, instead of bytes being held back; of a half-cut: what the victim says is held back, not what it hears. */
  readonly hard: boolean;
  readonly failure: DiskFailure;
  /** Of damage: where, as a share of a file; and whether the file ends there, instead of a bit being another one. */
  readonly place: number;
  readonly cutsShort: boolean;
}

/** How often each kind strikes, relatively. */
export type Weights = readonly (readonly [FaultKind, number])[];

/** What a plan is to be like. */
export interface Style {
  readonly weights: Weights;
  /** What comes first, in random order. */
  readonly deck: readonly FaultKind[];
  /** Freezes are longer than so many ms. */
  readonly freezesOutlast: number;
}

const WEIGHTS: Weights = [
  ['kill', 20],
  ['freeze', 14],
  ['block', 10],
  ['cut', 14],
  ['half-cut', 10],
  ['delay', 6],
  ['throttle', 5],
  ['wipe', 4],
  ['rollback', 4],
  ['damage', 3],
  ['disk', 4],
  ['full-disk', 2],
  ['deploy', 2],
  ['kill-all', 2],
];
const KINDS: readonly FaultKind[] = WEIGHTS.map(([kind]) => kind);

/** Where nothing speaks for another one. */
export const STYLE: Style = { weights: WEIGHTS, deck: KINDS, freezesOutlast: 0 };

const FAILURES: readonly DiskFailure[] = [
  'write ENOSPC',
  'write EIO once',
  'sync EIO',
  'sync ENOSPC once',
];

/** What holders fear besides being frozen. */
const OF_HOLDERS: ReadonlySet<FaultKind> = new Set(['kill', 'block', 'cut', 'half-cut']);

/** Every kind of fault. */
export const FAULT_KINDS: readonly FaultKind[] = KINDS;

/** All faults of a run of so many ms, peers from 1 on: first those of the deck, in random order, then as the weights say. */
export function planFaults(
  seed: number,
  peers: number,
  duration: number,
  style: Style = STYLE,
): Fault[] {
  const random = new Prng(seed);
  const deck = random.shuffled(style.deck);
  const faults: Fault[] = [];
  const between = Math.min(4_000, duration / (KINDS.length + 3));
  let at = between;
  while (at < duration) {
    const number = faults.length + 1;
    const kind = deck.shift() ?? random.weighted(style.weights);
    const victim = random.chance(0.4) ? 'leader' : random.integer(1, peers);
    faults.push({
      ...{ number, at: Math.round(at), kind, victim },
      duration: Math.round(durationOf(random, kind, duration, style)),
      others: random.integer(1, peers - 1),
      hard: random.chance(0.5),
      failure: random.pick(FAILURES),
      place: random.float(),
      cutsShort: random.chance(0.5),
      aimed: kind === 'freeze' || (OF_HOLDERS.has(kind) && random.chance(0.5)),
    });
    at += between * random.between(0.4, 1.6);
  }
  return faults;
}

/** Mostly short; some longer than a session's time-out, and in long runs a few up to a minute. */
function durationOf(
  random: Prng,
  kind: FaultKind,
  whole: number,
  { freezesOutlast }: Style,
): number {
  const luck = random.float();
  const short = random.between(100, 4_000);
  const long = random.between(7_000, 15_000);
  const longest = random.between(20_000, 60_000);
  switch (kind) {
    case 'freeze':
      if (luck > 0.95 && whole >= 300_000) return longest;
      if (luck > 0.8 && whole >= 60_000) return long;
      return freezesOutlast + short;
    case 'block':
      return random.between(500, whole >= 60_000 ? 10_000 : 3_000);
    case 'rollback':
      return random.between(2_000, 5_000);
    case 'cut':
    case 'half-cut':
      return luck > 0.9 && whole >= 60_000 ? long : short + 500;
    default:
      return short;
  }
}

/** One line of the story. */
export function describeFault(fault: Fault): string {
  const { kind, victim, duration, others, hard, failure } = fault;
  const who = victim === 'leader' ? 'the leader' : `peer ${victim}`;
  const time = `${(duration / 1_000).toFixed(1)} s`;
  switch (kind) {
    case 'kill':
      return `SIGKILL of ${who}, down for ${time}`;
    case 'freeze':
      return `SIGSTOP of ${who} for ${time}`;
    case 'block':
      return `${who} computes for ${time}`;
    case 'cut':
      return `${who} is cut from ${others} other(s) for ${time}, ${hard ? 'connections refused' : 'silently'}`;
    case 'half-cut':
      return `${who} is ${hard ? 'not heard' : 'deaf'} for ${others} other(s), for ${time}`;
    case 'delay':
    case 'throttle':
      return `links of ${who} are ${kind === 'delay' ? 'late' : 'narrow'} for ${time}`;
    case 'wipe':
      return `${who} loses its directory`;
    case 'rollback':
      return `${who} is set back by ${time}`;
    case 'damage':
      return `a file of ${who} ${fault.cutsShort ? 'is cut short' : 'has another bit'}`;
    case 'full-disk':
      return `no file of ${who} may grow any further`;
    case 'disk':
      return `the disk of ${who} says ${failure}`;
    case 'deploy':
      return 'rolling deploy: SIGTERM of one peer after the other';
    case 'kill-all':
      return `SIGKILL of all at once, down for ${time}`;
  }
}
