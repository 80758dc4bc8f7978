import type { Zxid } from '../base/zxid.ts';
import type { Acl } from './acl.ts';

/** What one applied transaction did, as ZooKeeper's watches see it. */
export interface TreeEvent {
  readonly type: 'created' | 'deleted' | 'data-changed' | 'children-changed';
  readonly path: string;
  /** The transaction; several events may share one. */
  readonly zxid: Zxid;
  /** The node's ACL when it happened: who may not READ is not told (for `deleted`, the last one it had). */
  readonly acl: Acl;
}

/** Nothing yet; never written to. */
const NO_EVENTS: TreeEvent[] = [];
const NO_SESSIONS: bigint[] = [];

/** What applying one transaction collects. */
export class Effects {
  #events = NO_EVENTS;
  #ended = NO_SESSIONS;

  /** In order. */
  get events(): readonly TreeEvent[] {
    return this.#events;
  }

  /** Sessions. */
  get ended(): readonly bigint[] {
    return this.#ended;
  }

  /** Most transactions have one event: an array that grows by push would take room for seventeen. */
  add(event: TreeEvent): void {
    if (this.#events === NO_EVENTS) this.#events = [event];
    else this.#events.push(event);
  }

  end(session: bigint): void {
    if (this.#ended === NO_SESSIONS) this.#ended = [session];
    else this.#ended.push(session);
  }
}
