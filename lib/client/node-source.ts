/** Where the states of `watch` and `watchChildren` come from. */
import type { QuorateError } from '../base/errors.ts';
import type { ReadResult } from '../replica/read.ts';
import type { SessionSource } from './client-core.ts';
import { type Cursor, type OpenSource, SAME, type StateSource } from './cursor.ts';
import type { Failure } from './failure.ts';
import { type Identity, identityOfData, type NodeAspect } from './node-aspect.ts';
import type { Aspect, Newest, NodeWatcher } from './session-watches.ts';

/** Opens the states of one aspect of one node, across sessions unless the source is pinned to one. */
export function openNode<T>(source: SessionSource, node: NodeAspect<T>): OpenSource<T> {
  return (cursor) => new NodeSource(source, node, cursor);
}

class NodeSource<T> implements StateSource<T>, NodeWatcher {
  readonly aspect: Aspect;
  readonly #source: SessionSource;
  readonly #node: NodeAspect<T>;
  readonly #cursor: Cursor<T>;
  #isOpen = true;
  /** The watch stands in the present session, which by then is known as what the one before was. */
  #stands = false;
  #zxid = 0n;
  /** Identity of the state that was given last. */
  #given: Identity | undefined;
  /** What the tree has now, while the watch tells of it. */
  #newest: Newest | undefined;

  constructor(source: SessionSource, node: NodeAspect<T>, cursor: Cursor<T>) {
    this.aspect = node.aspect;
    this.#source = source;
    this.#node = node;
    this.#cursor = cursor;
    this.#enter();
  }

  get zxid(): bigint {
    return this.#zxid;
  }

  take(): T | typeof SAME {
    // Another watch of the session may tell of the node before: that would be ahead of own writes.
    if (!this.#stands) return SAME;
    const newest = this.#newest;
    if (newest === undefined || this.#node.shared === undefined) return this.#read();
    const { node, zxid } = newest;
    return this.#isNew(identityOfData(node), zxid) ? this.#node.shared(node) : SAME;
  }

  close(): void {
    this.#isOpen = false;
    this.#source.current.watches.nodes.remove(this.#node.path, this);
  }

  registered(): void {
    this.#stands = true;
    this.#cursor.changed();
  }

  changed(newest: Newest | undefined): void {
    this.#newest = newest;
    this.#cursor.changed();
    this.#newest = undefined;
  }

  failed(failure: Failure): void {
    this.#cursor.end(this.#node.failure(failure));
  }

  sessionEnded(cause: QuorateError): void {
    if (!this.#isOpen) return;
    this.#stands = false;
    if (this.#source.current.end === undefined) this.#enter();
    else this.#cursor.end(cause);
  }

  /** What was missed between two sessions is in the state that is read when the watch stands again. */
  #enter(): void {
    const { current } = this.#source;
    if (current.end === undefined) current.watches.nodes.add(this.#node.path, this);
    else this.#cursor.end(current.refusal);
  }

  /**
   * Reads what this peer has applied, whatever is known of the group: the watch has told of a change
   * that is applied, and nothing that is in the tree is ever taken back.
   */
  #read(): T | typeof SAME {
    const result = this.#source.current.readNow(this.#node.operation);
    if (result === undefined) {
      // Something else is about to be delivered: the state is read behind it.
      this.#source.peer.afterTurn(() => this.#cursor.changed());
      return SAME;
    }
    // The end of the session is on its way, and will be told by itself.
    if (isEnd(result)) return SAME;
    const { zxid } = this.#source.peer;
    return this.#isNew(this.#node.identity(result), zxid) ? this.#node.state(result) : SAME;
  }

  /** Whether it is not the state that was given last; then it is from now on. */
  #isNew(identity: Identity, zxid: bigint): boolean {
    if (identity === this.#given) return false;
    this.#given = identity;
    this.#zxid = zxid;
    return true;
  }
}

function isEnd(result: ReadResult): boolean {
  return result.type === 'error' && (result.code === 'CLOSED' || result.code === 'SESSION_EXPIRED');
}
