/**
 * What a request may be, so that every message it travels in can be read again at the other end. It
 * is asked before a request gets a number: one that was numbered and cannot be sent would hold up its
 * session for ever.
 */
import { unreachable } from '../base/assert.ts';
import type { Acl, Identity } from '../tree/acl.ts';
import type { NodeOperation, Operation } from '../tree/request.ts';
import {
  MAX_ACL,
  MAX_CHANGES,
  MAX_DATA_BYTES,
  MAX_ENTRY_BYTES,
  MAX_PASSWORD_BYTES,
  MAX_PATH_BYTES,
  MAX_TEXT_BYTES,
} from './limits.ts';

/** UTF-8 bytes of one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;

/** Whether an operation is beyond what the wire carries; its caller is told TOO_LARGE. */
export function isTooLarge(operation: Operation): boolean {
  switch (operation.type) {
    case 'create-session':
      return operation.password.length > MAX_PASSWORD_BYTES || isLong(operation.address);
    case 'move-session':
      return operation.password.length > MAX_PASSWORD_BYTES;
    case 'add-auth':
      return isLongIdentity(operation.identity);
    case 'close-session':
    case 'sync':
      return false;
    case 'multi': {
      const { operations } = operation;
      if (operations.length > MAX_CHANGES || operations.some(isTooLargeAlone)) return true;
      if (operations.reduce((sum, one) => sum + elementsOf(one), 0) > MAX_CHANGES) return true;
      return operations.reduce((sum, one) => sum + bytesOf(one), 0) > MAX_ENTRY_BYTES;
    }
    default:
      return isTooLargeAlone(operation);
  }
}

function isTooLargeAlone(operation: NodeOperation): boolean {
  if (operation.path.length * BYTES_PER_UNIT > MAX_PATH_BYTES) return true;
  switch (operation.type) {
    case 'create':
      return operation.data.length > MAX_DATA_BYTES || isLongAcl(operation.acl);
    case 'set':
      return operation.data.length > MAX_DATA_BYTES;
    case 'set-acl':
      return isLongAcl(operation.acl);
    case 'delete':
    case 'check':
      return false;
    default:
      return unreachable(operation);
  }
}

/** Elements of lists that it adds to a message. */
function elementsOf(operation: NodeOperation): number {
  return 1 + ('acl' in operation ? operation.acl.length : 0);
}

/** At most so many bytes of an encoded operation, but for a few that are fixed. */
function bytesOf(operation: NodeOperation): number {
  let bytes = operation.path.length * BYTES_PER_UNIT;
  if ('data' in operation) bytes += operation.data.length;
  if ('acl' in operation) {
    for (const { scheme, id } of operation.acl)
      bytes += (scheme.length + id.length) * BYTES_PER_UNIT;
  }
  return bytes;
}

function isLongAcl(acl: Acl): boolean {
  return acl.length > MAX_ACL || acl.some(isLongIdentity);
}

function isLongIdentity({ scheme, id }: Identity): boolean {
  return isLong(scheme) || isLong(id);
}

function isLong(text: string): boolean {
  return text.length * BYTES_PER_UNIT > MAX_TEXT_BYTES;
}
