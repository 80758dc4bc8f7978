/** Which options each call takes, and the checks that cost nothing when there are none. */
import { isZxid, type Zxid } from '../base/zxid.ts';
import type { ReadOptions as ReplicaReadOptions } from '../replica/read.ts';
import type { ReadOptions } from './client.ts';
import { checkCall, WAIT_OPTIONS } from './wait.ts';

/** A call of a client or a peer. */
export type CallName =
  | 'get'
  | 'find'
  | 'exists'
  | 'children'
  | 'getAcl'
  | 'create'
  | 'set'
  | 'setAcl'
  | 'delete'
  | 'update'
  | 'ensurePath'
  | 'multi'
  | 'addAuth'
  | 'sync'
  | 'watch'
  | 'watchChildren'
  | 'watchTree'
  | 'ready'
  | 'openSession'
  | 'close';

/** How long the close of a peer or a session may take, in ms. */
export const CLOSE_TIMEOUT = 10_000;

interface CallOptions {
  readonly known: readonly string[];
  /** Those whose `undefined` must not pass for "left out". */
  readonly strict: readonly string[];
}

const READ: readonly string[] = [...WAIT_OPTIONS, 'after', 'consistency'];
const CALLS: Readonly<Record<CallName, CallOptions>> = {
  get: { known: READ, strict: ['after', 'consistency'] },
  find: { known: READ, strict: ['after', 'consistency'] },
  exists: { known: READ, strict: ['after', 'consistency'] },
  getAcl: { known: READ, strict: ['after', 'consistency'] },
  children: {
    known: [...READ, 'limit', 'startAfter'],
    strict: ['after', 'consistency', 'limit', 'startAfter'],
  },
  create: {
    known: [...WAIT_OPTIONS, 'sequential', 'container', 'ttl', 'parents', 'acl', 'ephemeral'],
    strict: ['sequential', 'container', 'ttl', 'acl', 'ephemeral'],
  },
  set: { known: [...WAIT_OPTIONS, 'version'], strict: ['version'] },
  setAcl: { known: [...WAIT_OPTIONS, 'version'], strict: ['version'] },
  delete: { known: [...WAIT_OPTIONS, 'version', 'recursive'], strict: ['version'] },
  update: { known: WAIT_OPTIONS, strict: [] },
  ensurePath: { known: WAIT_OPTIONS, strict: [] },
  multi: { known: WAIT_OPTIONS, strict: [] },
  addAuth: { known: [], strict: [] },
  sync: { known: WAIT_OPTIONS, strict: [] },
  ready: { known: WAIT_OPTIONS, strict: [] },
  openSession: { known: [...WAIT_OPTIONS, 'sessionTimeout'], strict: ['sessionTimeout'] },
  close: { known: ['timeout'], strict: [] },
  watch: { known: ['signal'], strict: [] },
  watchChildren: { known: ['signal', 'limit', 'startAfter'], strict: ['limit', 'startAfter'] },
  watchTree: { known: ['signal'], strict: [] },
};

/** @throws {TypeError} an option the call does not know, or one that is `undefined` by mistake */
export function checkOptions(call: CallName, options: object | undefined): void {
  if (options !== undefined) checkCall(call, options, CALLS[call].known, CALLS[call].strict);
}

const LEVELS: readonly unknown[] = ['local', 'unordered', 'linearizable', 'stale'];

/** How fresh a read must be, as the replica is told it. */
export function freshness(options: ReadOptions | undefined): ReplicaReadOptions | undefined {
  if (options === undefined) return undefined;
  const { after, consistency = 'local' } = options;
  if (!LEVELS.includes(consistency)) {
    throw new TypeError(`consistency must be one of ${LEVELS.join(', ')}`);
  }
  if (after === undefined) return { consistency };
  return { consistency, after: checkZxid(after) };
}

function checkZxid(after: bigint): Zxid {
  if (typeof after !== 'bigint') throw new TypeError('after must be a zxid (a bigint)');
  if (!isZxid(after)) throw new RangeError('after must be a zxid: 64 bits, not negative');
  return after;
}
