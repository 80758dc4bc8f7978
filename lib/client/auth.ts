import { createHash } from 'node:crypto';
import { QuorateError } from '../base/errors.ts';
import type { Identity } from '../tree/acl.ts';

/** ZooKeeper's super user: every ACL permits it everything. */
const SUPER: Identity = { scheme: 'super', id: '' };

/**
 * The identities that credentials stand for: their own, and the super user's if theirs is the `superDigest`
 * of this peer.
 * @throws {QuorateError} AUTH_FAILED, as {@link identityFor}
 */
export function identitiesFor(
  scheme: string,
  credentials: string,
  superDigest: string | undefined,
): readonly Identity[] {
  const identity = identityFor(scheme, credentials);
  return identity.id === superDigest ? [SUPER, identity] : [identity];
}

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
