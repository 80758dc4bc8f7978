import { present, unreachable } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { DataTree } from './data-tree.ts';
import type { OperationResult } from './request.ts';
import type { TreeEvent } from './tree-event.ts';
import type { Change, TxnBody } from './txn.ts';

type ChangeBody = Extract<TxnBody, { type: 'change' }>;

function applyChange(
  tree: DataTree,
  zxid: Zxid,
  time: number,
  change: Change,
  events: TreeEvent[],
): OperationResult {
  switch (change.type) {
    case 'create': {
      const row = tree.create(zxid, time, change, events);
      return { type: 'create', path: change.path, stat: tree.table.stat(row) };
    }
    case 'set': {
      const row = tree.set(zxid, time, change.path, change.data, change.version, events);
      return { type: 'set', stat: tree.table.stat(row) };
    }
    case 'set-acl': {
      const row = tree.setAcl(change.path, change.acl, change.version);
      return { type: 'set-acl', stat: tree.table.stat(row) };
    }
    case 'delete':
      tree.delete(zxid, change.path, events);
      return { type: 'delete' };
    case 'check':
      return { type: 'check' };
    default:
      return unreachable(change);
  }
}

/** Makes the changes of one operation or of a multi, and gives each operation's result: that of its last change. */
export function applyChanges(
  tree: DataTree,
  zxid: Zxid,
  time: number,
  body: ChangeBody,
  events: TreeEvent[],
): OperationResult {
  const results: OperationResult[] = [];
  let next = 0;
  for (const span of body.spans) {
    let result: OperationResult | undefined;
    for (const end = next + span; next < end; next += 1) {
      result = applyChange(
        tree,
        zxid,
        time,
        present(body.changes[next], 'change of a span'),
        events,
      );
    }
    results.push(present(result, 'change of an operation'));
  }
  return body.multi
    ? { type: 'multi', results }
    : present(results[0], 'operation of a transaction');
}
