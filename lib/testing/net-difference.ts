/** What a history of events comes to, told from the events alone: neither of its two states is looked at. */
import type { TreeEvent } from '../tree/tree-event.ts';

/** A change, as a RESYNC and one-shot watches tell it. */
export interface NetEvent {
  readonly type: TreeEvent['type'];
  readonly path: string;
}

/** What the events say of one node. */
interface Node {
  /** It was there before the first of them. */
  readonly before: boolean;
  /** It is there after the last. */
  after: boolean;
  /** It was deleted in between. */
  deleted: boolean;
  /** It, or what it replaces, was changed. */
  changed: boolean;
  /** Its list of children was changed in its own life, not in that of one before it. */
  children: boolean;
}

export class NetDifference {
  readonly #nodes = new Map<string, Node>();

  constructor(events: readonly NetEvent[]) {
    for (const { type, path } of events) {
      const node = this.#node(path, type !== 'created');
      node.after = type !== 'deleted';
      if (type === 'deleted') node.deleted = true;
      if (type === 'children-changed') node.children = true;
      else node.changed = true;
      if (type === 'created') node.children = false;
    }
  }

  /** To a `persistent` watch: `type path`, its data before its children. */
  ofNode(path: string): string[] {
    const node = this.#nodes.get(path);
    if (node === undefined) return [];
    const data = dataOf(node);
    return [
      ...(data === undefined ? [] : [`${data} ${path}`]),
      ...(node.after && node.children ? [`children-changed ${path}`] : []),
    ];
  }

  /** To a `persistent-recursive` watch: its own data, and that of all below, in no order. */
  below(root: string): string[] {
    const changes: string[] = [];
    for (const [path, node] of this.#nodes) {
      const data = isBelow(path, root) ? dataOf(node) : undefined;
      if (data !== undefined) changes.push(`${data} ${path}`);
    }
    return changes;
  }

  /** To watches that fire once, in no order; which kinds of them an event meets is as ever. */
  oneShots(): NetEvent[] {
    const events: NetEvent[] = [];
    for (const [path, node] of this.#nodes) {
      const data = node.before && node.deleted ? 'deleted' : dataOf(node);
      if (data !== undefined) events.push({ type: data, path });
      if (data !== 'deleted' && node.after && node.children) {
        events.push({ type: 'children-changed', path });
      }
    }
    return events;
  }

  #node(path: string, before: boolean): Node {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const node = { before, after: before, deleted: false, changed: false, children: false };
    this.#nodes.set(path, node);
    return node;
  }
}

function dataOf({
  before,
  after,
  changed,
}: Node): Exclude<TreeEvent['type'], 'children-changed'> | undefined {
  if (before && after) return changed ? 'data-changed' : undefined;
  if (before) return 'deleted';
  return after ? 'created' : undefined;
}

function isBelow(path: string, root: string): boolean {
  return path === root || root === '/' || path.startsWith(`${root}/`);
}

/** Of `type path`: first what is gone, children before parents; then the rest, parents before children. */
export function isInOrder(changes: readonly string[]): boolean {
  const split = changes.map((change) => change.split(' ') as [string, string]);
  return split.every(([type, path], at) => {
    return split.slice(0, at).every(([earlier, other]) => {
      if (type === 'deleted')
        return earlier === 'deleted' && !(path !== other && isBelow(path, other));
      return earlier === 'deleted' || !(path !== other && isBelow(other, path));
    });
  });
}
