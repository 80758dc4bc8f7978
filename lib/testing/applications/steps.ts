/** What a committed transaction does to the nodes below a folder, one after the other. */
import type { Decided } from '../model.ts';
import type { SimProcess } from '../programs/sim-process.ts';

export type Step =
  | { readonly type: 'create' | 'set'; readonly path: string; readonly data: string }
  | { readonly type: 'delete' | 'check'; readonly path: string };

const decoder = new TextDecoder();

/** Of an operation or a multi, of the end of a session, or of a clean-up. */
export function stepsOf({ txn, applied }: Decided, folder: string): Step[] {
  if (applied.result.type === 'error') return [];
  const { body } = txn;
  if (body.type !== 'change') {
    const gone = applied.events.filter(({ type }) => type === 'deleted');
    return gone.flatMap(({ path }) => (path.startsWith(folder) ? [{ type: 'delete', path }] : []));
  }
  return body.changes.flatMap((change): Step[] => {
    const { type, path } = change;
    if (!path.startsWith(folder)) return [];
    if (type === 'delete' || type === 'check') return [{ type, path }];
    if (type === 'create' || type === 'set') {
      return [{ type, path, data: decoder.decode(change.data) }];
    }
    return [];
  });
}

/** Who asked for a transaction: a life of a process. */
export function askerOf({ txn }: Decided): string {
  return `${txn.owner.peer}/${txn.owner.boot}`;
}

/** What is to be known of a process to tell its lives and its sessions. */
export interface Owner extends Pick<SimProcess, 'alive' | 'has'> {
  readonly peer: { readonly id: number; readonly disk: { readonly boot: number } };
}

/** The same, as a process knows itself. */
export function lifeOf({ peer }: Pick<Owner, 'peer'>): string {
  return `${peer.id}/${peer.disk.boot}`;
}
