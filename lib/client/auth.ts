import { createHash } from 'node:crypto';
import { QuorateError } from '../base/errors.ts';
import type { Identity } from '../tree/acl.ts';

/**
 * The identity that credentials stand for. Of a password only ZooKeeper's digest leaves the process:
 * base64 of SHA-1 of `user:password`.
 * @throws {QuorateError} AUTH_FAILED: an unknown scheme, or credentials that are none
 */
export function identityFor(scheme: string, credentials: string): Identity {
  if (typeof scheme !== 'string' || typeof credentials !== 'string') {
    throw new TypeError('addAuth: scheme and credentials are strings');
  }
  if (scheme !== 'digest') {
    throw QuorateError.make('AUTH_FAILED', `addAuth: no scheme '${scheme}'; there is 'digest'`);
  }
  const colon = credentials.indexOf(':');
  if (colon <= 0) {
    throw QuorateError.make('AUTH_FAILED', "addAuth: digest credentials are 'user:password'");
  }
  const digest = createHash('sha1').update(credentials).digest('base64');
  return { scheme: 'digest', id: `${credentials.slice(0, colon)}:${digest}` };
}
