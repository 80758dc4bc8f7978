import { present, unreachable } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { DataTree } from './data-tree.ts';
import type { OperationResult } from './request.ts';
import type { Effects } from './tree-event.ts';
import type { Change, TxnBody } from './txn.ts';

type ChangeBody = Extract<TxnBody, { type: 'change' }>;

function applyChange(
  tree: DataTree,
  zxid: Zxid,
  time: number,
  change: Change,
  effects: Effects,
): OperationResult {
  switch (change.type) {
    case 'create': {
      const row = tree.create(zxid, time, change, effects);
      return { type: 'create', path: change.path, stat: tree.table.stat(row) };
    }
    case 'set': {
      const row = tree.set(zxid, time, change.path, change.data, change.version, effects);
      return { type: 'set', stat: tree.table.stat(row) };
    }
    case 'set-acl': {
      const row = tree.setAcl(change.path, change.acl, change.version);
      return { type: 'set-acl', stat: tree.table.stat(row) };
    }
    case 'delete':
      tree.delete(zxid, change.path, effects);
      return { type: 'delete' };
    case 'check':
      return { type: 'check' };
    default:
      return unreachable(change);
  }
}

/** Makes the changes of one operation, `changes[from, from + span)`; its result is that of the last. */
function applySpan(
  tree: DataTree,
  zxid: Zxid,
  time: number,
  changes: readonly Change[],
  from: number,
  span: number,
  effects: Effects,
): OperationResult {
  let result: OperationResult | undefined;
  for (let next = from; next < from + span; next += 1) {
    result = applyChange(tree, zxid, time, present(changes[next], 'change of a span'), effects);
  }
  return present(result, 'change of an operation');
}

/** Makes the changes of one operation or of a multi, and gives each operation's result. */
export function applyChanges(
  tree: DataTree,
  zxid: Zxid,
  time: number,
  body: ChangeBody,
  effects: Effects,
): OperationResult {
  const { changes, spans, multi } = body;
  if (!multi) {
    const span = present(spans[0], 'operation of a transaction');
    return applySpan(tree, zxid, time, changes, 0, span, effects);
  }
  let next = 0;
  const results = spans.map((span) => {
    const from = next;
    next += span;
    return applySpan(tree, zxid, time, changes, from, span, effects);
  });
  return { type: 'multi', results };
}
