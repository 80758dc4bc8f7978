/** ZooKeeper's path rules: absolute, no empty or relative names, no trailing slash, no control characters. */

/** Why a text is not a path. */
export type PathFault =
  | 'empty'
  | 'too long'
  | 'not absolute'
  | 'trailing slash'
  | 'empty name'
  | 'relative name'
  | 'null character'
  | 'forbidden character';

/** The longest path, in UTF-16 units; ZooKeeper's is bounded by its packets only. */
export const PATH_MAX = 16_384;
const SLASH = 0x2f;
const DOT = 0x2e;

/** Whether ZooKeeper forbids a UTF-16 unit: controls, surrogates, the private use area, and the last sixteen. */
function isForbidden(unit: number): boolean {
  if (unit < 0x7f) return unit < 0x20;
  if (unit <= 0x9f) return true;
  return (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}

function isRelative(path: string, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0 || length > 2 || path.charCodeAt(start) !== DOT) return false;
  return length === 1 || path.charCodeAt(start + 1) === DOT;
}

/**
 * What is wrong with a path; undefined if nothing. `/` is one.
 * @param sequential a number will be appended, so that the path may end with a slash
 */
export function pathFault(path: string, sequential = false): PathFault | undefined {
  if (path.length === 0) return 'empty';
  if (path.length > PATH_MAX) return 'too long';
  if (path.charCodeAt(0) !== SLASH) return 'not absolute';
  const end = path.length;
  let start = 1;
  for (let at = 1; at < end; at += 1) {
    const unit = path.charCodeAt(at);
    if (unit === SLASH) {
      if (at === start) return 'empty name';
      if (isRelative(path, start, at)) return 'relative name';
      start = at + 1;
    } else if (unit === 0) return 'null character';
    else if (isForbidden(unit)) return 'forbidden character';
  }
  if (sequential) return undefined;
  if (start === end && end > 1) return 'trailing slash';
  return isRelative(path, start, end) ? 'relative name' : undefined;
}

/** The path above; of `/` it is `/`. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** The last name; empty for `/`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of a child. */
export function joinPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Whether `path` is below `ancestor`, not itself. */
export function isBelow(path: string, ancestor: string): boolean {
  if (ancestor === '/') return path.length > 1;
  return (
    path.length > ancestor.length &&
    path.startsWith(ancestor) &&
    path.charCodeAt(ancestor.length) === SLASH
  );
}

/** The greatest number that a sequential name may carry: beyond, ten digits and an int32 do not hold it (S27). */
export const SEQUENCE_MAX = 0x7fff_ffff;

/** The ten digits that end a sequential name. */
export function sequenceSuffix(counter: number): string {
  return String(counter).padStart(10, '0');
}

/** The nodes that every group has and nobody deletes. */
const SYSTEM_PATHS = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'] as const;

/** Whether a node may not be deleted (ZooKeeper's special paths). */
export function isSystemPath(path: string): boolean {
  return (SYSTEM_PATHS as readonly string[]).includes(path);
}
