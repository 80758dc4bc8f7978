/** Writes that are done only while a grant holds: the tree itself checks that the grant's node is still there. */
import { QuorateError } from '../base/errors.ts';
import type { NodeOperation, Operation, OperationResult } from '../tree/request.ts';
import type { Done, Question } from './call.ts';
import type { Failure } from './failure.ts';
import { type Fate, NOT_APPLIED } from './wait.ts';

/** What writes can be guarded by: a lock, a term of leadership, or anything else that stands on a node of its own. */
export interface HeldGrant {
  /** Its node, whose name must never be given again while somebody may rely on it. */
  readonly path: string;
  /** Throws when it is over, as the clock of this process tells: asked before each write. */
  assertHeld(): void;
  /** The czxid of its node: one that was made later under the same name is not this grant's. */
  readonly fence?: bigint;
}

/** The czxid of a node as this peer knows it; undefined: it is not there, or that cannot be said at once. */
export type FindCzxid = (path: string) => bigint | undefined;

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
   * @param outer what guards the view already
   * @throws {TypeError} it is no grant
   */
  constructor(grant: HeldGrant, path: string, outer?: Guard) {
    if (typeof grant.assertHeld !== 'function') {
      throw new TypeError('guardedBy: a grant has a path and assertHeld()');
    }
    if (grant.fence !== undefined && typeof grant.fence !== 'bigint') {
      throw new TypeError('guardedBy: the fence of a grant is a bigint');
    }
    this.#grants = [...(outer === undefined ? [] : outer.#grants), { grant, path }];
  }

  /**
   * What can be known without asking anybody. The check in the transaction has the last word on whether
   * the node is there; that it is the same one and no namesake is seen here.
   * @throws GRANT_LOST, or what the grant throws
   */
  assertHeld(czxidOf: FindCzxid): void {
    for (const { grant, path } of this.#grants) {
      grant.assertHeld();
      const czxid = grant.fence === undefined ? undefined : czxidOf(path);
      if (czxid === undefined || czxid === grant.fence) continue;
      const message = `the grant ${grant.path} is over: its name was given to another`;
      throw QuorateError.make('GRANT_LOST', message, { path: grant.path, ...NOT_APPLIED });
    }
  }

  /** The same write behind a check of each grant, in one transaction. */
  cover(operation: NodeOperation | MultiOperation): MultiOperation {
    const checks = this.#grants.map(({ path }) => {
      return { type: 'check', path, version: ANY_VERSION } as const;
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
