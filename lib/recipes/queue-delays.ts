/** Items whose time has come are let in. */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import type { Op } from '../client/operation.ts';
import type { RawSession } from './any-client.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { delayedOf, entryPrefix, type QueuePlace } from './queue-place.ts';

const MOVED_AT_ONCE = 64;
const BYTES_AT_ONCE = 256 * 1024;

/**
 * Moves some that are due, in one transaction: each is either there or here.
 * @returns when to look again, in ms since 1970
 */
export async function moveDue(session: RawSession, place: QueuePlace): Promise<number> {
  const page = { ...WITHOUT_END, limit: MOVED_AT_ONCE };
  const names = await session.children(place.delayed, page);
  const ops: Op<Uint8Array>[] = [];
  const now = Date.now();
  let bytes = 0;
  let next = names.length < MOVED_AT_ONCE ? Number.POSITIVE_INFINITY : 0;
  for (const name of names) {
    const { due, priority } = delayedOf(name);
    if (due > now || bytes > BYTES_AT_ONCE) {
      next = due;
      break;
    }
    const path = joinPath(place.delayed, name);
    const node = await session.find(path, WITHOUT_END);
    if (node === undefined) continue;
    const create = joinPath(place.entries, entryPrefix(priority));
    ops.push({ delete: path }, { create, sequential: true, data: node.data });
    bytes += node.data.length;
  }
  try {
    if (ops.length > 0) await session.multi(ops, WITHOUT_END);
  } catch (error) {
    // Somebody else has moved one of them.
    if (QuorateError.is(error, 'NO_NODE')) return 0;
    throw error;
  }
  return next;
}
