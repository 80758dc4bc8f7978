import type { Session } from '../client/client.ts';
import type { WaitOptions } from '../client/wait.ts';
import { pause } from './patience.ts';

/** For what may take as long as the session lives. */
export const WITHOUT_END: WaitOptions = { timeout: Number.POSITIVE_INFINITY };

const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1_000;

/**
 * Does the work until it is done or the session has ended, whose nodes end with it. Never rejects.
 */
export async function keepTrying(
  session: Session<unknown, never>,
  work: () => Promise<void>,
): Promise<void> {
  let wait = FIRST_PAUSE;
  while (!session.signal.aborted) {
    try {
      await work();
      return;
    } catch {
      await pause(wait, session.signal);
      wait = Math.min(LONGEST_PAUSE, wait * 2);
    }
  }
}
