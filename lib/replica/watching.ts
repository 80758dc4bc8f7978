/**
 * The watches of this peer's sessions: what the applied transactions mean to them. Events leave before
 * anything that reflects the same transaction (S22).
 */
import type { Zxid } from '../base/zxid.ts';
import { type Acl, PERMISSION } from '../tree/acl.ts';
import { permits } from '../tree/acl-check.ts';
import { isOpen } from '../tree/acl-table.ts';
import { type Reader, TRUSTED } from '../tree/reader.ts';
import type { StateMachine } from '../tree/state-machine.ts';
import type { TreeEvent } from '../tree/tree-event.ts';
import type { NodeEvent, Notification, WatchKind } from '../tree/watch-event.ts';
import { type MayRead, WatchTable } from '../tree/watch-table.ts';
import { viewOf } from '../tree/watch-view.ts';
import type { Delivery, WatchedNode } from './ready.ts';
import type { SessionHandle } from './session-handle.ts';

/** What a session is told. */
export type Told = Extract<Delivery, { type: 'watch' }>;

/** What a transaction has left under a path, and who may read it. */
interface Left {
  readonly node: WatchedNode;
  readonly acl: Acl;
}

/** Nearly always nobody is. */
const NOBODY: readonly Told[] = [];

export class Watching {
  readonly #table = new WatchTable<SessionHandle>();
  readonly #mayRead: MayRead<SessionHandle>;
  readonly #machine: () => StateMachine;

  constructor(readerOf: (session: SessionHandle) => Reader, machine: () => StateMachine) {
    this.#machine = machine;
    this.#mayRead = (session, acl) =>
      isOpen(acl) || permits(acl, PERMISSION.read, readerOf(session));
  }

  get size(): number {
    return this.#table.counts.watches;
  }

  /** In the step in which the node was read at `zxid` (step 31). */
  add(session: SessionHandle, path: string, kind: WatchKind, zxid: Zxid): void {
    this.#table.add(session, path, kind, zxid);
  }

  /** False: there was none. */
  remove(session: SessionHandle, path: string, kind: WatchKind | 'any'): boolean {
    return this.#table.remove(session, path, kind);
  }

  ended(session: SessionHandle): void {
    this.#table.removeAll(session);
  }

  /** Who is told of one applied transaction. */
  applied(zxid: Zxid, events: readonly TreeEvent[]): readonly Told[] {
    if (events.length === 0) return NOBODY;
    const notifications = this.#table.select(zxid, events, this.#mayRead);
    return notifications.length === 0 ? NOBODY : this.#withNodes(zxid, notifications);
  }

  /**
   * Whoever has a watch that stays is given what this transaction wrote: when the event is handed over,
   * the tree may be further. Read once, however many watch it. Who could read the node at the event may
   * not read the one that the whole transaction has left under its path: he is told without it.
   */
  #withNodes(
    zxid: Zxid,
    notifications: readonly Notification<SessionHandle, NodeEvent>[],
  ): readonly Told[] {
    const nodes = new Map<string, Left | undefined>();
    let last: NodeEvent | undefined;
    let left: Left | undefined;
    return notifications.map(({ watcher: session, event }) => {
      // Nearly always the next one is told the same.
      if (event !== last) left = wantsNode(event) ? this.#left(event.path, nodes) : undefined;
      last = event;
      if (left === undefined || !this.#mayRead(session, left.acl)) {
        return { type: 'watch', session, zxid, event };
      }
      return { type: 'watch', session, zxid, event, node: left.node };
    });
  }

  #left(path: string, known: Map<string, Left | undefined>): Left | undefined {
    if (known.has(path)) return known.get(path);
    const machine = this.#machine();
    const found = machine.get(path, TRUSTED);
    let left: Left | undefined;
    if (found.type !== 'error') {
      const { data, stat } = found;
      left = { node: { data, stat }, acl: machine.tree.acl(machine.tree.find(path)) };
    }
    known.set(path, left);
    return left;
  }

  /** A SNAP replaced the tree: who is told of the difference. */
  jumped(before: StateMachine, after: StateMachine): readonly Told[] {
    const { zxid } = after;
    const jump = { before: viewOf(before), after: viewOf(after), from: before.zxid, zxid };
    const notifications = this.#table.jump(jump, this.#mayRead);
    return notifications.map(({ watcher, event }) => {
      return { type: 'watch', session: watcher, zxid, event };
    });
  }
}

function wantsNode({ type, watches }: NodeEvent): boolean {
  const isLeft = type === 'created' || type === 'data-changed';
  return isLeft && watches.some(({ kind }) => stays(kind));
}

function stays(kind: WatchKind): boolean {
  return kind === 'persistent' || kind === 'persistent-recursive';
}
