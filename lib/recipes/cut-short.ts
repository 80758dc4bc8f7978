import { QuorateError } from '../base/errors.ts';
import type { Patience } from './patience.ts';

/** A wait of many steps, for the text of its error. */
export interface WholeWait {
  /** Such as `acquire /a`. */
  readonly what: string;
  readonly path: string;
  readonly wait: Patience;
  /** Why it took so long, where that is known. */
  readonly because?: () => Promise<string | undefined>;
}

/** The error of a step as that of the whole wait, of which nothing is left. */
export async function cutShort(error: unknown, whole: WholeWait): Promise<unknown> {
  const { what, path, wait } = whole;
  if (QuorateError.is(error, 'ABORTED')) {
    const details = { outcome: 'not-applied', path, cause: wait.signal?.reason } as const;
    return QuorateError.make('ABORTED', `${what} was aborted`, details);
  }
  if (QuorateError.is(error, 'TIMED_OUT')) {
    const why = await whole.because?.();
    const because = why === undefined ? '' : `: ${why}`;
    const message = `${what} timed out after ${wait.timeout} ms${because}`;
    const details = { outcome: 'not-applied', path, cause: error } as const;
    return QuorateError.make('TIMED_OUT', message, details);
  }
  return error;
}
