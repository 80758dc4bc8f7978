import { ERRORS, type ErrorCode, QuorateError } from '../base/errors.ts';
import type { Fate } from './wait.ts';

/** What the group answered instead of a result. */
export interface Failure {
  readonly code: ErrorCode;
  readonly path?: string;
  readonly index?: number;
}

/**
 * The error of a call.
 * @param what such as `set /a`
 * @param show a path as the application knows it
 */
export function callError(
  what: string,
  failure: Failure,
  fate: Fate,
  show: (path: string) => string,
): QuorateError {
  const path = failure.path === undefined ? undefined : show(failure.path);
  const place = path === undefined || what.endsWith(` ${path}`) ? '' : `${path}: `;
  const message = `${what}: ${place}${ERRORS[failure.code].meaning}${hint(what, failure)}`;
  return QuorateError.make(failure.code, message, { path, index: failure.index, ...fate });
}

function hint(what: string, { code, index }: Failure): string {
  if (index !== undefined) return ` (operation ${index})`;
  const isParentMissing = code === 'NO_NODE' && what.startsWith('create ');
  return isParentMissing ? '; { parents: true } creates the missing ancestors' : '';
}
