import type { ErrorCode } from '../base/errors.ts';

/** The number of every error code in logs and messages. Given once, for ever. */
const NUMBERS: Readonly<Record<ErrorCode, number>> = {
  NO_NODE: 0,
  NODE_EXISTS: 1,
  BAD_VERSION: 2,
  NOT_EMPTY: 3,
  NO_CHILDREN_FOR_EPHEMERALS: 4,
  NO_AUTH: 5,
  INVALID_ACL: 6,
  AUTH_FAILED: 7,
  QUOTA_EXCEEDED: 8,
  BAD_ARGUMENTS: 9,
  INVALID_DATA: 10,
  TOO_LARGE: 11,
  SESSION_EXPIRED: 12,
  SESSION_MOVED: 13,
  NO_WATCHER: 14,
  UNIMPLEMENTED: 15,
  RUNTIME_INCONSISTENCY: 16,
  TIMED_OUT: 17,
  OVERLOADED: 18,
  ABORTED: 19,
  CLOSED: 20,
  GRANT_LOST: 21,
  RELEASED: 22,
  WOULD_DEADLOCK: 23,
  DIRECTORY_LOCKED: 24,
  STORE_MISMATCH: 25,
  FORMAT_UNKNOWN: 26,
  PEERS_MISMATCH: 27,
  DUPLICATE_ID: 28,
  DUPLICATE_STORE: 29,
  QUARANTINED: 30,
  REFUSED: 31,
  STALL: 32,
  SLOW_DISK: 33,
  GRANT_LEAKED: 34,
  GRANT_OVERRUN: 35,
  EVEN_VOTERS: 36,
  POOL_BUSY: 37,
};

/** Every code at the place of its number. */
export const ERROR_CODES: readonly ErrorCode[] = (Object.keys(NUMBERS) as ErrorCode[]).sort(
  (one, other) => NUMBERS[one] - NUMBERS[other],
);
