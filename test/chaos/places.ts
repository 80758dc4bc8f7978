/** Where things are in the tree of a run, and what is special about them. */
import { createHash } from 'node:crypto';
import { parentOf } from './tree-model.ts';

/** All that is watched and checked is below. */
export const ROOT = '/c';
/** Below it are nodes with a time to live. */
export const BRIEF: string = `${ROOT}/brief`;
/** Below it are containers. */
export const HOME: string = `${ROOT}/home`;
/** Below it are nodes that only keepers change. */
export const KEPT: string = `${ROOT}/kept`;
/** Nodes that are there before anything else is. */
export const FOLDERS: readonly string[] = [
  ...['reg', 'shared', 'queue', 'live', 'lock', 'box', 'mark'].map((name) => `${ROOT}/${name}`),
  ...[BRIEF, HOME, KEPT],
];
/** How long what is below {@link BRIEF} lives after its last change, in ms. */
export const LIFETIME = 1_500;

/** What makes a session a keeper. */
export const KEEPER = { scheme: 'digest', credentials: 'keeper:of the house' } as const;

/** Everybody reads; the rest is for keepers. */
export function keptAcl(): string[] {
  const hash = createHash('sha1').update(KEEPER.credentials).digest('base64');
  return ['world:anyone:r', `digest:keeper:${hash}:cdrwa`];
}

/** Whether the group deletes the node by itself when its time has come. */
export function isBrief(path: string): boolean {
  return parentOf(path) === BRIEF;
}

/** Whether the group deletes the node by itself once its last child is gone. */
export function isContainer(path: string): boolean {
  return parentOf(path) === HOME;
}

/** Whether only keepers may change the node and its list of children. */
export function isKept(path: string): boolean {
  return parentOf(path) === KEPT;
}
