/** The kinds of nodes as the numbers that stand in a row. */
import { unreachable } from '../base/assert.ts';
import type { NodeKind } from './txn.ts';

/** By number. */
export const KINDS: readonly NodeKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];

export function kindNumber(kind: NodeKind): number {
  switch (kind) {
    case 'persistent':
      return 0;
    case 'ephemeral':
      return 1;
    case 'container':
      return 2;
    case 'ttl':
      return 3;
    default:
      return unreachable(kind);
  }
}
