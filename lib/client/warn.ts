import type { QuorateError } from '../base/errors.ts';
import { View } from './view.ts';

/**
 * Tells what an operator should know, but nobody has asked for: by the event `warning` of the peer that the
 * client is a view of. Of a client that is none nobody is told.
 */
export function warn(client: object, warning: QuorateError): void {
  if (client instanceof View) client.source.warn(warning);
}

/**
 * Tells what an application's function threw where no caller waits for it: by the event `error` of the peer, or
 * its logger.
 */
export function report(client: object, error: unknown): void {
  if (client instanceof View) client.source.report(error);
}

/** Why the peer of a client does not serve, while that is so: for the text of an error. */
export function reasonOf(client: object): string | undefined {
  return client instanceof View ? client.source.peer.status.reason : undefined;
}
