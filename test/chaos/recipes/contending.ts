/** What all workers of a process have in common. */
import { QuorateError } from '../../../lib/index.ts';
import type { Grant } from '../../../lib/recipes/index.ts';

/** What becomes of work in a process to which everything happens. */
const EXPECTED = [
  ...(['GRANT_LOST', 'CLOSED', 'TIMED_OUT', 'SESSION_EXPIRED', 'ABORTED', 'OVERLOADED'] as const),
  ...(['QUARANTINED', 'RELEASED'] as const),
];

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What its holder is told at this moment. */
export function isHeld(grant: Pick<Grant, 'assertHeld'>): boolean {
  try {
    grant.assertHeld();
    return true;
  } catch {
    return false;
  }
}

/** Resolves whether it was done; anything that is not to be expected is thrown. */
export async function tolerated(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!QuorateError.is(error, ...EXPECTED)) throw error;
    // A peer that is being closed refuses at once.
    await pause(20);
    return false;
  }
}
