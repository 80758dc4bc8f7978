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
const NONE: TreeEvent[] = [];

/** The events of one transaction, in order. */
export class TreeEvents {
  #list = NONE;

  get list(): readonly TreeEvent[] {
    return this.#list;
  }

  /** Most transactions have one event: an array that grows by push would take room for seventeen. */
  add(event: TreeEvent): void {
    if (this.#list === NONE) this.#list = [event];
    else this.#list.push(event);
  }
}
