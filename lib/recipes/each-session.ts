import { QuorateError } from '../base/errors.ts';
import type { Client, Session } from '../client/client.ts';
import { type Patience, pause } from './patience.ts';

/** Before it begins anew, ms: an ended session is followed by the next one at once. */
const NEXT_PAUSE = 10;

/**
 * Does it with the present session, and anew with the next one when that expires.
 * @param work undefined: it has to begin anew
 */
export async function inEachSession<T, In, R>(
  client: Client<T, In>,
  wait: Patience,
  work: (session: Session<T, In>) => Promise<R | undefined>,
): Promise<R> {
  for (;;) {
    try {
      const result = await work(client.session);
      if (result !== undefined) return result;
    } catch (error) {
      if (!QuorateError.is(error, 'SESSION_EXPIRED')) throw error;
      await pause(NEXT_PAUSE, wait.signal);
      // A client has the next one by now; a session, once it has ended, has none.
      const { aborted, reason } = client.session.signal;
      if (aborted) throw QuorateError.is(reason, 'CLOSED', 'QUARANTINED') ? reason : error;
    }
  }
}
