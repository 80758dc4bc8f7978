import type { QuorateError } from '../base/errors.ts';
import type { RequestPipeline } from '../peer/request-pipeline.ts';
import type { ReadOptions, ReadResult } from '../replica/read.ts';
import type { Ticket } from '../replica/ready.ts';
import type { SessionHandle } from '../replica/session-handle.ts';
import type { Failure } from './failure.ts';

const NOBODY: readonly never[] = [];
const STALE: ReadOptions = { consistency: 'stale' };

/** Who looks at a path through a watch that stays. */
export interface Watcher {
  /** The watch stands: from here on it is told. */
  registered(): void;
  /** The path cannot be watched. */
  failed(failure: Failure): void;
  /** The session has ended: no more changes are seen through it. */
  sessionEnded(cause: QuorateError): void;
}

/** The watchers of one path: one watch of the session stands for all of them. */
interface Place<W> {
  readonly watchers: Set<W>;
  /** The same, as they are told; undefined once they are others. */
  told: readonly W[] | undefined;
  /** Of the registrations that wait for their place. */
  readonly tickets: Map<W, Ticket>;
}

/** The watches of one session that are of one mode. */
export class WatchedPaths<W extends Watcher> {
  readonly #mode: 'persistent' | 'persistent-recursive';
  readonly #pipeline: RequestPipeline;
  readonly #handle: SessionHandle;
  readonly #places = new Map<string, Place<W>>();

  constructor(
    mode: 'persistent' | 'persistent-recursive',
    pipeline: RequestPipeline,
    handle: SessionHandle,
  ) {
    this.#mode = mode;
    this.#pipeline = pipeline;
    this.#handle = handle;
  }

  /**
   * From here on the watcher is told; it takes its place behind the writes that wait, also where the
   * watch stands already: a session sees its own writes.
   */
  add(path: string, watcher: W): void {
    const place = this.#places.get(path) ?? this.#open(path);
    place.watchers.add(watcher);
    place.told = undefined;
    this.#register(path, place, watcher);
  }

  #open(path: string): Place<W> {
    const place: Place<W> = { watchers: new Set(), told: undefined, tickets: new Map() };
    this.#places.set(path, place);
    return place;
  }

  remove(path: string, watcher: W): void {
    const place = this.#places.get(path);
    if (place === undefined || !place.watchers.delete(watcher)) return;
    place.told = undefined;
    const ticket = place.tickets.get(watcher);
    place.tickets.delete(watcher);
    if (place.watchers.size === 0) this.#places.delete(path);
    if (ticket !== undefined) this.#pipeline.abandon(this.#handle, ticket);
    if (place.watchers.size > 0) return;
    // At once, or those that are left while there is no quorum would wait in a line that has an end.
    const operation = { type: 'remove-watch', path, kind: this.#mode } as const;
    this.#pipeline.read(this.#handle, operation, STALE);
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  /** Who looks at that path now: a copy, for they may leave while they are told. */
  at(path: string): readonly W[] {
    const place = this.#places.get(path);
    if (place === undefined) return NOBODY;
    place.told ??= [...place.watchers];
    return place.told;
  }

  /** The session has ended. */
  end(cause: QuorateError): void {
    const places = [...this.#places.values()];
    this.#places.clear();
    for (const { watchers } of places) {
      for (const watcher of watchers) watcher.sessionEnded(cause);
    }
  }

  #register(path: string, place: Place<W>, watcher: W): void {
    const operation = { type: 'add-watch', path, mode: this.#mode } as const;
    const result = this.#pipeline.read(this.#handle, operation);
    if (typeof result !== 'number') {
      this.#registered(path, place, watcher, result);
      return;
    }
    place.tickets.set(watcher, result);
    this.#pipeline.expect(result, {
      read: (delivery) => this.#registered(path, place, watcher, delivery.result),
      // `end` tells the watchers.
      over: () => {},
    });
  }

  #registered(path: string, place: Place<W>, watcher: W, result: ReadResult): void {
    place.tickets.delete(watcher);
    if (this.#places.get(path) !== place || !place.watchers.has(watcher)) return;
    if (result.type !== 'error') {
      watcher.registered();
      return;
    }
    if (result.code === 'SESSION_EXPIRED' || result.code === 'CLOSED') return;
    this.remove(path, watcher);
    watcher.failed(result);
  }
}
