/** What became of the write that an error speaks of. Reads are always `not-applied`. */
export type Outcome = 'applied' | 'not-applied' | 'unknown';

/** A stable code; messages may change, codes do not. */
export type ErrorCode =
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'BAD_VERSION'
  | 'NOT_EMPTY'
  | 'NO_CHILDREN_FOR_EPHEMERALS'
  | 'NO_AUTH'
  | 'INVALID_ACL'
  | 'AUTH_FAILED'
  | 'QUOTA_EXCEEDED'
  | 'BAD_ARGUMENTS'
  | 'INVALID_DATA'
  | 'TOO_LARGE'
  | 'SESSION_EXPIRED'
  | 'SESSION_MOVED'
  | 'NO_WATCHER'
  | 'UNIMPLEMENTED'
  | 'RUNTIME_INCONSISTENCY'
  | 'TIMED_OUT'
  | 'OVERLOADED'
  | 'ABORTED'
  | 'CLOSED'
  | 'GRANT_LOST'
  | 'RELEASED'
  | 'WOULD_DEADLOCK'
  | 'DIRECTORY_LOCKED'
  | 'STORE_MISMATCH'
  | 'FORMAT_UNKNOWN'
  | 'PEERS_MISMATCH'
  | 'DUPLICATE_ID'
  | 'DUPLICATE_STORE'
  | 'QUARANTINED'
  | 'REFUSED'
  | 'STALL'
  | 'SLOW_DISK'
  | 'POOL_BUSY'
  | 'EVEN_VOTERS'
  | 'GRANT_LEAKED'
  | 'GRANT_OVERRUN';

/** What a code alone says. */
export interface ErrorDescription {
  /** ZooKeeper's number (KeeperException.Code), where there is one. */
  readonly errno?: number;
  /** What the code alone says about the write; a given error may know better. */
  readonly outcome: Outcome;
  /** In a few words; the guide to errors has more, and what to do. */
  readonly meaning: string;
}

/**
 * Every error of quorate that is not a `TypeError`: one table, stable codes.
 *
 * ```ts
 * import { ERRORS } from 'quorate';
 *
 * const { errno, outcome, meaning } = ERRORS.NO_NODE;
 * console.log(errno, outcome, meaning);                     // -101 is ZooKeeper's number
 * ```
 */
export const ERRORS: Readonly<Record<ErrorCode, ErrorDescription>> = {
  NO_NODE: { errno: -101, outcome: 'not-applied', meaning: 'the node does not exist' },
  NODE_EXISTS: { errno: -110, outcome: 'not-applied', meaning: 'the node exists already' },
  BAD_VERSION: { errno: -103, outcome: 'not-applied', meaning: 'the version is another one' },
  NOT_EMPTY: { errno: -111, outcome: 'not-applied', meaning: 'the node has children' },
  NO_CHILDREN_FOR_EPHEMERALS: {
    errno: -108,
    outcome: 'not-applied',
    meaning: 'an ephemeral node has no children',
  },
  NO_AUTH: { errno: -102, outcome: 'not-applied', meaning: 'the ACL does not permit it' },
  INVALID_ACL: { errno: -114, outcome: 'not-applied', meaning: 'the ACL is empty or malformed' },
  AUTH_FAILED: { errno: -115, outcome: 'not-applied', meaning: 'the credentials were refused' },
  QUOTA_EXCEEDED: {
    errno: -125,
    outcome: 'not-applied',
    meaning: 'a count or byte quota is used up',
  },
  BAD_ARGUMENTS: { errno: -8, outcome: 'not-applied', meaning: 'a path or value is not permitted' },
  INVALID_DATA: { errno: -5, outcome: 'not-applied', meaning: 'the codec refused the data' },
  TOO_LARGE: { errno: -5, outcome: 'not-applied', meaning: 'the data is over the limit of 1 MiB' },
  SESSION_EXPIRED: { errno: -112, outcome: 'unknown', meaning: 'the session has ended' },
  SESSION_MOVED: { errno: -118, outcome: 'not-applied', meaning: 'the session has another owner' },
  NO_WATCHER: { errno: -121, outcome: 'not-applied', meaning: 'there is no such watch' },
  UNIMPLEMENTED: { errno: -6, outcome: 'not-applied', meaning: 'the operation is not known' },
  RUNTIME_INCONSISTENCY: {
    errno: -2,
    outcome: 'not-applied',
    meaning: 'another operation of the same multi failed',
  },
  TIMED_OUT: { errno: -7, outcome: 'unknown', meaning: 'the time given for it is over' },
  OVERLOADED: { errno: -127, outcome: 'not-applied', meaning: 'too many requests wait' },
  ABORTED: { outcome: 'unknown', meaning: 'the caller gave it up' },
  CLOSED: { outcome: 'unknown', meaning: 'the peer or session was closed' },
  GRANT_LOST: { outcome: 'not-applied', meaning: 'the grant is over' },
  RELEASED: { outcome: 'not-applied', meaning: 'the grant was released' },
  WOULD_DEADLOCK: { outcome: 'not-applied', meaning: 'the caller holds the lock already' },
  DIRECTORY_LOCKED: { outcome: 'not-applied', meaning: 'another process uses the directory' },
  STORE_MISMATCH: { outcome: 'not-applied', meaning: 'the directory belongs to another peer' },
  FORMAT_UNKNOWN: {
    outcome: 'not-applied',
    meaning: 'the directory has a format this version does not know',
  },
  PEERS_MISMATCH: { outcome: 'not-applied', meaning: 'the peers named are not those of the group' },
  DUPLICATE_ID: { outcome: 'not-applied', meaning: 'another process runs under this id' },
  DUPLICATE_STORE: {
    outcome: 'not-applied',
    meaning: 'another process runs on a copy of this store',
  },
  QUARANTINED: {
    outcome: 'unknown',
    meaning: 'the store failed; the peer takes no part until it is verified',
  },
  REFUSED: { outcome: 'not-applied', meaning: 'the other side refused the connection' },
  STALL: { outcome: 'not-applied', meaning: 'the event loop was blocked' },
  SLOW_DISK: { outcome: 'not-applied', meaning: 'a synced write took long' },
  POOL_BUSY: { outcome: 'not-applied', meaning: "Node's thread pool lets nothing through" },
  EVEN_VOTERS: {
    outcome: 'not-applied',
    meaning: 'an even number of voters bears no more failures than one less',
  },
  GRANT_LEAKED: { outcome: 'not-applied', meaning: 'a grant was never released' },
  GRANT_OVERRUN: { outcome: 'not-applied', meaning: 'work went on after its grant was over' },
};

interface Details {
  readonly outcome?: Outcome;
  readonly settled?: Promise<Outcome>;
  readonly path?: string | undefined;
  readonly index?: number | undefined;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('quorate.error');
const CREATE = Symbol('create');

/** The one error class. Recognise it with {@link QuorateError.is}: that survives two copies of the package. */
export class QuorateError extends Error {
  /** Which of {@link ERRORS}: what to decide by. The message is for people, and may change. */
  readonly code: ErrorCode;
  /** ZooKeeper's number, where there is one. */
  readonly errno: number | undefined;
  /** What is known of the write when the error is made. */
  readonly outcome: Outcome;
  /** What `unknown` turned out to be, once the group is heard again; `unknown` itself, if nobody can find out any more. Never rejects. */
  readonly settled: Promise<Outcome>;
  /** The node it is about, as the caller named it. */
  readonly path: string | undefined;
  /** Which operation of a multi, from 0. */
  readonly index: number | undefined;

  private constructor(key: typeof CREATE, code: ErrorCode, message: string, details: Details) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    if (key !== CREATE) throw new TypeError('QuorateError is made by quorate');
    const known: ErrorDescription = ERRORS[code];
    this.name = code === 'ABORTED' ? 'AbortError' : 'QuorateError';
    this.code = code;
    this.errno = known.errno;
    this.outcome = details.outcome ?? known.outcome;
    this.settled = details.settled ?? Promise.resolve(this.outcome);
    this.path = details.path;
    this.index = details.index;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Makes one. @internal */
  static make(code: ErrorCode, message?: string, details: Details = {}): QuorateError {
    const known: ErrorDescription = ERRORS[code];
    const text =
      message ?? (details.path === undefined ? known.meaning : `${details.path}: ${known.meaning}`);
    return new QuorateError(CREATE, code, text, details);
  }

  /** Whether a caught value is an error of quorate, and one of `codes` if any are given. */
  static is(error: unknown, ...codes: ErrorCode[]): error is QuorateError {
    if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
    return codes.length === 0 || ('code' in error && codes.some((code) => code === error.code));
  }
}
