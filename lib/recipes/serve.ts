import { offAbort, onAbort } from '../client/abort.ts';
import type { HeldClaim } from './held-claim.ts';
import { whileHeld } from './while-held.ts';

/**
 * Does the work of one grant, and releases it when the work has settled.
 * @returns whether that is the end: it was given up, or stopped; false: it was lost
 * @throws what the work throws while it still has the grant
 */
export async function serve(
  held: HeldClaim,
  work: () => unknown,
  stop: AbortSignal | undefined,
): Promise<boolean> {
  const giveUp = () => held.giveUp();
  if (stop?.aborted === true) giveUp();
  else if (stop !== undefined) onAbort(stop, giveUp);
  try {
    // The signal has aborted before anybody could listen: nobody is to begin any more.
    if (!held.stillHeld()) return held.isReleased;
    await whileHeld(held, work);
    return held.stillHeld() || held.isReleased;
  } catch (error) {
    if (held.stillHeld()) throw error;
    return held.isReleased;
  } finally {
    if (stop !== undefined) offAbort(stop, giveUp);
    await held.release();
  }
}
