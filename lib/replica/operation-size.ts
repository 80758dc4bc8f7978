/** How much an operation takes, estimated from above, where it travels and where its answer is kept. */
import type { Acl } from '../tree/acl.ts';
import type { NodeOperation, Operation } from '../tree/request.ts';

/** UTF-8 bytes of one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;
/** Everything of fixed size in an operation, or in an answer with its Stat. */
const FIXED_BYTES = 128;
/** Likewise in a line of an ACL. */
const LINE_BYTES = 16;

/** Bytes of the operation in a REQUEST. */
export function bytesOfOperation(operation: Operation): number {
  return bytesOf(operation, (one) => bytesOfPath(one) + bytesOfContent(one));
}

/** Bytes of its answer in the exactly-once table, and so in every checkpoint until it is resolved. */
export function bytesOfAnswer(operation: Operation): number {
  return bytesOf(operation, bytesOfPath);
}

function bytesOf(operation: Operation, bytesOfOne: (operation: NodeOperation) => number): number {
  switch (operation.type) {
    case 'multi': {
      let bytes = FIXED_BYTES;
      for (const one of operation.operations) bytes += bytesOfOne(one);
      return bytes;
    }
    case 'create':
    case 'delete':
    case 'set':
    case 'check':
    case 'set-acl':
      return bytesOfOne(operation);
    default:
      return FIXED_BYTES;
  }
}

function bytesOfPath({ path }: NodeOperation): number {
  return FIXED_BYTES + path.length * BYTES_PER_UNIT;
}

function bytesOfContent(operation: NodeOperation): number {
  switch (operation.type) {
    case 'create':
      return operation.data.length + bytesOfAcl(operation.acl);
    case 'set':
      return operation.data.length;
    case 'set-acl':
      return bytesOfAcl(operation.acl);
    default:
      return 0;
  }
}

function bytesOfAcl(acl: Acl): number {
  let bytes = 0;
  for (const { scheme, id } of acl) {
    bytes += LINE_BYTES + (scheme.length + id.length) * BYTES_PER_UNIT;
  }
  return bytes;
}
