import { bytes } from '../client/codec.ts';
import type { AnyClient } from './any-client.ts';

/**
 * What an application's function threw where no caller waits for it goes where the errors of its listeners
 * go: to the event `error` of the peer, or to its logger.
 */
export function report(client: AnyClient, error: unknown): void {
  const told = new AbortController();
  client
    .as(bytes)
    .watch('/', { signal: told.signal })
    .subscribe(() => {
      if (told.signal.aborted) return;
      told.abort();
      throw error;
    });
}
