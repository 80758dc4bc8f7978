import { QuorateError } from '../base/errors.ts';
import { warn } from '../client/warn.ts';
import type { HeldClaim } from './held-claim.ts';

/**
 * Does the work of a grant, and warns of work that goes on although the grant was lost: as long as the group
 * takes, after the last contact, to give it to somebody else, but no longer.
 */
export async function whileHeld<R>(held: HeldClaim, work: () => R | Promise<R>): Promise<R> {
  let isSettled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  void held.ended.then(() => {
    // One that was given up keeps its node until the work has settled.
    if (isSettled || held.isReleased) return;
    const grace = Math.ceil(held.session.timeout / 3);
    timer = setTimeout(() => tell(held, grace), grace).unref();
  });
  try {
    return await work();
  } finally {
    isSettled = true;
    clearTimeout(timer);
  }
}

function tell({ session, path, signal }: HeldClaim, grace: number): void {
  const message = `the work of the grant ${path} goes on ${grace} ms after it was lost: somebody else may have it`;
  warn(session, QuorateError.make('GRANT_OVERRUN', message, { path, cause: signal.reason }));
}
