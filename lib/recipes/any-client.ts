import { QuorateError } from '../base/errors.ts';
import { pathFault } from '../base/path.ts';
import { isThenable } from '../base/thenable.ts';
import type { Client, Created, Session } from '../client/client.ts';

/** Any view of the tree, whatever its data: what a recipe writes there is its own. */
export type AnyClient = Client<unknown, never>;

/** One session, whose data nobody decodes. */
export type RawSession = Session<Uint8Array>;

/** A node's Stat. */
export type Stat = Created['stat'];

/**
 * @throws {TypeError} no client, or no path
 * @throws {QuorateError} BAD_ARGUMENTS: ZooKeeper's rules for paths
 */
export function checkPlace(what: string, client: AnyClient, path: string): void {
  if (isThenable(client)) throw new TypeError(`${what}: the client is a promise: await it first`);
  if (typeof client?.multi !== 'function') throw new TypeError(`${what}: that is no client`);
  if (typeof path !== 'string') throw new TypeError(`${what}: a path is a string`);
  const fault = pathFault(path);
  if (fault === undefined) return;
  throw QuorateError.make('BAD_ARGUMENTS', `${what}: '${path}' is no path: ${fault}`, { path });
}

/**
 * For a node that comes and goes with its owner: the root is always there.
 * @throws as {@link checkPlace}
 */
export function checkOwnNode(what: string, client: AnyClient, path: string): void {
  checkPlace(what, client, path);
  if (path !== '/') return;
  throw QuorateError.make('BAD_ARGUMENTS', `${what}: the root belongs to nobody`, { path });
}
