/** Who may do what: ZooKeeper's schemes world, auth, digest, ip and super, and the application's own. */
import { type Acl, type AclEntry, type Identity, PERMISSION } from './acl.ts';
import { isOpen } from './acl-table.ts';
import { addressMatches, isAddressRange } from './ip-range.ts';
import type { CustomSchemes, Reader } from './reader.ts';

/** Lines of a node's ACL: what is longer could not be read from the log again. */
const LINES_MAX = 1024;

function isAnyone(entry: AclEntry): boolean {
  return entry.scheme === 'world' && entry.id === 'anyone';
}

/** What an application's scheme says: anything but `true`, and whatever it throws, is a no. */
function asked(
  schemes: CustomSchemes | undefined,
  what: 'valid' | 'matches',
  ask: () => boolean | undefined,
): boolean {
  try {
    return ask() === true;
  } catch (error) {
    schemes?.failed?.(what, error);
    return false;
  }
}

function matches(identity: Identity, entry: AclEntry, schemes: CustomSchemes | undefined): boolean {
  if (identity.scheme !== entry.scheme) return false;
  switch (entry.scheme) {
    case 'digest':
      return identity.id === entry.id;
    case 'ip':
      return addressMatches(identity.id, entry.id);
    default:
      return asked(schemes, 'matches', () => schemes?.matches(identity, entry));
  }
}

/** Whether any of the reader's identities has one of these permission bits. The super user has all. */
export function permits(acl: Acl, permission: number, reader: Reader): boolean {
  if (isOpen(acl)) return true;
  if (reader.identities.some((identity) => identity.scheme === 'super')) return true;
  return acl.some(
    (entry) =>
      (entry.permissions & permission) !== 0 &&
      (isAnyone(entry) ||
        reader.identities.some((identity) => matches(identity, entry, reader.schemes))),
  );
}

function isValidEntry(entry: AclEntry, schemes: CustomSchemes | undefined): boolean {
  switch (entry.scheme) {
    case 'world':
      return entry.id === 'anyone';
    case 'digest':
      return /^[^:]+:[^:]+$/.test(entry.id);
    case 'ip':
      return isAddressRange(entry.id);
    case 'super':
      return false;
    default:
      return asked(schemes, 'valid', () => schemes?.valid(entry.scheme, entry.id));
  }
}

/** Whether an identity proves who the session is, so that `auth` may stand for it: an address does not, and no ACL names the super user. */
function isAuthenticated(identity: Identity): boolean {
  return identity.scheme !== 'ip' && identity.scheme !== 'super';
}

/**
 * The ACL that a node gets (fixupACL): without duplicates, `auth` replaced by the identities of who
 * asks. Undefined if it is empty or comes to too many lines, names an unknown scheme or a malformed id,
 * or `auth` without any.
 */
export function resolveAcl(acl: Acl, reader: Reader): Acl | undefined {
  const resolved: AclEntry[] = [];
  const add = (entry: AclEntry): void => {
    const { scheme, id, permissions } = entry;
    if (
      resolved.some(
        (other) => other.scheme === scheme && other.id === id && other.permissions === permissions,
      )
    )
      return;
    resolved.push({ scheme, id, permissions });
  };
  for (const entry of acl) {
    if ((entry.permissions & ~PERMISSION.all) !== 0) return undefined;
    if (entry.scheme === 'auth') {
      const known = reader.identities.filter(isAuthenticated);
      if (known.length === 0) return undefined;
      for (const { scheme, id } of known) add({ scheme, id, permissions: entry.permissions });
    } else if (isValidEntry(entry, reader.schemes)) add(entry);
    else return undefined;
    if (resolved.length > LINES_MAX) return undefined;
  }
  return resolved.length === 0 ? undefined : resolved;
}

/** What getACL shows: the hashes of digests only to who may administer the node. */
export function maskAcl(acl: Acl, reader: Reader): Acl {
  if (permits(acl, PERMISSION.admin, reader)) return acl;
  return acl.map((entry) =>
    entry.scheme === 'digest'
      ? { ...entry, id: `${entry.id.slice(0, entry.id.indexOf(':'))}:x` }
      : entry,
  );
}
