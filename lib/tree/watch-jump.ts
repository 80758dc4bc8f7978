/**
 * Watches over a jump: a SNAP replaced the state, the transactions between are not known here, so the
 * two states are compared (step 31). The comparison asks for czxid, mzxid, pzxid and cversion: a
 * version alone is the same again after delete and create.
 */
import { present } from '../base/assert.ts';
import { joinPath } from '../base/path.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Acl } from './acl.ts';
import type { TreeEvent } from './tree-event.ts';
import type { Stat } from './znode.ts';

/** What a comparison needs of a node. */
export interface NodeView {
  readonly stat: Stat;
  readonly acl: Acl;
}

/** What a comparison needs of a tree. */
export interface TreeView {
  node(path: string): NodeView | undefined;
  /** Names of the children, in an order that depends on the tree alone; none of an absent node. */
  children(path: string): readonly string[];
}

/** From the state at `from` to the one at `zxid`. */
export interface Jump {
  readonly before: TreeView;
  readonly after: TreeView;
  readonly from: Zxid;
  readonly zxid: Zxid;
}

/** What became of one node, as far as two states tell. `replaced`: deleted, and another created under its name. */
type Fate = 'same' | 'created' | 'deleted' | 'replaced' | 'data-changed';

function fateOf(before: NodeView | undefined, after: NodeView | undefined): Fate {
  if (before === undefined) return after === undefined ? 'same' : 'created';
  if (after === undefined) return 'deleted';
  if (before.stat.czxid !== after.stat.czxid) return 'replaced';
  return before.stat.mzxid === after.stat.mzxid ? 'same' : 'data-changed';
}

/** What the one-shot watches of a node are told after a jump, if anything. */
export interface OneShotEvents {
  /** To `data` and `exist`. */
  readonly data: TreeEvent | undefined;
  /** To `child`; may be the same event. */
  readonly child: TreeEvent | undefined;
}

/**
 * A node that was replaced was deleted in between, and nobody who waits for that may miss it. Not to be
 * seen is a node that came and went within the jump (the one exemption of S22).
 */
export function oneShotEvents(path: string, jump: Jump): OneShotEvents {
  const before = jump.before.node(path);
  const after = jump.after.node(path);
  if (before !== undefined && before.stat.czxid !== after?.stat.czxid) {
    const deleted: TreeEvent = { type: 'deleted', path, zxid: jump.zxid, acl: before.acl };
    return { data: deleted, child: deleted };
  }
  return {
    data: dataEvent(path, jump, before, after),
    child: childEvent(path, jump, before, after),
  };
}

/** The net difference of one node: of its data, then of its list of children. */
export function nodeDifference(path: string, jump: Jump): readonly TreeEvent[] {
  const before = jump.before.node(path);
  const after = jump.after.node(path);
  const events = [dataEvent(path, jump, before, after), childEvent(path, jump, before, after)];
  return events.filter((event) => event !== undefined);
}

/**
 * The net difference of a subtree: first what is gone, children before parents, then what is new or
 * changed, parents before children, so that applying it in order never leaves a node without its parent.
 */
export function subtreeDifference(root: string, jump: Jump): readonly TreeEvent[] {
  const gone: TreeEvent[] = [];
  const come: TreeEvent[] = [];
  const waiting: string[] = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const event = dataEvent(path, jump, jump.before.node(path), jump.after.node(path));
    if (event !== undefined) (event.type === 'deleted' ? gone : come).push(event);
    const names = new Set([...jump.before.children(path), ...jump.after.children(path)]);
    for (const name of [...names].reverse()) waiting.push(joinPath(path, name));
  }
  return [...gone.reverse(), ...come];
}

/** A replaced node is told as changed: in the difference of two states nothing is missing under its name. */
function dataEvent(
  path: string,
  { zxid }: Jump,
  before: NodeView | undefined,
  after: NodeView | undefined,
): TreeEvent | undefined {
  const fate = fateOf(before, after);
  if (fate === 'same') return undefined;
  const type = fate === 'replaced' ? 'data-changed' : fate;
  return { type, path, zxid, acl: present(after ?? before, 'a node that differs').acl };
}

/** The list of a node that is new and never had a child is no change. */
function childEvent(
  path: string,
  { zxid }: Jump,
  before: NodeView | undefined,
  after: NodeView | undefined,
): TreeEvent | undefined {
  if (after === undefined) return undefined;
  const { czxid, pzxid, cversion } = after.stat;
  const known = before?.stat.czxid === czxid ? before.stat : { pzxid: czxid, cversion: 0 };
  if (known.pzxid === pzxid && known.cversion === cversion) return undefined;
  return { type: 'children-changed', path, zxid, acl: after.acl };
}
