import { QuorateError } from '../base/errors.ts';
import { pathFault } from '../base/path.ts';
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
  if (typeof client?.multi !== 'function') throw new TypeError(`${what}: that is no client`);
  if (typeof path !== 'string') throw new TypeError(`${what}: a path is a string`);
  const fault = pathFault(path);
  if (fault === undefined) return;
  throw QuorateError.make('BAD_ARGUMENTS', `${what}: '${path}' is no path: ${fault}`, { path });
}
