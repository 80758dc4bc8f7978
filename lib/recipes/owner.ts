import { hostname } from 'node:os';

/** How others see this process, unless it says otherwise: `host:pid`. */
export function ownerHere(): string {
  return `${hostname()}:${process.pid}`;
}
