import type { QuorateError } from '../base/errors.ts';
import type { DeliveryOf, RequestPipeline } from '../peer/request-pipeline.ts';
import type { SessionHandle } from '../replica/session-handle.ts';
import type { WatchEvent } from '../tree/watch-event.ts';
import { WatchedPaths, type Watcher } from './watched-paths.ts';

/** What a watcher looks at: a node's data, or the list of its children. Both see it come and go. */
export type Aspect = 'data' | 'children';

/** Who looks at one node. */
export interface NodeWatcher extends Watcher {
  readonly aspect: Aspect;
  /** There may be a newer state. */
  changed(): void;
}

/** Who looks at a node and all that is below it. */
export interface TreeWatcher extends Watcher {
  /** One event of a transaction, or what a jump did. */
  fired(delivery: DeliveryOf<'watch'>): void;
  /** All events of the transaction were given. */
  complete(): void;
}

/** The watches of one session. */
export class SessionWatches {
  readonly nodes: WatchedPaths<NodeWatcher>;
  readonly trees: WatchedPaths<TreeWatcher>;
  /** Who is told of the transaction whose events are being delivered. */
  readonly #told = new Set<TreeWatcher>();

  constructor(pipeline: RequestPipeline, handle: SessionHandle) {
    this.nodes = new WatchedPaths('persistent', pipeline, handle);
    this.trees = new WatchedPaths('persistent-recursive', pipeline, handle);
  }

  /** Whoever sees single nodes is told at once, whoever sees transactions once all of one is there. */
  deliver(delivery: DeliveryOf<'watch'>): void {
    const { event } = delivery;
    for (const watcher of this.nodes.at(event.path)) {
      if (concerns(event.type, watcher.aspect)) watcher.changed();
    }
    for (const path of treesOf(event)) {
      for (const watcher of this.trees.at(path)) {
        this.#told.add(watcher);
        watcher.fired(delivery);
      }
    }
  }

  /** All events of one transaction were delivered. */
  delivered(): void {
    const told = [...this.#told];
    this.#told.clear();
    for (const watcher of told) watcher.complete();
  }

  /** The session has ended. */
  end(cause: QuorateError): void {
    this.nodes.end(cause);
    this.trees.end(cause);
  }
}

/** The roots of the watched subtrees that an event lies in. */
function treesOf(event: WatchEvent): readonly string[] {
  if (event.type === 'resync') return event.kind === 'persistent-recursive' ? [event.path] : [];
  return event.watches.flatMap(({ kind, path }) => (kind === 'persistent-recursive' ? path : []));
}

/** A node that comes or goes, and a history that is not known, concern both. */
function concerns(type: WatchEvent['type'], aspect: Aspect): boolean {
  if (type === 'data-changed') return aspect === 'data';
  return type === 'children-changed' ? aspect === 'children' : true;
}
