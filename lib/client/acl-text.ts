/** ACLs in zkCli's notation, `scheme:id:permissions`: 'world:anyone:cdrwa', 'digest:ann:<hash>:r'. */
import { QuorateError } from '../base/errors.ts';
import { type Acl, type AclEntry, PERMISSION } from '../tree/acl.ts';

/** The letters in the order in which zkCli prints them. */
const LETTERS = [
  ['c', PERMISSION.create],
  ['d', PERMISSION.delete],
  ['r', PERMISSION.read],
  ['w', PERMISSION.write],
  ['a', PERMISSION.admin],
] as const;

/** Everything for everybody: the ACL of nodes that are created without one. */
export const OPEN_ACL: Acl = [{ scheme: 'world', id: 'anyone', permissions: PERMISSION.all }];

/** Reads a list of lines. An id may contain colons. Refuses with INVALID_ACL. */
export function parseAcl(lines: readonly string[], path: string): Acl {
  if (!Array.isArray(lines)) throw new TypeError('acl must be an array of strings');
  return lines.map((line) => parseLine(line, path));
}

function parseLine(line: string, path: string): AclEntry {
  if (typeof line !== 'string') throw new TypeError('acl must be an array of strings');
  const first = line.indexOf(':');
  const last = line.lastIndexOf(':');
  if (first <= 0 || last === first) throw invalid(line, path, 'expected scheme:id:permissions');
  const scheme = line.slice(0, first);
  const id = line.slice(first + 1, last);
  return { scheme, id, permissions: parsePermissions(line, line.slice(last + 1), path) };
}

function parsePermissions(line: string, letters: string, path: string): number {
  let bits = 0;
  for (const letter of letters) {
    const known = LETTERS.find(([name]) => name === letter);
    if (known === undefined) throw invalid(line, path, `no permission is called '${letter}'`);
    bits |= known[1];
  }
  return bits;
}

function invalid(line: string, path: string, why: string): QuorateError {
  return QuorateError.make('INVALID_ACL', `${path}: the ACL '${line}' is malformed: ${why}`, {
    path,
  });
}

/** The lines of an ACL. */
export function formatAcl(acl: Acl): string[] {
  return acl.map(({ scheme, id, permissions }) => {
    const letters = LETTERS.filter(([, bit]) => (permissions & bit) !== 0);
    return `${scheme}:${id}:${letters.map(([letter]) => letter).join('')}`;
  });
}
