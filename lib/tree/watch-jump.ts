/**
 * Watches over a jump: a SNAP replaced the state, the transactions between are not known here, so the
 * two states are compared (step 31). The comparison asks for czxid, mzxid, pzxid and cversion: a
 * version alone is the same again after delete and create.
 */
import type { Zxid } from '../base/zxid.ts';
import type { WatchEvent, WatchEventType } from './watch-event.ts';
import type { Stat } from './znode.ts';

/** What a comparison needs of a tree. */
export interface TreeReader {
  /** Undefined if there is no such node. */
  stat(path: string): Stat | undefined;
  /** Names of the children, in an order that depends on the tree alone; none if there is no such node. */
  children(path: string): Iterable<string>;
}

/** From the state at `from` to the one at `zxid`. */
export interface Jump {
  readonly before: TreeReader;
  readonly after: TreeReader;
  readonly from: Zxid;
  readonly zxid: Zxid;
}

/** What the data of one node went through, as far as two states tell. */
function fate(before: Stat | undefined, after: Stat | undefined): 'same' | 'created' | 'deleted' | 'replaced' | 'changed' {
  if (before === undefined) return after === undefined ? 'same' : 'created';
  if (after === undefined) return 'deleted';
  if (before.czxid !== after.czxid) return 'replaced';
  return before.mzxid === after.mzxid ? 'same' : 'changed';
}

/** A node that is absent, or has had no child since it was created, counts as a list that never changed. */
function childrenDiffer(before: Stat | undefined, after: Stat | undefined): boolean {
  if (after === undefined) return false;
  if (before === undefined || before.czxid !== after.czxid) return after.pzxid !== after.czxid || after.cversion !== 0;
  return before.pzxid !== after.pzxid || before.cversion !== after.cversion;
}

/** What the one-shot watches of a node are told after a jump, if anything. */
export interface OneShotEvents {
  /** To `data` and `exist`. */
  readonly data: Exclude<WatchEventType, 'children'> | undefined;
  /** To `child`. */
  readonly child: 'deleted' | 'children' | undefined;
}

/**
 * A node that was replaced by another of the same name was deleted in between: nobody who waits for
 * that may miss it. Not to be seen is a node that came and went within the jump (the one exemption of
 * S22).
 */
export function oneShotEvents(path: string, jump: Jump): OneShotEvents {
  const before = jump.before.stat(path);
  const after = jump.after.stat(path);
  const what = fate(before, after);
  if (what === 'deleted' || what === 'replaced') return { data: 'deleted', child: 'deleted' };
  return {
    data: what === 'same' ? undefined : what,
    child: childrenDiffer(before, after) ? 'children' : undefined,
  };
}

/** The net difference of one node: of its data, then of its list of children. */
export function nodeDifference(path: string, jump: Jump): readonly WatchEvent[] {
  const before = jump.before.stat(path);
  const after = jump.after.stat(path);
  const events: WatchEvent[] = [];
  const what = fate(before, after);
  if (what !== 'same') events.push({ type: what === 'replaced' ? 'changed' : what, path, zxid: jump.zxid });
  if (childrenDiffer(before, after)) events.push({ type: 'children', path, zxid: jump.zxid });
  return events;
}

/**
 * The net difference of a subtree: first what is gone, children before parents, then what is new or
 * changed, parents before children, so that each prefix of it applied to a copy leaves a tree.
 */
export function subtreeDifference(root: string, jump: Jump): readonly WatchEvent[] {
  const gone: WatchEvent[] = [];
  const come: WatchEvent[] = [];
  const waiting: string[] = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const before = jump.before.stat(path);
    const after = jump.after.stat(path);
    const what = fate(before, after);
    if (what === 'deleted') gone.push({ type: 'deleted', path, zxid: jump.zxid });
    else if (what !== 'same') come.push({ type: what === 'created' ? 'created' : 'changed', path, zxid: jump.zxid });
    for (const name of union(path, jump)) waiting.push(path === '/' ? `/${name}` : `${path}/${name}`);
  }
  return [...gone.reverse(), ...come];
}

/** Children in either state; in reverse, since the walk takes the last one first. */
function union(path: string, jump: Jump): string[] {
  const names = new Set(jump.before.children(path));
  for (const name of jump.after.children(path)) names.add(name);
  return [...names].reverse();
}
