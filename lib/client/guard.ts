/** Writes that are done only while a grant holds: the tree itself checks that the grant's node is still there. */
import { QuorateError } from '../base/errors.ts';
import { isZxid } from '../base/zxid.ts';
import type { NodeOperation, Operation, OperationResult } from '../tree/request.ts';
import type { Stat } from '../tree/znode.ts';
import type { Done, Question } from './call.ts';
import type { Failure } from './failure.ts';
import type { Place } from './place.ts';
import type { Fate } from './wait.ts';

/** What writes can be guarded by: a lock, a term of leadership, or anything else that stands on a node of its own. */
export interface HeldGrant {
  /** Its node. */
  readonly path: string;
  /** Throws when it is over, as the clock of this process tells: asked before each write. */
  assertHeld(): void;
  /**
   * The czxid of its node: one that was made later under the same name is not this grant's, and the tree
   * refuses the write. Without it the name must never be given again: those of sequential nodes are, when
   * their parent was deleted and made anew.
   */
  readonly fence?: bigint;
}

/** A node that was read: one that was made later under its name may have the same versions, and is not written over. */
export function nodeItself(path: string, { czxid }: Stat): HeldGrant {
  const itself = { path, assertHeld: () => {} };
  // The root was made by nobody, and is there for ever.
  return czxid === 0n ? itself : { ...itself, fence: czxid };
}

/**
 * Whether a write over what was read has failed because others were faster, and is to be tried on what is there now.
 * @param read the path of the node that the write was over, guarded by {@link nodeItself}; undefined: there was none
 */
export function isOvertaken(error: unknown, read: string | undefined): boolean {
  if (QuorateError.is(error, 'BAD_VERSION', 'NODE_EXISTS', 'NO_NODE')) return true;
  return QuorateError.is(error, 'GRANT_LOST') && read !== undefined && error.path === read;
}

/** Any version: the holder may write into its node. */
const ANY_VERSION = -1;

/** A grant and where it stands. */
interface Covering {
  readonly grant: HeldGrant;
  /** The grant's node as the tree knows it. */
  readonly path: string;
}

/** The grants that the writes of one view depend on: one, or more where a guarded view was guarded again. */
export class Guard {
  readonly #grants: readonly Covering[];

  /**
   * @param place the view in which the grant's path is one
   * @param outer what guards the view already
   * @throws {TypeError} it is no grant
   */
  constructor(grant: HeldGrant, place: Place, outer?: Guard) {
    if (typeof grant?.assertHeld !== 'function') {
      throw new TypeError('guardedBy: a grant has a path and assertHeld()');
    }
    if (grant.fence !== undefined) requireFence(grant.fence);
    const covering = { grant, path: place.resolve(grant.path) };
    this.#grants = [...(outer === undefined ? [] : outer.#grants), covering];
  }

  /** What is known without asking anybody. The checks in the transaction have the last word. Throws what a grant throws. */
  assertHeld(): void {
    for (const { grant } of this.#grants) grant.assertHeld();
  }

  /** The same write behind a check of each grant, in one transaction. */
  cover(operation: NodeOperation | MultiOperation): MultiOperation {
    const checks = this.#grants.map(({ grant: { fence }, path }) => {
      const check = { type: 'check', path, version: ANY_VERSION } as const;
      return fence === undefined ? check : { ...check, czxid: fence };
    });
    const operations = operation.type === 'multi' ? operation.operations : [operation];
    return { type: 'multi', operations: [...checks, ...operations] };
  }

  /** The results of the covered operations alone. */
  uncovered(results: readonly OperationResult[]): readonly OperationResult[] {
    return results.slice(this.#grants.length);
  }

  /** A failure of the covered write, as without the guard. */
  uncover(failure: Failure, isMulti: boolean): Failure {
    const { code, path, index } = failure;
    if (index === undefined) return failure;
    const lost = this.#grants[index];
    if (lost !== undefined) {
      return { code: code === 'NO_NODE' ? 'GRANT_LOST' : code, path: lost.path };
    }
    return {
      code,
      ...(path === undefined ? {} : { path }),
      ...(isMulti ? { index: index - this.#grants.length } : {}),
    };
  }
}

function requireFence(fence: bigint): void {
  if (typeof fence !== 'bigint') throw new TypeError('guardedBy: the fence of a grant is a bigint');
  if (fence === 0n || !isZxid(fence))
    throw new RangeError('guardedBy: the fence of a grant is a zxid');
}

type MultiOperation = Extract<Operation, { type: 'multi' }>;

/** Whether an operation changes nodes: what else a session asks is nothing to guard. */
export function isGuarded(operation: Operation): operation is NodeOperation | MultiOperation {
  switch (operation.type) {
    case 'create':
    case 'set':
    case 'delete':
    case 'set-acl':
    case 'check':
    case 'multi':
      return true;
    default:
      return false;
  }
}

/** Asks for a covered write, and understands the answer as that of the bare one. */
export class GuardedQuestion<R> implements Question<Done, R> {
  readonly #bare: Question<Done, R>;
  readonly #guard: Guard;
  readonly #isMulti: boolean;

  constructor(bare: Question<Done, R>, guard: Guard, isMulti: boolean) {
    this.#bare = bare;
    this.#guard = guard;
    this.#isMulti = isMulti;
  }

  get what(): string {
    return this.#bare.what;
  }

  get path(): string | undefined {
    return this.#bare.path;
  }

  reason(): string | undefined {
    return this.#bare.reason?.();
  }

  result(answer: Done): R {
    return this.#bare.result(this.#uncovered(answer));
  }

  error(failure: Failure, fate: Fate): QuorateError {
    return this.#bare.error(this.#guard.uncover(failure, this.#isMulti), fate);
  }

  #uncovered(answer: Done): Done {
    if (answer.type !== 'multi') return answer;
    const results = this.#guard.uncovered(answer.results);
    if (this.#isMulti) return { type: 'multi', results };
    const [only] = results;
    if (only !== undefined && only.type !== 'error') return only;
    throw QuorateError.make(
      'RUNTIME_INCONSISTENCY',
      'a guarded write was answered without a result',
    );
  }
}
