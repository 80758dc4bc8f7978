/** Grants that are handed out to be released, and what is told of those that are not. */
import { QuorateError } from '../base/errors.ts';
import { warn } from '../client/warn.ts';
import type { AnyClient } from './any-client.ts';
import type { Grant } from './grant.ts';

/** A grant that somebody was given. */
interface Lent {
  readonly grant: Grant;
  /** Whose warning it is. */
  readonly client: AnyClient;
}

const dropped = new FinalizationRegistry<Lent>(({ grant, client }) => {
  // Of one that is over there is nothing left to release.
  if (grant.signal.aborted) return;
  const { path } = grant;
  const message = `the grant ${path} was dropped without a release: it is held until its session ends`;
  warn(client, QuorateError.make('GRANT_LEAKED', message, { path }));
});

/**
 * A grant as whoever asked for it has it. Only he has it: so when nothing refers to it any more, nor to one
 * of its methods, nobody can release it.
 */
export class LentGrant<G extends Grant> implements Grant {
  protected readonly grant: G;

  constructor(grant: G, client: AnyClient) {
    this.grant = grant;
    dropped.register(this, { grant, client }, this);
  }

  get path(): string {
    return this.grant.path;
  }

  get fence(): bigint {
    return this.grant.fence;
  }

  get signal(): AbortSignal {
    return this.grant.signal;
  }

  get ended(): Promise<void> {
    return this.grant.ended;
  }

  readonly assertHeld = (): void => this.grant.assertHeld();

  readonly release = (): Promise<void> => {
    this.settled();
    return this.grant.release();
  };

  /** It need not be released any more. */
  protected settled(): void {
    dropped.unregister(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
