/** When a schedule is due: from a cron expression, or from whatever can tell the next time. */

import { refusePromise } from '../client/codec.ts';

/** The first tick after a moment: nothing, `null` included, if there is none any more. */
export type NextTick = (after: Date) => Date | null | undefined;

/** The same, checked. Ticks are in ms since 1970. */
export type Next = (after: number) => number | undefined;

/** The package that reads cron expressions: whoever writes none does not need it. */
const CRONER = 'croner';

/**
 * A cron expression as the function that tells its next tick.
 * @throws {TypeError} the package is not installed, or refuses the expression or the time zone
 */
export async function cronTicks(
  cron: string,
  timeZone: string,
  load: () => Promise<unknown> = () => import(CRONER),
): Promise<Next> {
  const Cron = constructorOf(await load().catch(absent));
  try {
    const pattern = new Cron(cron, { timezone: timeZone });
    // It looks at the time zone no earlier.
    pattern.nextRun(new Date());
    return checked((after) => pattern.nextRun(after));
  } catch (cause) {
    const message = `'${cron}' in ${timeZone} is refused: ${String(cause)}`;
    throw new TypeError(`Schedule: ${message}`, { cause });
  }
}

function absent(cause: unknown): never {
  const message = `a cron expression needs the package ${CRONER}: npm install ${CRONER}, or give next(after) instead`;
  throw new TypeError(`Schedule: ${message}`, { cause });
}

type CronConstructor = new (
  pattern: string,
  options: { readonly timezone: string },
) => { nextRun(after: Date): Date | null };

function constructorOf(module: unknown): CronConstructor {
  if (isCroner(module)) return module.Cron;
  throw new TypeError(`Schedule: this version of ${CRONER} has no Cron`);
}

function isCroner(module: unknown): module is { readonly Cron: CronConstructor } {
  return (
    typeof module === 'object' &&
    module !== null &&
    'Cron' in module &&
    typeof module.Cron === 'function'
  );
}

/** What an application tells, or a fault that says so: a tick that is not later would be run for ever. */
export function checked(next: NextTick): Next {
  return (after) => {
    const tick = next(new Date(after));
    refusePromise(tick, 'Schedule: next() is synchronous');
    if (tick === undefined || tick === null) return undefined;
    if (!(tick instanceof Date)) throw new TypeError('Schedule: next() returns a Date');
    const time = tick.getTime();
    if (time > after) return time;
    throw new RangeError(
      `Schedule: next() returns a time later than what it is given, not ${tick}`,
    );
  };
}

/**
 * The last tick after `last` that is due by `now`; undefined: none is. Asks about forty times, however many
 * ticks there were.
 */
export function newestTick(next: Next, last: number, now: number): number | undefined {
  let newest = dueTick(next, last, now);
  if (newest === undefined) return undefined;
  // No tick is later than the bound.
  let bound = now;
  if (dueTick(next, newest, now) === undefined) return newest;
  while (newest < bound) {
    const middle: number = newest + Math.ceil((bound - newest) / 2);
    const tick = dueTick(next, middle - 1, now);
    if (tick === undefined) bound = middle - 1;
    else newest = tick;
  }
  return newest;
}

function dueTick(next: Next, after: number, now: number): number | undefined {
  const tick = next(after);
  return tick !== undefined && tick <= now ? tick : undefined;
}
