/** How large the pieces of a checkpoint are, estimated from above: a part must fit a frame of the wire. */
import type { Acl, AclEntry } from './acl.ts';
import type { SessionsPart, WindowRecord } from './checkpoint-record.ts';
import type { OperationResult } from './request.ts';

/** UTF-8 bytes of one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;
/** Everything of fixed size in a node or a result, a Stat included. */
const FIXED_BYTES = 128;

export function bytesOfNode(path: string, dataLength: number, list: Acl): number {
  let units = path.length;
  // By number: an iterator's results for each node are more than what it iterates over.
  for (let at = 0; at < list.length; at += 1) {
    const { scheme, id } = list[at] as AclEntry;
    units += scheme.length + id.length;
  }
  return FIXED_BYTES + dataLength + units * BYTES_PER_UNIT;
}

export function bytesOfWindow({ answers }: WindowRecord): number {
  return answers.reduce((sum, { result }) => sum + bytesOfResult(result), FIXED_BYTES);
}

export function bytesOfSession({ session, window }: SessionsPart['sessions'][number]): number {
  let units = session.address.length;
  for (const { scheme, id } of session.identities) units += scheme.length + id.length;
  return FIXED_BYTES + units * BYTES_PER_UNIT + bytesOfWindow(window);
}

function bytesOfResult(result: OperationResult): number {
  if (result.type === 'multi') {
    return result.results.reduce((sum, one) => sum + bytesOfResult(one), FIXED_BYTES);
  }
  const path = 'path' in result ? (result.path ?? '') : '';
  return FIXED_BYTES + path.length * BYTES_PER_UNIT;
}
