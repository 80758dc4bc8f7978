/** What may be read of a tree: each checks READ as ZooKeeper does, and answers failures as values. */
import { pathFault } from '../base/path.ts';
import { PERMISSION } from './acl.ts';
import { maskAcl, permits } from './acl-check.ts';
import { ABSENT, type DataTree } from './data-tree.ts';
import type {
  ChildrenResult,
  CountResult,
  ExistsResult,
  Failure,
  GetAclResult,
  GetResult,
  GetTextResult,
  Page,
  Reader,
  SubtreeResult,
} from './reader.ts';

/** A row, or why there is none to be read. A path is only checked if it is not found: one that exists is sound. */
function readable(
  tree: DataTree,
  path: string,
  reader: Reader,
  permission: number,
): number | Failure {
  const row = tree.find(path);
  if (row === ABSENT) {
    return {
      type: 'error',
      code: pathFault(path) === undefined ? 'NO_NODE' : 'BAD_ARGUMENTS',
      path,
    };
  }
  if (!tree.isOpen(row) && !permits(tree.acl(row), permission, reader))
    return { type: 'error', code: 'NO_AUTH', path };
  return row;
}

export function get(tree: DataTree, path: string, reader: Reader): GetResult | Failure {
  const row = readable(tree, path, reader, PERMISSION.read);
  if (typeof row !== 'number') return row;
  return { type: 'get', data: tree.table.data(row), stat: tree.table.stat(row) };
}

export function getText(tree: DataTree, path: string, reader: Reader): GetTextResult | Failure {
  const row = readable(tree, path, reader, PERMISSION.read);
  if (typeof row !== 'number') return row;
  return { type: 'get-text', text: tree.table.text(row), stat: tree.table.stat(row) };
}

export function exists(tree: DataTree, path: string, reader: Reader): ExistsResult | Failure {
  const row = readable(tree, path, reader, PERMISSION.read);
  if (typeof row !== 'number') return row;
  return { type: 'exists', stat: tree.table.stat(row) };
}

export function children(
  tree: DataTree,
  path: string,
  reader: Reader,
  page: Page,
): ChildrenResult | Failure {
  const row = readable(tree, path, reader, PERMISSION.read);
  if (typeof row !== 'number') return row;
  const names = tree.childNames(
    row,
    path,
    page.after ?? '',
    page.limit ?? Number.POSITIVE_INFINITY,
  );
  return { type: 'children', children: names, stat: tree.table.stat(row) };
}

export function getAcl(tree: DataTree, path: string, reader: Reader): GetAclResult | Failure {
  const row = readable(tree, path, reader, PERMISSION.read | PERMISSION.admin);
  if (typeof row !== 'number') return row;
  return { type: 'get-acl', acl: maskAcl(tree.acl(row), reader), stat: tree.table.stat(row) };
}

export function countDescendants(
  tree: DataTree,
  path: string,
  reader: Reader,
): CountResult | Failure {
  const row = readable(tree, path, reader, PERMISSION.read);
  if (typeof row !== 'number') return row;
  return { type: 'count', count: path === '/' ? tree.size - 1 : tree.countBelow(row) };
}

export function subtree(tree: DataTree, path: string, reader: Reader): SubtreeResult | Failure {
  const root = readable(tree, path, reader, PERMISSION.read);
  if (typeof root !== 'number') return root;
  const nodes: SubtreeResult['nodes'][number][] = [];
  const open = [path];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const row = tree.find(at);
    if (permits(tree.acl(row), PERMISSION.read, reader)) {
      nodes.push({ path: at, data: tree.table.data(row), stat: tree.table.stat(row) });
    }
    for (const child of [...tree.childPaths(row)].reverse()) open.push(child);
  }
  return { type: 'subtree', nodes };
}
