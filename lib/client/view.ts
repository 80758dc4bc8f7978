import type { QuorateError } from '../base/errors.ts';
import type { ReadOptions as Freshness, ReadOperation, ReadResult } from '../replica/read.ts';
import type { Operation } from '../tree/request.ts';
import { Asked, type Called, type Finish, whatOf } from './asked.ts';
import type { Done } from './call.ts';
import { type CallName, checkOptions, freshness } from './call-options.ts';
import type { ReadOptions } from './client.ts';
import type { SessionSource } from './client-core.ts';
import { type Codec, decodeWith, encodeWith, type FromText, fromTextOf, utf8 } from './codec.ts';
import { callError, type Failure } from './failure.ts';
import type { Watch } from './feed.ts';
import { type Guard, GuardedQuestion, isGuarded } from './guard.ts';
import type { NodeAspect } from './node-aspect.ts';
import { openNode } from './node-source.ts';
import { createOperation, type Target } from './operation.ts';
import { type Place, requirePath } from './place.ts';
import type { FeedContext } from './state-feed.ts';
import { StateWatch } from './state-watch.ts';
import { type Fate, type StopOptions, throwIfAborted, type WaitOptions } from './wait.ts';

/** The read of a node, as the replica is asked it. */
export type ReadMaker<O> = (path: string, options: O | undefined) => ReadOperation;

/** What a sync waits for: a quorum round. */
const CONFIRMED: Freshness = { consistency: 'linearizable' };

/** How a view asks: one part of the tree, one codec, and a session to ask through. */
export class View<T, In> {
  readonly source: SessionSource;
  readonly place: Place;
  readonly codec: Codec<T, In>;
  /** What it makes of text, if its codec reads that. */
  readonly fromText: FromText<T> | undefined;
  /** What its writes depend on, if they do. */
  protected readonly guard: Guard | undefined;

  constructor(source: SessionSource, place: Place, codec: Codec<T, In>, guard?: Guard) {
    this.source = source;
    this.place = place;
    this.codec = codec;
    this.fromText = fromTextOf(codec);
    this.guard = guard;
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
    finish: Finish<T, ReadResult, R>,
  ): Promise<R> {
    try {
      if (options !== undefined) {
        checkOptions(name, options);
        if (options.signal !== undefined) {
          throwIfAborted(options, new Asked(this, name, path, finish));
        }
      }
      const core = this.source.current;
      const place = name === 'sync' ? '/' : this.join(path);
      const fresh = name === 'sync' ? CONFIRMED : freshness(options);
      const result = core.read(make(place, options), fresh);
      if (typeof result !== 'number') return Promise.resolve(finish(this, result, name, path));
      return core.awaitRead(result, new Asked(this, name, path, finish), options);
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
    finish: Finish<T, Done, R>,
  ): Promise<R> {
    const core = this.source.current;
    const asked = new Asked(this, name, path, finish);
    const { guard } = this;
    if (guard === undefined || !isGuarded(operation)) return core.write(operation, asked, options);
    this.assertHeld();
    const question = new GuardedQuestion(asked, guard, operation.type === 'multi');
    return core.write(guard.cover(operation), question, options);
  }

  /** Whether its writes depend on a grant. */
  get isGuarded(): boolean {
    return this.guard !== undefined;
  }

  /** Throws what the grants throw that guard this view's writes: GRANT_LOST, if they are over. */
  assertHeld(): void {
    this.guard?.assertHeld();
  }

  protected feed<S>(
    name: CallName,
    path: string,
    node: NodeAspect<S>,
    options: StopOptions | undefined,
  ): Watch<S> {
    return new StateWatch(openNode(this.source, node), this.feedContext(name, path), options);
  }

  protected feedContext(name: CallName, path: string): FeedContext {
    const { report, lane } = this.source;
    return { what: whatOf({ name, path }), path, report, lane };
  }

  /** The error of a call that was refused. */
  failure(called: Called, failure: Failure, fate: Fate): QuorateError {
    return callError(whatOf(called), failure, fate, this.place.show);
  }

  /** A path as the tree knows it, for a read. */
  protected join(path: string | undefined): string {
    return this.place.join(typeof path === 'string' ? path : requirePath(path));
  }

  protected target(path: string, sequential?: boolean): Target {
    return { tree: this.place.resolve(path, sequential), shown: path };
  }

  /** Whether the node is there, behind all that was asked before; false if that cannot be said at once. */
  protected isThere(treePath: string): boolean {
    const core = this.source.current;
    const result = core.read({ type: 'exists', path: treePath });
    if (typeof result !== 'number') return isFound(result);
    core.abandon(result);
    return false;
  }

  /** The node that a namespace stands on is made by the first write in it, which follows behind. */
  protected ensureRoot(): void {
    const { prefix } = this.place;
    if (prefix === '') return;
    const root = this.source.current.readNow({ type: 'exists', path: prefix });
    if (root !== undefined && isFound(root)) return;
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
}

function isFound(result: ReadResult): boolean {
  return result.type === 'exists' && result.stat !== undefined;
}
