/** What can be watched of one node, and what its watchers are given. */
import type { QuorateError } from '../base/errors.ts';
import type { ReadOperation, ReadResult } from '../replica/read.ts';
import type { WatchedNode } from '../replica/ready.ts';
import { childrenOrNone, znodeOfShared, znodeOrNone } from './answers.ts';
import type { Called } from './asked.ts';
import type { WatchChildrenOptions, Znode } from './client.ts';
import type { Failure } from './failure.ts';
import type { Aspect } from './session-watches.ts';
import type { View } from './view.ts';
import { NOT_APPLIED } from './wait.ts';

/** Equal for equal states: the transaction that made the state, or the code that stands for it. */
export type Identity = bigint | string;

/** What is watched, how it is read, and what is made of it. */
export interface NodeAspect<T> {
  readonly aspect: Aspect;
  /** As the tree knows it. */
  readonly path: string;
  readonly operation: ReadOperation;
  identity(result: ReadResult): Identity;
  /** Throws what refuses it. */
  state(result: ReadResult): T;
  /** Likewise, of a node that others are shown as well. Absent: it says nothing of this aspect. */
  shared?(node: WatchedNode): T;
  failure(failure: Failure): QuorateError;
}

/** A node's data and Stat. */
export class DataAspect<T> implements NodeAspect<Znode<T> | undefined> {
  readonly aspect = 'data';
  readonly path: string;
  readonly operation: ReadOperation;
  readonly #view: View<T, never>;
  readonly #called: Called & { readonly path: string };

  constructor(view: View<T, never>, path: string, called: Called & { readonly path: string }) {
    this.path = path;
    this.operation = { type: view.fromText === undefined ? 'get' : 'get-text', path };
    this.#view = view;
    this.#called = called;
  }

  identity(result: ReadResult): Identity {
    const isNode = result.type === 'get' || result.type === 'get-text';
    return isNode ? identityOfData(result) : codeOf(result);
  }

  state(result: ReadResult): Znode<T> | undefined {
    return znodeOrNone(this.#view, result, this.#called.name, this.#called.path);
  }

  shared(node: WatchedNode): Znode<T> {
    return znodeOfShared(this.#view, node, this.#called.path);
  }

  failure(failure: Failure): QuorateError {
    return this.#view.failure(this.#called, failure, NOT_APPLIED);
  }
}

/** The names of a node's children. */
export class ChildrenAspect implements NodeAspect<string[]> {
  readonly aspect = 'children';
  readonly path: string;
  readonly operation: ReadOperation;
  readonly #isPage: boolean;
  readonly #view: View<unknown, never>;
  readonly #called: Called;

  constructor(
    view: View<unknown, never>,
    path: string,
    called: Called,
    options: WatchChildrenOptions | undefined,
  ) {
    this.path = path;
    this.operation = readChildren(path, options);
    this.#isPage = options?.limit !== undefined || options?.startAfter !== undefined;
    this.#view = view;
    this.#called = called;
  }

  identity(result: ReadResult): Identity {
    if (result.type !== 'children') return codeOf(result);
    // Absent and empty are one state; of a page nobody knows whether the others are the same.
    const hasChildren = this.#isPage || result.children.length > 0;
    return hasChildren ? result.stat.pzxid : '';
  }

  state(result: ReadResult): string[] {
    return childrenOrNone(this.#view, result, this.#called.name, this.#called.path);
  }

  failure(failure: Failure): QuorateError {
    return this.#view.failure(this.#called, failure, NOT_APPLIED);
  }
}

/** The read of all children, or of a page of them. */
export function readChildren(
  path: string,
  options: WatchChildrenOptions | undefined,
): ReadOperation {
  if (options === undefined) return { type: 'children', path };
  const { limit, startAfter } = options;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 0)) {
    throw new RangeError('children: limit must be a whole number, 0 or more');
  }
  if (startAfter !== undefined && typeof startAfter !== 'string') {
    throw new TypeError('children: startAfter must be a name');
  }
  return { type: 'children', path, limit, after: startAfter };
}

/** Every write of a node's data has its own, and so has every node under the same name. */
export function identityOfData({ stat }: Pick<WatchedNode, 'stat'>): Identity {
  return stat.mzxid;
}

/** Absent and refused are two states. */
function codeOf(result: ReadResult): string {
  return result.type === 'error' && result.code !== 'NO_NODE' ? result.code : '';
}
