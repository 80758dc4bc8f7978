import { checkCall } from '../client/wait.ts';
import { ownerHere } from './owner.ts';
import type { TickRules } from './tick-record.ts';
import type { NextTick } from './ticks.ts';

/** When a schedule is due: what has a cron expression, and what tells the next time itself. */
export type ScheduleTicks =
  | {
      /** As the package `croner` reads it, which is to be installed then: five fields, or six with seconds. */
      readonly cron: string;
      /** IANA's name, such as `Europe/Vienna`. @default 'UTC' */
      readonly timeZone?: string;
      /** That is the other way. */
      readonly next?: never;
    }
  | {
      /** The first tick after a moment, the same in every process; nothing: there is none any more. */
      readonly next: NextTick;
      /** That is the other way. */
      readonly cron?: never;
      /** Of `cron`. */
      readonly timeZone?: never;
    };

/** What a {@link Schedule} may be told. The same in every process that takes part. */
export type ScheduleOptions = ScheduleTicks & {
  /**
   * A tick that came while nobody could run it for longer than `grace`: it is left out, or run late. Of several
   * the newest one.
   * @default 'skip'
   */
  readonly missed?: 'skip' | 'run';
  /**
   * A run that was begun and not ended, because its process died or lost its grant, or was stopped: it is left
   * as it is (at most once), or run again by whoever is there (at least once).
   * @default 'skip'
   */
  readonly interrupted?: 'skip' | 'retry';
  /** How often a tick is run at most, for a job that kills its process. @default 5 */
  readonly maxAttempts?: number;
  /** Ms by which a tick may be late and is not missed, such as while a session expires. @default 60_000 */
  readonly grace?: number;
  /** How others see this one, in `watch`. @default 'host:pid' */
  readonly owner?: string;
};

/** The options, checked. */
export type ScheduleRules = TickRules & { readonly owner: string } & (
    | { readonly cron: string; readonly timeZone: string; readonly next: undefined }
    | { readonly cron: undefined; readonly timeZone: undefined; readonly next: NextTick }
  );

const KNOWN = [
  'cron',
  'timeZone',
  'next',
  'missed',
  'interrupted',
  'maxAttempts',
  'grace',
  'owner',
];

/** @throws {TypeError | RangeError} the options */
export function checkScheduleOptions(options: ScheduleOptions): ScheduleRules {
  if (options === undefined) throw new TypeError('Schedule: options must be an object');
  checkCall('Schedule', options, KNOWN, KNOWN);
  const { missed = 'skip', interrupted = 'skip', owner = ownerHere() } = options;
  const { maxAttempts = 5, grace = 60_000 } = options;
  checkOneOf('missed', missed, ['skip', 'run']);
  checkOneOf('interrupted', interrupted, ['skip', 'retry']);
  if (typeof owner !== 'string') throw new TypeError('Schedule: owner is a text');
  if (typeof grace !== 'number') throw new TypeError('Schedule: grace is a number of milliseconds');
  if (!(grace >= 0)) throw new RangeError('Schedule: grace is 0 or more');
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`Schedule: maxAttempts is a whole number from 1, not ${maxAttempts}`);
  }
  return { ...checkTicks(options), missed, interrupted, owner, maxAttempts, grace };
}

function checkTicks({ cron, timeZone, next }: ScheduleTicks) {
  if ((cron === undefined) === (next === undefined)) {
    throw new TypeError('Schedule: options have cron, or next, and not both');
  }
  if (cron === undefined) {
    if (typeof next !== 'function') throw new TypeError('Schedule: next is a function');
    if (timeZone !== undefined) throw new TypeError('Schedule: timeZone belongs to cron');
    return { cron, timeZone, next };
  }
  if (typeof cron !== 'string') throw new TypeError('Schedule: cron is a text');
  if (timeZone !== undefined && typeof timeZone !== 'string') {
    throw new TypeError('Schedule: timeZone is a text');
  }
  return { cron, timeZone: timeZone ?? 'UTC', next: undefined };
}

function checkOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new TypeError(`Schedule: ${name} is ${allowed.join(' or ')}, not ${value}`);
}
