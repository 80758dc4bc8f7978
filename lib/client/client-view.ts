import { within } from '../peer/within.ts';
import type { SessionState } from '../replica/session-handle.ts';
import { CLOSE_TIMEOUT, checkOptions } from './call-options.ts';
import type { Client, OwnedSession, Session } from './client.ts';
import { OwnLaneSource, PinnedSource } from './client-core.ts';
import { type Codec, decodeWith, requireCodec } from './codec.ts';
import { Guard, type HeldGrant } from './guard.ts';
import { TreeView } from './tree-view.ts';

/** A client: asks through whatever session is the present one. */
export class ClientView<T, In> extends TreeView<T, In> implements Client<T, In> {
  protected override readonly allowsEphemerals: boolean = false;

  get session(): Session<T, In> {
    const { source } = this;
    const pinned = new PinnedSource(source.current, source, source);
    return new SessionView(pinned, this.place, this.codec, this.guard);
  }

  namespace(path: string): Client<T, In> {
    return new ClientView(this.source, this.place.below(path), this.codec, this.guard);
  }

  as<U, V = U>(codec: Codec<U, V>): Client<U, V> {
    requireCodec(codec);
    return new ClientView(this.source, this.place, codec, this.guard);
  }

  withOwnLane(): ClientView<T, In> {
    return new ClientView(new OwnLaneSource(this.source), this.place, this.codec, this.guard);
  }

  override guardedBy(grant: HeldGrant): ClientView<T, In> {
    const guard = new Guard(grant, this.place, this.guard);
    return new ClientView(this.source, this.place, this.codec, guard);
  }
}

/** A session: asks through itself alone, until it ends. */
class SessionView<T, In> extends TreeView<T, In> implements Session<T, In> {
  protected override readonly allowsEphemerals: boolean = true;

  get session(): Session<T, In> {
    return this;
  }

  get id(): bigint {
    return this.source.current.handle.id;
  }

  get timeout(): number {
    return this.source.current.handle.timeout;
  }

  get signal(): AbortSignal {
    return this.source.current.signal;
  }

  get closing(): AbortSignal {
    return this.source.current.closing;
  }

  get state(): SessionState {
    return this.source.current.state;
  }

  get trustedFor(): number {
    const { current, peer } = this.source;
    return current.closing.aborted ? 0 : peer.validFor(current.handle);
  }

  namespace(path: string): Session<T, In> {
    return new SessionView(this.source, this.place.below(path), this.codec, this.guard);
  }

  as<U, V = U>(codec: Codec<U, V>): Session<U, V> {
    requireCodec(codec);
    return new SessionView(this.source, this.place, codec, this.guard);
  }

  /** The same without what its writes depend on. */
  unguarded(): SessionView<T, In> {
    return new SessionView(this.source, this.place, this.codec);
  }

  override guardedBy(grant: HeldGrant): SessionView<T, In> {
    const guard = new Guard(grant, this.place, this.guard);
    return new SessionView(this.source, this.place, this.codec, guard);
  }
}

/**
 * For what a recipe listens to itself: an application may wait for the recipe in a listener of its own, which
 * would hold up those of the recipe.
 */
export function withOwnLane<T, In>(client: Client<T, In>): Client<T, In> {
  return client instanceof ClientView ? client.withOwnLane() : client;
}

/** For what is watched as bytes: only what is looked at is read, and may be refused. */
export function readerOf<T, In>(client: Client<T, In>): (data: Uint8Array, path: string) => T {
  if (!(client instanceof TreeView)) throw new TypeError('that is no client of a peer');
  const { codec } = client;
  return (data, path) => decodeWith(codec, data, path);
}

/**
 * For what must be taken back whatever has become of the grant under which it was made: a node that only its
 * holder may remove would stay as long as the session.
 */
export function unguarded<T, In>(session: Session<T, In>): Session<T, In> {
  return session instanceof SessionView && session.isGuarded ? session.unguarded() : session;
}

/** Throws what a write through it would, as far as is known here: nobody waits for what he could do nothing with. */
export function assertGuarded(session: Session<unknown, never>): void {
  if (session instanceof SessionView) session.assertHeld();
}

/** A further session of a peer, which whoever opened it closes. */
export class OwnedSessionView extends SessionView<string, string> implements OwnedSession {
  async close(options?: { readonly timeout?: number }): Promise<void> {
    checkOptions('close', options);
    const { current } = this.source;
    current.close();
    await within(current.ended, options?.timeout ?? CLOSE_TIMEOUT);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
