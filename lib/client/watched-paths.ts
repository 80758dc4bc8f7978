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
  isRegistered: boolean;
  /** Of the registration, while it waits for its place. */
  ticket: Ticket | undefined;
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

  /** From here on the watcher is told; it takes its place behind the writes that wait. */
  add(path: string, watcher: W): void {
    const present = this.#places.get(path);
    if (present !== undefined) {
      present.watchers.add(watcher);
      present.told = undefined;
      if (present.isRegistered) watcher.registered();
      return;
    }
    const place: Place<W> = {
      watchers: new Set([watcher]),
      told: undefined,
      isRegistered: false,
      ticket: undefined,
    };
    this.#places.set(path, place);
    this.#register(path, place);
  }

  remove(path: string, watcher: W): void {
    const place = this.#places.get(path);
    if (place === undefined || !place.watchers.delete(watcher)) return;
    place.told = undefined;
    if (place.watchers.size > 0) return;
    this.#places.delete(path);
    if (place.ticket !== undefined) this.#pipeline.abandon(this.#handle, place.ticket);
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

  #register(path: string, place: Place<W>): void {
    const operation = { type: 'add-watch', path, mode: this.#mode } as const;
    const result = this.#pipeline.read(this.#handle, operation);
    if (typeof result !== 'number') {
      this.#registered(path, place, result);
      return;
    }
    place.ticket = result;
    this.#pipeline.expect(result, {
      read: (delivery) => this.#registered(path, place, delivery.result),
      // `end` tells the watchers.
      over: () => {},
    });
  }

  #registered(path: string, place: Place<W>, result: ReadResult): void {
    place.ticket = undefined;
    if (this.#places.get(path) !== place) return;
    if (result.type === 'error') {
      if (result.code === 'SESSION_EXPIRED' || result.code === 'CLOSED') return;
      this.#places.delete(path);
      for (const watcher of place.watchers) watcher.failed(result);
      return;
    }
    place.isRegistered = true;
    for (const watcher of [...place.watchers]) watcher.registered();
  }
}
