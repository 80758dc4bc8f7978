import { TIMER_MAX } from '../base/timer.ts';
import { describe } from './checks.ts';

interface Range {
  readonly least: number;
  readonly most: number;
  readonly byDefault: number;
}

/** An option that is a number. */
export type NumberName =
  | 'sessionTimeout'
  | 'minSessionTimeout'
  | 'maxSessionTimeout'
  | 'requestTimeout'
  | 'heartbeat'
  | 'syncTimeout'
  | 'initTimeout'
  | 'snapCount'
  | 'snapRetainCount'
  | 'fsyncWarningThreshold'
  | 'dialTimeout'
  | 'maxTreeBytes';

/** All of them, with every default filled in. */
export type Numbers = Readonly<Record<NumberName, number>>;

/** Their bounds. A timer of Node holds 31 bits of milliseconds. */
export const RANGES: Readonly<Record<NumberName, Range>> = {
  sessionTimeout: { least: 1_000, most: 3_600_000, byDefault: 6_000 },
  minSessionTimeout: { least: 1_000, most: 3_600_000, byDefault: 4_000 },
  maxSessionTimeout: { least: 1_000, most: 3_600_000, byDefault: 60_000 },
  requestTimeout: { least: 1, most: TIMER_MAX, byDefault: 10_000 },
  heartbeat: { least: 10, most: 10_000, byDefault: 250 },
  syncTimeout: { least: 40, most: 600_000, byDefault: 2_000 },
  initTimeout: { least: 100, most: 3_600_000, byDefault: 15_000 },
  snapCount: { least: 10, most: 100_000_000, byDefault: 100_000 },
  snapRetainCount: { least: 1, most: 100, byDefault: 1 },
  fsyncWarningThreshold: { least: 1, most: 3_600_000, byDefault: 1_000 },
  dialTimeout: { least: 10, most: 60_000, byDefault: 3_000 },
  maxTreeBytes: { least: 1_048_576, most: 2 ** 40, byDefault: 268_435_456 },
};

/** Their names. */
export const NUMBER_NAMES: readonly string[] = Object.keys(RANGES);

/** @throws {TypeError | RangeError} one that is no number, out of its bounds, or does not fit another */
export function checkNumbers(given: Readonly<Record<string, unknown>>): Numbers {
  const minSessionTimeout = checkNumber('minSessionTimeout', given.minSessionTimeout);
  const maxSessionTimeout = checkNumber('maxSessionTimeout', given.maxSessionTimeout);
  if (minSessionTimeout > maxSessionTimeout) {
    throw new RangeError(
      `openPeer: minSessionTimeout (${minSessionTimeout}) is above maxSessionTimeout (${maxSessionTimeout})`,
    );
  }
  const heartbeat = checkNumber('heartbeat', given.heartbeat);
  const syncTimeout = checkNumber('syncTimeout', given.syncTimeout);
  if (syncTimeout < 4 * heartbeat) {
    throw new RangeError(
      `openPeer: syncTimeout must be at least four heartbeats (${4 * heartbeat} ms), not ${syncTimeout}`,
    );
  }
  return {
    sessionTimeout: checkSession(given.sessionTimeout, minSessionTimeout, maxSessionTimeout),
    minSessionTimeout,
    maxSessionTimeout,
    requestTimeout: checkNumber('requestTimeout', given.requestTimeout),
    heartbeat,
    syncTimeout,
    initTimeout: checkNumber('initTimeout', given.initTimeout),
    snapCount: checkNumber('snapCount', given.snapCount),
    snapRetainCount: checkNumber('snapRetainCount', given.snapRetainCount),
    fsyncWarningThreshold: checkNumber('fsyncWarningThreshold', given.fsyncWarningThreshold),
    dialTimeout: checkNumber('dialTimeout', given.dialTimeout),
    maxTreeBytes: checkNumber('maxTreeBytes', given.maxTreeBytes),
  };
}

/** The default gives way to the bounds; what was asked for does not. */
function checkSession(value: unknown, least: number, most: number): number {
  if (value !== undefined) return checkWithin('sessionTimeout', value, least, most);
  return Math.min(Math.max(RANGES.sessionTimeout.byDefault, least), most);
}

function checkNumber(name: NumberName, value: unknown): number {
  const { least, most, byDefault } = RANGES[name];
  return value === undefined ? byDefault : checkWithin(name, value, least, most);
}

function checkWithin(name: NumberName, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`openPeer: ${name} must be a number, not ${describe(value)}`);
  }
  if (value < least || value > most) {
    throw new RangeError(`openPeer: ${name} must be ${least} to ${most}, not ${value}`);
  }
  if (!Number.isInteger(value)) {
    throw new RangeError(`openPeer: ${name} must be a whole number, not ${value}`);
  }
  return value;
}
