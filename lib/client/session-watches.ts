import type { QuorateError } from '../base/errors.ts';
import type { DeliveryOf } from '../peer/request-pipeline.ts';
import type { WatchedNode } from '../replica/ready.ts';
import { isFinal } from '../session/session-state.ts';
import type { WatchEvent } from '../tree/watch-event.ts';
import type { SessionCore } from './session-core.ts';
import { WatchedPaths, type Watcher } from './watched-paths.ts';

/** What a watcher looks at: a node's data, or the list of its children. Both see it come and go. */
export type Aspect = 'data' | 'children';

/** An event since which the tree has not gone on: a read would find the node that came with it. */
export interface Newest {
  readonly zxid: bigint;
  /** Everybody's: whoever hands it out copies it. */
  readonly node: WatchedNode;
}

/** Who looks at one node. */
export interface NodeWatcher extends Watcher {
  readonly aspect: Aspect;
  /** There may be a newer state. @param newest has the node as the tree has it now, for all who are told; undefined: read it */
  changed(newest: Newest | undefined): void;
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
  readonly #core: Pick<SessionCore, 'peer' | 'handle' | 'isEnding'>;
  /** Who is told of the transaction whose events are being delivered. */
  readonly #told = new Set<TreeWatcher>();

  constructor(core: Pick<SessionCore, 'peer' | 'handle' | 'isEnding'>) {
    const { peer, handle } = core;
    this.#core = core;
    this.nodes = new WatchedPaths('persistent', peer.pipeline, handle);
    this.trees = new WatchedPaths('persistent-recursive', peer.pipeline, handle);
  }

  /**
   * Whoever sees single nodes is told at once, whoever sees transactions once all of one is there.
   * @returns whether there is anybody of the latter
   */
  deliver(delivery: DeliveryOf<'watch'>): boolean {
    const { event } = delivery;
    const unconcerned = unconcernedBy(event.type);
    const newest = this.#isNewest(delivery) ? delivery : undefined;
    for (const watcher of this.nodes.at(event.path)) {
      if (watcher.aspect === unconcerned) continue;
      // Any of them may have asked for the end of the session.
      watcher.changed(this.#core.isEnding ? undefined : newest);
    }
    if (!this.trees.isEmpty) this.#deliverToTrees(delivery);
    return this.#told.size > 0;
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

  #isNewest(delivery: DeliveryOf<'watch'>): delivery is DeliveryOf<'watch'> & Newest {
    const { node, zxid, session } = delivery;
    return node !== undefined && zxid === this.#core.peer.zxid && !isFinal(session.state);
  }

  #deliverToTrees(delivery: DeliveryOf<'watch'>): void {
    for (const path of treesOf(delivery.event)) {
      for (const watcher of this.trees.at(path)) {
        this.#told.add(watcher);
        watcher.fired(delivery);
      }
    }
  }
}

/** The roots of the watched subtrees that an event lies in. */
function treesOf(event: WatchEvent): readonly string[] {
  if (event.type === 'resync') return event.kind === 'persistent-recursive' ? [event.path] : [];
  return event.watches.flatMap(({ kind, path }) => (kind === 'persistent-recursive' ? path : []));
}

/** A node that comes or goes, and a history that is not known, concern both. */
function unconcernedBy(type: WatchEvent['type']): Aspect | undefined {
  if (type === 'data-changed') return 'children';
  return type === 'children-changed' ? 'data' : undefined;
}
