import type { QuorateError } from '../base/errors.ts';
import type { ReadOptions as Freshness, ReadOperation, ReadResult } from '../replica/read.ts';
import type { Operation, OperationResult } from '../tree/request.ts';
import { type CallName, checkOptions, freshness } from './call-options.ts';
import type { ReadOptions } from './client.ts';
import type { SessionSource } from './client-core.ts';
import { type Codec, decodeWith, encodeWith, utf8 } from './codec.ts';
import { callError, type Failure } from './failure.ts';
import type { Watch } from './feed.ts';
import { type NodeAspect, openNode } from './node-source.ts';
import { createOperation, type Target } from './operation.ts';
import type { Place } from './place.ts';
import { StateWatch } from './state-watch.ts';
import {
  type Fate,
  type StopOptions,
  throwIfAborted,
  type WaitContext,
  type WaitOptions,
} from './wait.ts';

type Success<A> = Exclude<A, { readonly type: 'error' }>;

/** What a call makes of an answer to a read; throws the error of a failed one. */
export type ReadFinish<T, R> = (view: View<T, never>, result: ReadResult, call: Called) => R;

/** The read of a node, as the replica is asked it. */
export type ReadMaker<O> = (path: string, options: O | undefined) => ReadOperation;

/** What a sync waits for: a quorum round. */
const CONFIRMED: Freshness = { consistency: 'linearizable' };

/** The name and the path of a call, for its errors. */
export interface Called {
  readonly name: CallName;
  readonly path: string | undefined;
}

/** How a view asks: one part of the tree, one codec, and a session to ask through. */
export class View<T, In> {
  readonly source: SessionSource;
  readonly place: Place;
  readonly codec: Codec<T, In>;

  constructor(source: SessionSource, place: Place, codec: Codec<T, In>) {
    this.source = source;
    this.place = place;
    this.codec = codec;
  }

  /**
   * Answers at once if nothing of the session is ahead of the read: then the promise is resolved
   * already, and nothing but it and the answer was made.
   */
  protected ask<R, O extends ReadOptions>(
    name: CallName,
    path: string | undefined,
    options: O | undefined,
    make: ReadMaker<O>,
    finish: ReadFinish<T, R>,
  ): Promise<R> {
    try {
      const called = { name, path };
      if (options !== undefined) {
        checkOptions(name, options);
        throwIfAborted(options, this.#context(called));
      }
      const core = this.source.current;
      const place = path === undefined ? '/' : this.join(path);
      const fresh = name === 'sync' ? CONFIRMED : freshness(options);
      const result = core.read(make(place, options), fresh);
      if (typeof result !== 'number') return Promise.resolve(finish(this, result, called));
      const later = (answer: ReadResult) => finish(this, answer, called);
      return core.awaitRead(result, this.#context(called), options, later);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Gives a write its place in the order of the session before it returns. */
  protected submit<R>(
    name: CallName,
    path: string | undefined,
    operation: Operation,
    options: WaitOptions | undefined,
    finish: (view: View<T, never>, answer: Success<OperationResult>) => R,
  ): Promise<R> {
    const called = { name, path };
    return this.source.current.write(operation, this.#context(called), options, {
      result: (answer) => finish(this, answer),
      error: (failure, fate) => this.failure(called, failure, fate),
    });
  }

  protected feed<S>(
    name: CallName,
    path: string,
    node: NodeAspect<S>,
    options: StopOptions | undefined,
  ): Watch<S> {
    const { report } = this.source;
    const context = { what: whatOf({ name, path }), path, report };
    return new StateWatch(openNode(this.source, node), context, options);
  }

  failure(called: Called, failure: Failure, fate: Fate): QuorateError {
    return callError(whatOf(called), failure, fate, this.place.show);
  }

  /** A path as the tree knows it, for a read. */
  protected join(path: string): string {
    return typeof path === 'string' ? this.place.join(path) : this.place.resolve(path);
  }

  protected target(path: string, sequential?: boolean): Target {
    return { tree: this.place.resolve(path, sequential), shown: path };
  }

  /** Whether this peer knows of the node already; false if it cannot say at once. */
  protected isThere(treePath: string): boolean {
    const result = this.source.current.read({ type: 'exists', path: treePath });
    return typeof result !== 'number' && result.type === 'exists' && result.stat !== undefined;
  }

  /** The node that a namespace stands on is made by the first write in it, which follows behind. */
  protected ensureRoot(): void {
    const { prefix } = this.place;
    if (prefix === '' || this.isThere(prefix)) return;
    const target = { tree: prefix, shown: '/' };
    const operation = createOperation(utf8, target, undefined, { parents: true });
    this.submit('ensurePath', '/', operation, undefined, () => {}).catch(() => {
      // It is there already, or the write behind it fails for the same reason and says so.
    });
  }

  /** The caller's own copy of a value it has written. */
  protected own(data: In, path: string): T {
    return decodeWith(this.codec, encodeWith(this.codec, data, path), path);
  }

  #context(called: Called): WaitContext {
    const { peer } = this.source;
    return {
      get what() {
        return whatOf(called);
      },
      path: called.path,
      reason: () => peer.status.reason,
    };
  }
}

function whatOf({ name, path }: Called): string {
  return path === undefined ? name : `${name} ${path}`;
}
