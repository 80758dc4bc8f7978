import { QuorateError } from '../base/errors.ts';
import { pathFault } from '../base/path.ts';

const SLASH = 0x2f;

/** The part of the tree that a view shows: paths of the application, and paths of the tree. */
export class Place {
  /** Empty for the whole tree. */
  readonly prefix: string;
  /** A path as the application knows it. A node outside of the view is shown with its full path. */
  readonly show: (path: string) => string;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.show = prefix === '' ? (path) => path : (path) => strip(prefix, path);
  }

  /** The view below. */
  below(path: string): Place {
    const full = this.resolve(path);
    return full === '/' ? this : new Place(full);
  }

  /**
   * A path as the tree knows it.
   * @throws {TypeError} not a string
   * @throws {QuorateError} BAD_ARGUMENTS: ZooKeeper's rules for paths
   */
  resolve(path: string, sequential = false): string {
    const fault = pathFault(requirePath(path), sequential);
    if (fault !== undefined) {
      throw QuorateError.make('BAD_ARGUMENTS', `'${path}' is no path: ${fault}`, { path });
    }
    return this.join(path);
  }

  /** The same for a read: what is no path is found out when nothing is found there. */
  join(path: string): string {
    if (this.prefix === '') return path;
    if (path.charCodeAt(0) !== SLASH) return this.resolve(path);
    return path.length === 1 ? this.prefix : this.prefix + path;
  }
}

/** @throws {TypeError} */
export function requirePath(path: unknown): string {
  if (typeof path === 'string') return path;
  throw new TypeError(`a path must be a string, not ${typeof path}`);
}

function strip(prefix: string, path: string): string {
  if (path === prefix) return '/';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}
