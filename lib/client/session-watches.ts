import type { QuorateError } from '../base/errors.ts';
import type { RequestPipeline } from '../peer/request-pipeline.ts';
import type { ReadResult } from '../replica/read.ts';
import type { Delivery } from '../replica/ready.ts';
import type { SessionHandle } from '../replica/session-handle.ts';
import type { WatchEvent } from '../tree/watch-event.ts';
import type { Failure } from './failure.ts';

/** What a watcher looks at: a node's data, or the list of its children. Both see it come and go. */
export type Aspect = 'data' | 'children';

/** Who looks at one node. */
export interface Watcher {
  readonly aspect: Aspect;
  /** There may be a newer state; also called once as soon as changes are seen. */
  changed(): void;
  /** The node cannot be watched. */
  failed(failure: Failure): void;
  /** The session has ended: no more changes are seen through it. */
  sessionEnded(cause: QuorateError): void;
}

/** The watchers of one node: one persistent watch stands for all of them. */
interface Place {
  readonly watchers: Set<Watcher>;
  isRegistered: boolean;
}

type WatchNews = Extract<Delivery, { readonly type: 'watch' }>['event'];

/** The watches of one session. */
export class SessionWatches {
  readonly #pipeline: RequestPipeline;
  readonly #handle: SessionHandle;
  readonly #places = new Map<string, Place>();

  constructor(pipeline: RequestPipeline, handle: SessionHandle) {
    this.#pipeline = pipeline;
    this.#handle = handle;
  }

  /** From here on the watcher is told; it takes its place behind the writes that wait. */
  add(path: string, watcher: Watcher): void {
    const present = this.#places.get(path);
    if (present !== undefined) {
      present.watchers.add(watcher);
      if (present.isRegistered) watcher.changed();
      return;
    }
    const place: Place = { watchers: new Set([watcher]), isRegistered: false };
    this.#places.set(path, place);
    this.#register(path, place);
  }

  remove(path: string, watcher: Watcher): void {
    const place = this.#places.get(path);
    if (place === undefined || !place.watchers.delete(watcher)) return;
    if (place.watchers.size > 0) return;
    this.#places.delete(path);
    this.#pipeline.read(this.#handle, { type: 'remove-watch', path, kind: 'persistent' });
  }

  deliver(news: WatchNews): void {
    const place = this.#places.get(news.path);
    if (place === undefined) return;
    for (const watcher of [...place.watchers]) {
      if (concerns(news.type, watcher.aspect)) watcher.changed();
    }
  }

  /** The session has ended. */
  end(cause: QuorateError): void {
    const places = [...this.#places.values()];
    this.#places.clear();
    for (const { watchers } of places) {
      for (const watcher of watchers) watcher.sessionEnded(cause);
    }
  }

  #register(path: string, place: Place): void {
    const operation = { type: 'add-watch', path, mode: 'persistent' } as const;
    const result = this.#pipeline.read(this.#handle, operation);
    if (typeof result !== 'number') {
      this.#registered(path, place, result);
      return;
    }
    this.#pipeline.expect(result, {
      read: (delivery) => this.#registered(path, place, delivery.result),
      // `end` tells the watchers.
      over: () => {},
    });
  }

  #registered(path: string, place: Place, result: ReadResult): void {
    if (this.#places.get(path) !== place) return;
    if (result.type === 'error') {
      if (result.code === 'SESSION_EXPIRED' || result.code === 'CLOSED') return;
      this.#places.delete(path);
      for (const watcher of place.watchers) watcher.failed(result);
      return;
    }
    place.isRegistered = true;
    for (const watcher of [...place.watchers]) watcher.changed();
  }
}

/** A node that comes or goes, and a history that is not known, concern both. */
function concerns(type: WatchEvent['type'], aspect: Aspect): boolean {
  if (type === 'data-changed') return aspect === 'data';
  return type === 'children-changed' ? aspect === 'children' : true;
}
