import { hostname } from 'node:os';

/** Asked for once: a lock that is made anew for each use would pay for a call of the system each time. */
let here: string | undefined;

/** How others see this process, unless it says otherwise: `host:pid`. */
export function ownerHere(): string {
  here ??= `${hostname()}:${process.pid}`;
  return here;
}
