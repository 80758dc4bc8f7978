import { formatZxid } from '../../base/zxid.ts';
import type { WatchedNode } from '../../replica/ready.ts';
import type { Change } from '../../tree/txn.ts';
import type { NodeEvent } from '../../tree/watch-event.ts';
import { demand, type Predicate } from './predicate.ts';

/** Why a node is not the one that these changes left under its path; undefined: it is. */
function fault(
  event: NodeEvent,
  changes: readonly Change[],
  node: WatchedNode | undefined,
): string | undefined {
  const last = changes.findLast(
    ({ path, type }) =>
      path === event.path && (type === 'create' || type === 'set' || type === 'delete'),
  );
  if (last === undefined || last.type === 'delete')
    return node === undefined ? undefined : 'is gone';
  if (node === undefined) return 'is there';
  if (node.stat.mzxid !== event.zxid)
    return `was written by another, ${formatZxid(node.stat.mzxid)}`;
  if (last.type !== 'create' && last.type !== 'set') return undefined;
  const isSame = Buffer.compare(node.data, last.data) === 0;
  return isSame ? undefined : 'has other data';
}

/**
 * S23 of what consumers of states and of subtrees stand on: with the event comes the node as this very transaction
 * left it, whoever reads it when, and however far the tree is by then.
 */
export const watchedNodes: Predicate = {
  name: 'S23',
  title: 'watches that stay get every event once, in order, and the node with it',
  judges: 'replica',
  watch({ model }) {
    return {
      told(peer, delivery) {
        if (delivery.type !== 'watch' || delivery.event.type === 'resync') return;
        const { event, node, session } = delivery;
        const isTold = event.watches.some(({ kind }) => kind.startsWith('persistent'));
        const isLeft = event.type === 'created' || event.type === 'data-changed';
        const body = model.decided.get(event.zxid)?.txn.body;
        if (!isTold || !isLeft || body?.type !== 'change') return;
        const wrong = fault(event, body.changes, node);
        demand(wrong === undefined, 'S23', () => {
          return `session ${session.key} of peer ${peer.id} is told ${event.type} ${event.path} at ${formatZxid(event.zxid)} with another node: it ${wrong}`;
        });
      },
    };
  },
};
