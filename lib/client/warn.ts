import type { QuorateError } from '../base/errors.ts';
import { View } from './view.ts';

/**
 * Tells what an operator should know, but nobody has asked for: by the event `warning` of the peer that the
 * client is a view of. Of a client that is none nobody is told.
 */
export function warn(client: object, warning: QuorateError): void {
  if (client instanceof View) client.source.warn(warning);
}
