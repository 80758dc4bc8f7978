import { QuorateError } from '../base/errors.ts';
import { DecodeError } from '../wire/decode-error.ts';

/** What is to be done about a store that does not open, whatever is wrong with it. */
const REMEDY =
  'check the disk; a peer whose directory is removed rejoins without a vote and is given it back by the others';

/** What a store that does not open is refused with: `DIRECTORY_LOCKED` or `QUARANTINED`, unless that is said already. */
export function unusable(directory: string, error: unknown): QuorateError {
  if (QuorateError.is(error)) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (hasCode(cause, 'LEVEL_LOCKED')) {
    const message = `${directory}: another process has it open`;
    return QuorateError.make('DIRECTORY_LOCKED', message, { cause });
  }
  const how = cause instanceof DecodeError ? 'is damaged' : 'cannot be opened';
  return QuorateError.make('QUARANTINED', `${directory}: ${how}: ${reasonOf(cause)}; ${REMEDY}`, {
    cause,
  });
}

/** What a store that refused a write is in from then on (rule G6). */
export function refused(cause: unknown): QuorateError {
  return QuorateError.make('QUARANTINED', `a write was refused: ${reasonOf(cause)}`, { cause });
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
